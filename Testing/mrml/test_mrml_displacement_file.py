"""Displacement fields in files as 3D Slicer's grid transforms."""

import numpy as np
import pytest
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from noise_sequences import make_noise_sequence
from temporal_interp.errors import UnreadableFileError
from temporal_interp.io import read_displacement, write_displacement


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
def test_slicer_moves_points_by_the_displacement(ending, tmp_path):
    """From-parent, which resamples, in Slicer's RAS."""
    geometry = make_noise_sequence(shape=(3, 4, 5)).volumes[0].geometry
    array = np.random.default_rng(2).normal(0, 2, (3, 4, 5, 3)).astype(np.float32)
    write_displacement(array, geometry, tmp_path / f"d{ending}")
    scene = slicer.vtkMRMLScene()
    node = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    reader = scene.AddNewNodeByClass("vtkMRMLTransformStorageNode")
    reader.SetFileName(str(tmp_path / f"d{ending}"))
    assert reader.ReadData(node)
    to_ras = np.array([-1, -1, 1])
    point = geometry.physical_point((1, 2, 3))
    moved = np.array(node.GetTransformFromParent().TransformPoint(point * to_ras)) * to_ras
    np.testing.assert_allclose(moved - point, array[1, 2, 3], rtol=0, atol=1e-5)
    scene.Clear(0)


@pytest.mark.parametrize("ending", [".nrrd", ".nhdr", ".mha", ".nii.gz", ".h5", ".tfm"])
@pytest.mark.parametrize("way", ["From", "To"])
def test_a_grid_transform_of_slicer_is_read_as_a_field_that_resamples(ending, way, tmp_path):
    vector = np.array([1.5, -2.0, 3.0])
    image = vtk.vtkImageData()
    image.SetDimensions(4, 3, 2)
    image.SetSpacing(1, 2, 3)
    image.SetOrigin(5, 6, 7)
    image.AllocateScalars(vtk.VTK_FLOAT, 3)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = vector
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(image)
    scene = slicer.vtkMRMLScene()
    node = scene.AddNewNodeByClass("vtkMRMLGridTransformNode")
    getattr(node, f"SetAndObserveTransform{way}Parent")(transform)
    storage = scene.AddNewNodeByClass("vtkMRMLTransformStorageNode")
    storage.SetFileName(str(tmp_path / f"t{ending}"))
    written = storage.WriteData(node)
    scene.Clear(0)
    if way == "From":
        field, grid = read_displacement(tmp_path / f"t{ending}")
        np.testing.assert_allclose(field, np.broadcast_to(vector * [-1, -1, 1], (2, 3, 4, 3)))
        np.testing.assert_allclose(grid.origin, (-5, -6, 7))
    elif ending == ".nrrd":
        field, _ = read_displacement(tmp_path / f"t{ending}")
        np.testing.assert_allclose(field, np.broadcast_to(vector * [1, 1, -1], (2, 3, 4, 3)), atol=1e-6)
    elif ending in (".h5", ".tfm"):
        with pytest.raises(UnreadableFileError, match=r"save the transform as \.nrrd"):
            read_displacement(tmp_path / f"t{ending}")
    else:
        assert not written  # Slicer refuses: these formats cannot say which way the vectors point
