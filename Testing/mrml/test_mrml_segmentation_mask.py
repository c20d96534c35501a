"""Masks from segmentations as 3D Slicer writes them."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from temporal_interp.data.geometry import Geometry
from temporal_interp.io import read_mask

SHAPE = (3, 8, 10)
FIRST, SECOND = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
FIRST[1, 2:5, 3:6] = 1
SECOND[1:3, 4:7, 5:8] = 1


def save_segmentation(path, *segments):
    """Write segments, (K, J, I), with Slicer; it keeps only the part of the grid that has labels."""
    node, storage = slicer.vtkMRMLSegmentationNode(), slicer.vtkMRMLSegmentationStorageNode()
    scene = slicer.vtkMRMLScene()
    scene.AddNode(node)
    for number, array in enumerate(segments):
        image = slicer.vtkOrientedImageData()
        image.SetDimensions(*array.shape[::-1])
        image.SetSpacing(1.5, 1.5, 8)
        image.SetOrigin(1, 2, 3)
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        vtk_to_numpy(image.GetPointData().GetScalars())[:] = array.ravel()
        segment = slicer.vtkSegment()
        segment.SetName(f"segment {number}")
        segment.AddRepresentation("Binary labelmap", image)
        node.GetSegmentation().AddSegment(segment)
    storage.SetFileName(str(path))
    assert storage.WriteData(node)


RAS_GRID = Geometry(SHAPE, (1.5, 1.5, 8), (-1, -2, 3), ((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
"""The grid of `save_segmentation`, in LPS."""


@pytest.mark.parametrize("segments", [[FIRST], [FIRST, SECOND], [FIRST, SECOND, FIRST], [FIRST, np.roll(FIRST, 4, 2)]])
def test_all_segments_of_slicer_count(segments, tmp_path):
    save_segmentation(tmp_path / "a.seg.nrrd", *segments)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.seg.nrrd", RAS_GRID), np.any(segments, axis=0))


def test_overlapping_segments_are_kept_in_layers(tmp_path):
    """Without layers the test above would not test them."""
    save_segmentation(tmp_path / "a.seg.nrrd", FIRST, SECOND)
    assert sitk.ReadImage(str(tmp_path / "a.seg.nrrd")).GetNumberOfComponentsPerPixel() == 2
