"""A moving volume on the grid of a fixed one: where it lies, and what it does not cover."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume, resample
from temporal_interp.registration.moving_volume import sample_onto

OBLIQUE = Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix()
GRID = Geometry((10, 12, 14), (1.5, 1.2, 2.0), (4.0, -7.0, 2.0), tuple(map(tuple, OBLIQUE)))


def ramp(geometry, dtype=np.float32):
    indices = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), -1)[..., ::-1]
    points = indices @ geometry.voxel_to_physical.T + geometry.origin
    return Volume((100 + points @ np.array([3.0, -2.0, 5.0])).astype(dtype), geometry)


def test_on_its_own_grid_it_is_the_volume_itself():
    volume = ramp(GRID)
    sampled = sample_onto(volume, GRID)
    assert sampled.volume is volume
    assert sampled.covered.all()


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_on_another_grid_every_voxel_is_read_at_its_own_point(dtype):
    volume = ramp(GRID, dtype)
    inner = Geometry((4, 5, 6), (1.0, 1.1, 1.3), tuple(GRID.physical_point((4, 4, 4))))
    sampled = sample_onto(volume, inner)
    assert sampled.covered.all()
    assert sampled.volume.array.dtype == dtype
    tolerance = 1 if dtype == "int16" else 1e-3
    np.testing.assert_allclose(sampled.volume.array, resample(volume, inner).array, atol=tolerance)


def test_it_reaches_half_a_voxel_beyond_the_centres_of_its_voxels():
    row = Volume(np.array([[[5.0, 6.0, 7.0]]]), Geometry((1, 1, 3), (2.0, 1.0, 1.0)))
    fine = Geometry((1, 1, 14), (0.5, 1.0, 1.0), (-1.25, 0.0, 0.0))
    assert sample_onto(row, fine).covered.ravel().tolist() == [False] + [True] * 12 + [False]


def test_a_displacement_out_of_it_finds_its_background():
    ct = Volume(np.full((2, 6, 8), -1000, np.int16), Geometry((2, 6, 8)))
    ct.array[:, 2:, 2:] = 40
    shift = torch.tensor([0.0, 0.0, 3.0]).view(1, 3, 1, 1, 1).expand(1, 3, 2, 6, 8)
    sampled = sample_onto(ct, ct.geometry, shift)
    np.testing.assert_array_equal(sampled.volume.array[..., :5], ct.array[..., 3:])
    assert (sampled.volume.array[..., 5:] == -1000).all()
    assert sampled.covered[..., :5].all()
    assert not sampled.covered[..., 5:].any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_it_does_not_show_within_is_nan_and_beyond_it_background(value):
    volume = Volume(np.zeros((1, 6, 8), np.float32), Geometry((1, 6, 8)))
    volume.array[0, 2:, 2:] = 3.0
    volume.array[0, 3, 4] = value
    shifted = sample_onto(volume, Geometry((1, 6, 8), origin=(2.0, 0.0, 0.0)))
    assert np.isnan(shifted.volume.array[0, 3, 2])
    assert not shifted.covered[0, 3, 2]
    assert (shifted.volume.array[..., 6:] == 0).all()
    assert np.isnan(shifted.volume.array).sum() == 1
