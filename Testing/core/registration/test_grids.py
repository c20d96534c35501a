"""Grids of a fit: how coarse they are, and what they hold of an image."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from quick_registrations import FAST
from temporal_interp.registration.grids import coarsen, fitted_shape


def test_a_small_image_is_fitted_as_it_is():
    assert fitted_shape((10, 20, 30), (5.0, 1.0, 1.0), 1, 6000) == (10, 20, 30)


@pytest.mark.parametrize("most", [600_000, 200_000, 40_000])
def test_a_large_image_is_coarsened_where_it_is_finest_and_thin_stacks_keep_their_slices(most):
    shape = fitted_shape((10, 256, 208), (8.0, 1.4, 1.4), 1, most)
    assert np.prod(shape) <= most
    assert shape[0] == 10
    assert shape[1] / shape[2] == pytest.approx(256 / 208)


def test_independent_problems_share_the_voxels():
    settings = replace(FAST, max_voxels=20_000)
    assert fitted_shape((100, 100), (1.0, 1.0), 1, settings.max_voxels) == (100, 100)
    shared = fitted_shape((100, 100), (1.0, 1.0), 8, settings.max_voxels)
    assert 8 * np.prod(shared) <= 20_000
    assert 40 <= shared[0] == shared[1] <= 50


def test_coarsening_stops_at_eight_voxels_an_axis():
    assert fitted_shape((4, 100, 9), (1.0, 1.0, 1.0), 1000, 1) == (4, 8, 8)


@pytest.mark.parametrize("coarse", [(16, 24), (8, 12), (8, 24)])
def test_coarsen_keeps_the_extent_and_drops_what_the_grid_cannot_hold(coarse):
    fine = torch.arange(48.0).expand(2, 1, 32, 48)
    ramp = coarsen(fine, coarse)
    ratio = 48 / coarse[1]
    expected = (torch.arange(float(coarse[1])) + 0.5) * ratio - 0.5  # where the centres lie on the fine grid
    torch.testing.assert_close(ramp[1, 0, 3, 3:-3], expected[3:-3], rtol=0, atol=1e-3)
    checkers = (torch.arange(48) % 2).float().expand(1, 1, 32, 48)
    torch.testing.assert_close(coarsen(checkers, coarse), torch.full((1, 1, *coarse), 0.5), rtol=0, atol=0.05)


def test_coarsen_onto_its_own_grid_changes_nothing():
    image_there = torch.rand(2, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(coarsen(image_there, (4, 6)), image_there)
