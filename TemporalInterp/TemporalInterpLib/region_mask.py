"""The mask of a region, a segmentation or a box that the user has drawn, on the voxel grid of the images."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.fields import voxel_points
from TemporalInterpLib.transform_conversion import transform_between, transformed_points
from TemporalInterpLib.volume_conversion import RAS_TO_LPS, geometry_from_node


def mask_on(
    volume_node: slicer.vtkMRMLVolumeNode,
    region: slicer.vtkMRMLSegmentationNode | slicer.vtkMRMLMarkupsROINode,
    segment_id: str = "",
) -> np.ndarray:
    """Return the voxels of a volume that lie in a region; the parent transforms of both are applied.

    Args:
        volume_node: gives the voxel grid and its place.
        region: a segmentation, or a box.
        segment_id: the segment that counts; all of them if empty.

    Returns:
        (K, J, I) bool with at least one True.

    Raises:
        InvalidInputError: the region is empty, or lies outside the images, or has no such segment.
    """
    if region.IsA("vtkMRMLSegmentationNode"):
        mask = _in_segments(volume_node, region, segment_id)
    else:
        mask = _in_box(volume_node, region)
    if not mask.any():
        raise InvalidInputError(
            f"'{region.GetName()}' marks no voxel of the images: it is empty, or lies outside them. Draw it on "
            "these images."
        )
    return mask


def segments_of(segmentation_node: slicer.vtkMRMLSegmentationNode) -> dict[str, str]:
    """Return the names of the segments, by their identifier, in their order."""
    segmentation = segmentation_node.GetSegmentation()
    ids = [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]
    return {segment_id: segmentation.GetSegment(segment_id).GetName() for segment_id in ids}


def _in_segments(
    volume_node: slicer.vtkMRMLVolumeNode, segmentation_node: slicer.vtkMRMLSegmentationNode, segment_id: str
) -> np.ndarray:
    name, there = segmentation_node.GetName(), segments_of(segmentation_node)
    if not there:
        raise InvalidInputError(f"Segmentation '{name}' has no segments; draw one first.")
    if segment_id and segment_id not in there:
        raise InvalidInputError(f"Segmentation '{name}' no longer has a segment '{segment_id}'; choose another.")
    labels = "Binary labelmap"  # Segmentation::GetBinaryLabelmapRepresentationName, which has another name in 5.10
    if not segmentation_node.GetSegmentation().CreateRepresentation(labels):
        raise InvalidInputError(f"Slicer cannot turn segmentation '{name}' into voxels.")
    ids = vtk.vtkStringArray()
    for wanted in [segment_id] if segment_id else there:
        if _is_drawn(segmentation_node.GetSegmentation().GetSegment(wanted), labels):  # Slicer fails on empty ones
            ids.InsertNextValue(wanted)
    shape = volume_node.GetImageData().GetDimensions()[::-1]
    if ids.GetNumberOfValues() == 0:
        return np.zeros(shape, bool)
    merged = slicer.vtkOrientedImageData()
    slicer.vtkSlicerSegmentationsModuleLogic.GenerateMergedLabelmapInReferenceGeometry(
        segmentation_node, volume_node, ids, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY, merged
    )
    if merged.GetDimensions()[::-1] != shape:  # it lies outside the images
        return np.zeros(shape, bool)
    return vtk_to_numpy(merged.GetPointData().GetScalars()).reshape(shape) != 0


def _is_drawn(segment: slicer.vtkSegment, representation: str) -> bool:
    scalars = segment.GetRepresentation(representation).GetPointData().GetScalars()
    return scalars is not None and bool((vtk_to_numpy(scalars) == segment.GetLabelValue()).any())


def _in_box(volume_node: slicer.vtkMRMLVolumeNode, roi_node: slicer.vtkMRMLMarkupsROINode) -> np.ndarray:
    """Return the voxels in a box; a thick slice counts as soon as the box reaches into it, even if not to its
    middle."""
    if roi_node.GetNumberOfDefinedControlPoints() == 0:
        raise InvalidInputError(f"Box '{roi_node.GetName()}' is not placed yet; draw it in a slice view.")
    geometry = geometry_from_node(volume_node, f"volume '{volume_node.GetName()}'")
    to_world = transform_between(volume_node.GetParentTransformNode(), None)
    world_to_box = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(roi_node.GetObjectToWorldMatrix(), world_to_box)
    to_box = slicer.util.arrayFromVTKMatrix(world_to_box)

    def in_box(points_lps: np.ndarray) -> np.ndarray:
        return transformed_points(points_lps @ RAS_TO_LPS[:3, :3], to_world) @ to_box[:3, :3].T + to_box[:3, 3]

    _, row, column = np.array(geometry.shape) / 2
    slices = in_box(np.stack([geometry.physical_point([k, row, column]) for k in (0, 1)]))
    half_size = (np.array(roi_node.GetSize()) + np.abs(slices[1] - slices[0])) / 2
    inside = np.abs(in_box(voxel_points(geometry).reshape(-1, 3))) <= half_size
    return inside.all(axis=1).reshape(geometry.shape)
