"""Tracked motion in the scene: a sequence of transforms that carry points of a reference phase to every phase.

Tissue at X in the reference phase is at X + u(X) in the phase shown. Markups and models under the proxy of such a
sequence follow the tissue as the browser plays. The transform is one *to* parent, as points need it; the fields that go
with interpolated frames resample images, and are transforms from parent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

import temporal_interp
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_conversion import items_of
from TemporalInterpLib.transform_conversion import PADDING, displacement_grid, grid_transform
from TemporalInterpLib.volume_conversion import RAS_TO_LPS

DIRECTION_KEY = PREFIX + "FieldDirection"
"""Attribute of a tracked motion, of every item and of the proxy: its direction; it also marks it as ours."""

DIRECTION = "tissue at x in the reference frame is at x + v in this frame"
"""As `temporal_interp.io.field_sequence.FieldDirection.FROM_REFERENCE`, which cannot be imported without pynrrd."""


SOURCE_ROLE = PREFIX + "TrackedSequence"
"""Role of a tracked motion's reference to the sequence that was tracked."""

HELD = 1
"""Rings of voxels that repeat the edge of a field, within the rings of zeros: points are often placed slightly off
the plane of a slice, and the outer half of the outermost voxels belongs to the image, too."""


@dataclass(frozen=True)
class TrackingFacts:
    """Facts about a tracked motion, kept in the attributes of its nodes.

    Attributes:
        sequence_name: of the sequence that was tracked.
        reference: index value of the reference phase.
        whole_beat: whether the frames were taken to cover one whole beat.
        settings: of the tracking, in one line, "" for the defaults.
        forward_backward_mm: error of tissue followed there and back, mean of the worst frame.
        closing_mm: error once round the beat, before it was removed; NaN where the beat is not whole.
    """

    sequence_name: str
    reference: float
    whole_beat: bool
    settings: str
    forward_backward_mm: float
    closing_mm: float

    def as_attributes(self) -> dict[str, str]:
        """Return the text attributes of the nodes."""
        values = {
            "FieldDirection": DIRECTION,
            "FieldEstimated": "true, from images",
            "TrackedSequenceName": self.sequence_name,
            "ReferenceIndexValue": f"{self.reference:.15g}",
            "WholeBeat": str(self.whole_beat).lower(),
            "TrackingSettings": self.settings or "defaults",
            "ForwardBackwardErrorMm": f"{self.forward_backward_mm:.4g}",
            "ClosingErrorMm": "" if math.isnan(self.closing_mm) else f"{self.closing_mm:.4g}",
            "ProgramVersion": temporal_interp.__version__,
        }
        return {PREFIX + key: value for key, value in values.items() if value}

    @classmethod
    def of(cls, motion: slicer.vtkMRMLSequenceNode) -> TrackingFacts:
        """Return the facts in the attributes of a tracked motion."""

        def attribute(key: str) -> str:
            return motion.GetAttribute(PREFIX + key) or ""

        return cls(
            sequence_name=attribute("TrackedSequenceName"),
            reference=float(attribute("ReferenceIndexValue")),
            whole_beat=attribute("WholeBeat") == "true",
            settings=attribute("TrackingSettings"),
            forward_backward_mm=float(attribute("ForwardBackwardErrorMm")),
            closing_mm=float(attribute("ClosingErrorMm") or "nan"),
        )


def is_motion(node: slicer.vtkMRMLNode | None) -> bool:
    """Tell whether a node is a tracked motion, or its proxy."""
    return node is not None and node.GetAttribute(DIRECTION_KEY) == DIRECTION


def motions_of(sequence_node: slicer.vtkMRMLSequenceNode | None) -> list[slicer.vtkMRMLSequenceNode]:
    """Return the tracked motions of a sequence, the latest last."""
    if sequence_node is None:
        return []
    return [
        node
        for node in nodes_of(sequence_node.GetScene(), "vtkMRMLSequenceNode")
        if is_motion(node) and node.GetNodeReferenceID(SOURCE_ROLE) == sequence_node.GetID()
    ]


def point_transform(displacement: np.ndarray, geometry: Geometry) -> slicer.vtkOrientedGridTransform:
    """Return the transform X -> X + displacement(X) of points in RAS; set it as a transform node's transform to parent.

    Args:
        displacement: (K, J, I, 3), components (x, y, z) in LPS mm.
        geometry: its voxel grid.
    """
    ring = (HELD, HELD)
    held = np.pad(displacement, [ring, ring, ring, (0, 0)], mode="edge")
    grown = Geometry(held.shape[:3], geometry.spacing, geometry.physical_point([-HELD] * 3), geometry.direction)
    return grid_transform(displacement_grid(held, grown), grown)


def displacements_in(motion: slicer.vtkMRMLSequenceNode) -> tuple[Sequence[np.ndarray], Geometry]:
    """Return the displacement to every phase, as `point_transform` takes it, and its voxel grid."""
    geometry = _geometry(items_of(motion)[0].GetTransformToParent())
    return [_displacement(grid) for grid in grids_in(motion)], geometry


def grids_in(motion: slicer.vtkMRMLSequenceNode) -> list[vtk.vtkImageData]:
    """Return the grids of RAS vectors, with their rings, of the transforms to all phases."""
    return [item.GetTransformToParent().GetDisplacementGrid() for item in items_of(motion)]


def _displacement(grid: vtk.vtkImageData) -> np.ndarray:
    rings = PADDING + HELD
    vectors = vtk_to_numpy(grid.GetPointData().GetScalars()).reshape(*grid.GetDimensions()[::-1], 3)
    inner = slice(rings, -rings)
    return (vectors[inner, inner, inner] * np.diag(RAS_TO_LPS)[:3]).astype(np.float32)


def _geometry(transform: slicer.vtkOrientedGridTransform) -> Geometry:
    grid, rings = transform.GetDisplacementGrid(), PADDING + HELD
    direction = RAS_TO_LPS[:3, :3] @ slicer.util.arrayFromVTKMatrix(transform.GetGridDirectionMatrix())[:3, :3]
    padded = Geometry(
        grid.GetDimensions()[::-1], grid.GetSpacing(), RAS_TO_LPS[:3, :3] @ np.array(grid.GetOrigin()), direction
    )
    shape = tuple(count - 2 * rings for count in padded.shape)
    return Geometry(shape, padded.spacing, padded.physical_point([rings] * 3), padded.direction)
