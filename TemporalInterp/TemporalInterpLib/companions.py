"""Sequences that go with an interpolated one, item by item: displacement fields and their Jacobian determinants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

import numpy as np
import slicer
import vtk

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.frame import Frame
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PREFIX
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_conversion import add_item, format_index_value, new_sequence_like, set_attributes
from TemporalInterpLib.transform_conversion import displacement_grid, grid_transform
from TemporalInterpLib.volume_conversion import copy_place, set_voxels

KIND_KEY = PREFIX + "Companion"
"""Attribute of a companion sequence that says which kind it is, and that it is ours."""

FRAMES_ROLE = PREFIX + "Frames"
"""Role of a companion sequence's reference to the sequence of frames it was made with."""


class Companion(Enum):
    """Optional results in addition to the frames; the values are shown to the user and kept in files.

    The fields of a synthetic frame are the engine's resampling fields between that frame and the acquired frame before
    ("first") or after ("last") it, as transforms from parent: that acquired frame's volume under the transform shows
    the synthetic frame. Between two chosen phases, the field at the far phase spans the whole gap. In a whole sequence
    an acquired frame ends one gap and begins the next: there the field is zero and the Jacobian determinant 1. Thus
    every item has the same grid and a sequence is saved as one file.
    """

    DISPLACEMENT_FIRST_TO_T = "displacement first to t"
    DISPLACEMENT_LAST_TO_T = "displacement last to t"
    JACOBIAN_FIRST_TO_T = "Jacobian first to t"
    JACOBIAN_LAST_TO_T = "Jacobian last to t"

    @property
    def title(self) -> str:
        """What the names of its nodes begin with."""
        return {
            Companion.DISPLACEMENT_FIRST_TO_T: "Motion",
            Companion.DISPLACEMENT_LAST_TO_T: "Motion from after",
            Companion.JACOBIAN_FIRST_TO_T: "Jacobian",
            Companion.JACOBIAN_LAST_TO_T: "Jacobian from after",
        }[self]

    @property
    def is_transform(self) -> bool:
        """Whether the items are grid transforms; otherwise they are scalar volumes."""
        return self in (Companion.DISPLACEMENT_FIRST_TO_T, Companion.DISPLACEMENT_LAST_TO_T)

    def field_of(self, frame: Frame) -> DisplacementField | None:
        """Return the field of a frame that this companion shows."""
        first = self in (Companion.DISPLACEMENT_FIRST_TO_T, Companion.JACOBIAN_FIRST_TO_T)
        return frame.displacement_first_to_t if first else frame.displacement_last_to_t


class CompanionWriter:
    """Fills companion sequences, outside the scene, while an engine delivers frames.

    Attributes:
        sequences: the companion sequence of every requested kind.

    Args:
        kinds: which companions to make.
        source: the acquired sequence, whose index and voxel grid they share.
        geometry: that voxel grid.
        title: of the interpolated sequence, with which their names end.
        engine_name: named in the error.
    """

    def __init__(
        self,
        kinds: Iterable[Companion],
        source: slicer.vtkMRMLSequenceNode,
        geometry: Geometry,
        title: str,
        engine_name: str,
    ) -> None:
        wanted = set(kinds)
        self.sequences = {
            kind: new_sequence_like(source, f"{kind.title} {title}") for kind in Companion if kind in wanted
        }
        self._template = source.GetNthDataNode(0)
        self._geometry = geometry
        self._engine_name = engine_name
        self._no_motion: vtk.vtkImageData | None = None

    def add_frame(self, frame: Frame) -> None:
        """Store the fields of a frame.

        Raises:
            InvalidInputError: the engine gives no such field.
        """
        for kind, sequence_node in self.sequences.items():
            field = kind.field_of(frame)
            if field is None:
                raise InvalidInputError(
                    f"Engine '{self._engine_name}' gives no {kind.value}: it estimates no motion. Request only the "
                    "frames, or choose another engine."
                )
            if kind.is_transform:
                self._add_transform(sequence_node, frame.time, displacement_grid(field.array, self._geometry))
            else:
                self._add_map(sequence_node, frame.time, field.jacobian)

    def complete(self, index_value: float) -> None:
        """Store a zero field, whose Jacobian determinant is 1, where the engine gave none: at an acquired frame."""
        for kind, sequence_node in self.sequences.items():
            if sequence_node.GetDataNodeAtValue(format_index_value(index_value)) is not None:
                continue
            if kind.is_transform:
                if self._no_motion is None:  # one grid serves all: a sequence has many acquired frames
                    self._no_motion = displacement_grid(np.zeros((*self._geometry.shape, 3)), self._geometry)
                self._add_transform(sequence_node, index_value, self._no_motion)
            else:
                self._add_map(sequence_node, index_value, np.ones(self._geometry.shape))

    def mark(self, index_value: float, attributes: Mapping[str, str]) -> None:
        """Add the attributes of a synthetic frame to its fields."""
        for sequence_node in self.sequences.values():
            set_attributes(sequence_node.GetDataNodeAtValue(format_index_value(index_value)), attributes)

    def _add_transform(self, sequence_node: slicer.vtkMRMLSequenceNode, value: float, grid: vtk.vtkImageData) -> None:
        # not vtkMRMLGridTransformNode: Slicer reads transform sequences back as this class, and would replace proxies
        item = add_item(sequence_node, slicer.vtkMRMLTransformNode(), sequence_node.GetName(), value)
        item.SetAndObserveTransformFromParent(grid_transform(grid, self._geometry))

    def _add_map(self, sequence_node: slicer.vtkMRMLSequenceNode, value: float, jacobian: np.ndarray) -> None:
        item = add_item(sequence_node, slicer.vtkMRMLScalarVolumeNode(), sequence_node.GetName(), value)
        set_voxels(item, jacobian, vtk.VTK_FLOAT)
        copy_place(item, self._template)


def mark_companion(
    companion: slicer.vtkMRMLSequenceNode, kind: Companion, frames_node: slicer.vtkMRMLSequenceNode
) -> None:
    """Mark a sequence in the scene as made together with a sequence of frames."""
    companion.SetAttribute(KIND_KEY, kind.value)
    companion.SetAttribute(SHOWS_KEY, kind.title)
    companion.SetNodeReferenceID(FRAMES_ROLE, frames_node.GetID())


def companions_of(
    frames_node: slicer.vtkMRMLSequenceNode, sequence_nodes: Iterable[slicer.vtkMRMLSequenceNode]
) -> list[slicer.vtkMRMLSequenceNode]:
    """Return those of the sequences that were made together with a sequence of frames."""
    return [
        node
        for node in sequence_nodes
        if node.GetAttribute(KIND_KEY) and node.GetNodeReferenceID(FRAMES_ROLE) == frames_node.GetID()
    ]


def companion_of(frames: slicer.vtkMRMLSequenceNode | None, kind: str) -> slicer.vtkMRMLSequenceNode | None:
    """Return the companion of a sequence of frames by the value of its KIND_KEY, None where it has none."""
    if frames is None:
        return None
    companions = companions_of(frames, nodes_of(frames.GetScene(), "vtkMRMLSequenceNode"))
    return next((node for node in companions if node.GetAttribute(KIND_KEY) == kind), None)


def show_companion(proxy: slicer.vtkMRMLDisplayableNode, kind: Companion) -> None:
    """Give the proxy of a companion a display: off for fields, 0.5 to 1.5 for Jacobian determinants.

    Slicer draws an arrow or a grid line every 10 to 15 mm, too coarse for a heart; ours come every fourth voxel along
    the finest axis (our choice).
    """
    if not kind.is_transform:
        proxy.CreateDefaultSequenceDisplayNodes()
        proxy.GetDisplayNode().SetWindowLevelMinMax(0.5, 1.5)
        return
    proxy.CreateDefaultDisplayNodes()
    step = 4 * min(proxy.GetTransformFromParent().GetDisplacementGrid().GetSpacing())
    proxy.GetDisplayNode().SetGlyphSpacingMm(step)
    proxy.GetDisplayNode().SetGridSpacingMm(step)
    proxy.GetDisplayNode().SetVisibility(False)
