"""Displacement fields in files as 3D Slicer's grid transforms."""

import numpy as np
import pytest
import slicer

from noise_sequences import make_noise_sequence
from temporal_interp.io import write_displacement


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
