"""What the fields of an interpolated sequence show: how far tissue moves, when, and whether the motion folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from temporal_interp.data.provenance import PREFIX
from temporal_interp.errors import Progress, no_progress
from TemporalInterpLib.background import Steps, in_background
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.sequence_conversion import items_of, set_attributes
from TemporalInterpLib.tissue import spacing_across, tissue_level, tissue_of
from TemporalInterpLib.transform_conversion import PADDING
from TemporalInterpLib.volume_conversion import volume_from_node

FAR = 0.995
"""Share of the tissue that moves less than what is called the longest displacement: single voxels err."""


@dataclass(frozen=True)
class DeformationFacts:
    """What is known of the fields from the first phase.

    Attributes:
        longest_mm: longest displacement of tissue.
        item: number of the frame that it is in.
        spacing_mm: distance of arrows that suits the region that moves.
        smallest: the smallest Jacobian determinant of tissue in all frames, 1 keeps volume; NaN where none were made.
        folded: share of the tissue, from 0 to 1, where it is 0 or less, in the frame with the largest share.
        folded_item: number of that frame.
    """

    longest_mm: float
    item: int
    spacing_mm: float
    smallest: float = float("nan")
    folded: float = 0.0
    folded_item: int = 0

    def as_attributes(self) -> dict[str, str]:
        """Return the text attributes of the sequence of fields."""
        return {
            PREFIX + "LongestDisplacementMm": f"{self.longest_mm:.6g}",
            PREFIX + "LongestDisplacementItem": str(self.item),
            PREFIX + "ArrowSpacingMm": f"{self.spacing_mm:.3g}",
            PREFIX + "SmallestJacobian": f"{self.smallest:.6g}",
            PREFIX + "FoldedShare": f"{self.folded:.6g}",
            PREFIX + "FoldedItem": str(self.folded_item),
        }

    @classmethod
    def of(cls, fields: slicer.vtkMRMLSequenceNode) -> DeformationFacts | None:
        """Return what the attributes of a sequence of fields say; None where it was not measured."""
        keys = cls(0, 0, 0).as_attributes()
        texts = [fields.GetAttribute(key) for key in keys]
        if None in texts:
            return None
        longest, item, spacing, smallest, folded, folded_item = texts
        return cls(float(longest), int(item), float(spacing), float(smallest), float(folded), int(folded_item))


def measure_companions(
    frames: slicer.vtkMRMLSequenceNode, companions: Mapping[Companion, slicer.vtkMRMLSequenceNode]
) -> Steps[DeformationFacts | None]:
    """Measure the fields from the first phase in a thread, and keep the facts in attributes of their sequence.

    Args:
        frames: the interpolated sequence.
        companions: those of the same items; nothing is done where the displacement fields are not among them.
    """
    fields = companions.get(Companion.DISPLACEMENT_FIRST_TO_T)
    if fields is None or fields.GetNumberOfDataNodes() == 0:
        return None
    grids = [item.GetTransformFromParent().GetDisplacementGrid() for item in items_of(fields)]
    jacobians = companions.get(Companion.JACOBIAN_FIRST_TO_T)
    maps = [slicer.util.arrayFromVolume(item) for item in items_of(jacobians)] if jacobians is not None else []
    images = [slicer.util.arrayFromVolume(item) for item in items_of(frames)]
    first = volume_from_node(frames.GetNthDataNode(0))
    spacing = grids[0].GetSpacing()
    facts = yield from in_background(
        lambda progress: measure(images, tissue_level(first), map(lengths, grids), maps, spacing, progress)
    )
    set_attributes(fields, facts.as_attributes())
    return facts


def lengths(grid: vtk.vtkImageData) -> np.ndarray:
    """Return the lengths in mm of the displacements of a grid, (K, J, I), without its rings of padding."""
    vectors = vtk_to_numpy(grid.GetPointData().GetScalars()).reshape(*grid.GetDimensions()[::-1], 3)
    inner = slice(PADDING, -PADDING)
    inside = vectors[inner, inner, inner]
    return np.sqrt(np.einsum("kjic,kjic->kji", inside, inside))


def measure(
    images: Iterable[np.ndarray],
    level: float,
    displacements: Iterable[np.ndarray],
    jacobians: Iterable[np.ndarray],
    spacing: tuple[float, float, float],
    progress: Progress = no_progress,
) -> DeformationFacts:
    """Return the facts of fields, given as arrays, (K, J, I), one for every frame.

    Args:
        images: the frames.
        level: from `tissue_level`.
        displacements: their lengths in mm.
        jacobians: determinants; none if there are none.
        spacing: of the voxels in mm, (x, y, z).
        progress: called for every frame; may raise to cancel.
    """
    longest, item, moving = -1.0, 0, np.zeros((1, 1, 1), bool)
    smallest, folded, folded_item = float("nan"), 0.0, 0
    for number, (image, displacement, jacobian) in enumerate(zip_longest(images, displacements, jacobians)):
        progress(0.0, "measuring the motion")
        tissue = tissue_of(image, level)
        tissue = tissue if tissue.any() else np.ones_like(tissue)
        far = float(np.quantile(displacement[tissue], FAR))
        if far > longest:
            longest, item, moving = far, number, tissue & (displacement > far / 2)
        if jacobian is not None:
            inside = jacobian[tissue]
            smallest = float(np.fmin(smallest, inside.min()))  # ignores the NaN that it begins with
            share = float((inside <= 0).mean())
            if share > folded:
                folded, folded_item = share, number
    return DeformationFacts(longest, item, spacing_across(moving, spacing), smallest, folded, folded_item)
