"""A box of voxels as a region in the scene, which the user can change."""

from __future__ import annotations

import numpy as np
import slicer

from temporal_interp.data.geometry import Geometry
from temporal_interp.tracking.moving_box import Box, size_of
from TemporalInterpLib.result_marks import ResultKind, mark_result
from TemporalInterpLib.sequence_browser import SourceView, put_under_same_parent
from TemporalInterpLib.volume_conversion import RAS_TO_LPS


def add_box(
    sequence_node: slicer.vtkMRMLSequenceNode, box: Box, geometry: Geometry
) -> slicer.vtkMRMLMarkupsROINode:  # fmt: skip
    """Add a box of voxels to the scene and return its node.

    Args:
        sequence_node: the box is placed over its images.
        box: of voxels.
        geometry: the voxel grid.
    """
    node = sequence_node.GetScene().AddNewNodeByClass("vtkMRMLMarkupsROINode")
    node.SetName(sequence_node.GetScene().GenerateUniqueName(f"Region of {sequence_node.GetName()}"))
    axes = np.eye(4)
    axes[:3, :3] = RAS_TO_LPS[:3, :3] @ np.asarray(geometry.direction)
    node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(axes))
    node.SetSize(*size_of(box, geometry))
    middle = geometry.physical_point([(part.start + part.stop - 1) / 2 for part in box])
    node.SetCenter(*(RAS_TO_LPS[:3, :3] @ middle))
    put_under_same_parent(node, SourceView.of(sequence_node))
    mark_result(node, ResultKind.REGION, sequence_node)
    return node
