"""Regularity of a motion against closed forms, and the folding loss."""

import numpy as np
import pytest
import torch

from temporal_interp.tensors.regularity import bending_energy, diffusion, folding_loss, squared_gradient
from temporal_interp.tensors.spatial import identity_grid


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (6.0, 1.5, 0.75)])
def test_squared_gradient_of_a_linear_motion_is_its_strain_in_mm_per_mm(spacing):
    strain = torch.tensor([[0.1, -0.2, 0.05], [0.0, 0.15, 0.1], [0.3, 0.0, -0.05]])  # rows: component, columns: axis
    mm = torch.tensor(spacing).view(1, 3, 1, 1, 1)
    points = identity_grid((4, 5, 6), torch.zeros(1)) * mm
    voxels = torch.einsum("ab,nb...->na...", strain, points) / mm
    expected = float(strain.square().sum())
    assert float(squared_gradient(voxels, spacing)) == pytest.approx(expected, rel=1e-4)


def test_squared_gradient_passes_over_axes_of_one_voxel():
    field = torch.zeros(1, 3, 1, 4, 5)
    field[:, 2] = torch.arange(5.0)
    assert float(squared_gradient(field, (8.0, 1.0, 1.0))) == pytest.approx(1.0)
    assert float(squared_gradient(torch.ones(1, 3, 1, 1, 1), (1.0, 1.0, 1.0))) == 0.0


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (6.0, 1.5, 0.75)])
def test_bending_energy_of_a_parabolic_motion_is_its_change_of_strain_per_mm(spacing):
    mm = torch.tensor(spacing, dtype=torch.float64).view(1, 3, 1, 1, 1)
    z, y, x = (identity_grid((5, 6, 7), torch.zeros(1, dtype=torch.float64)) * mm).split(1, dim=1)
    linear = 0.1 * z - 0.2 * x + 3.0
    motion = torch.cat([linear, 0.005 * y**2 + linear, 0.02 * z * x], dim=1)  # in mm
    # one second derivative of 0.01, a mixed one of 0.02 in both orders
    assert float(bending_energy(motion / mm, spacing)) == pytest.approx(0.01**2 + 2 * 0.02**2, rel=1e-6)
    assert float(bending_energy(torch.cat([linear] * 3, dim=1) / mm, spacing)) == pytest.approx(0.0, abs=1e-12)


def test_bending_energy_passes_over_axes_that_are_too_short_to_bend():
    field = torch.zeros(1, 3, 1, 2, 5, dtype=torch.float64)
    field[:, 2] = torch.arange(5.0) ** 2
    assert float(bending_energy(field, (8.0, 1.0, 1.0))) == pytest.approx(4.0)
    assert float(bending_energy(torch.ones(1, 3, 1, 1, 1), (1.0, 1.0, 1.0))) == 0.0


def test_folding_loss_is_how_far_the_determinant_is_below_zero():
    points = identity_grid((8, 9), torch.zeros(1))
    assert float(folding_loss(torch.zeros(1, 2, 8, 9))) == 0.0
    assert float(folding_loss(-0.9 * points)) == 0.0
    mirrored = torch.cat([-3 * points[:, :1], torch.zeros_like(points[:, 1:])], dim=1)  # determinant -2 everywhere
    assert float(folding_loss(mirrored)) == pytest.approx(2.0)


def gradient_loss_of_voxelmorph(field):
    """Its `Grad` with the penalty "l2", written out: per axis the mean of all squared differences, then their mean."""
    parts = [(np.diff(field, axis=axis) ** 2).mean() for axis in range(2, field.ndim)]
    return sum(parts) / len(parts)


@pytest.mark.parametrize("shape", [(2, 3, 5, 6, 7), (3, 2, 8, 9)])
def test_diffusion_is_the_gradient_loss_of_voxelmorph(shape):
    field = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    assert float(diffusion(field)) == pytest.approx(gradient_loss_of_voxelmorph(field.numpy()), rel=1e-5)


def test_diffusion_of_a_linear_motion_is_the_mean_of_its_squared_slopes():
    points = identity_grid((4, 5, 6), torch.zeros(1))
    field = torch.cat([2 * points[:, :1], 0 * points[:, 1:2], 3 * points[:, :1] - points[:, 2:]], dim=1)
    # along K the slopes are 2, 0 and 3, along J 0, along I 0, 0 and -1
    assert float(diffusion(field)) == pytest.approx(((4 + 9) / 3 + 0 + 1 / 3) / 3, rel=1e-6)


def test_diffusion_is_a_ninth_of_the_strain_of_cubic_voxels():
    field = torch.randn(1, 3, 6, 6, 6, generator=torch.Generator().manual_seed(1))
    assert float(9 * diffusion(field)) == pytest.approx(float(squared_gradient(field, (2.0, 2.0, 2.0))), rel=1e-5)


def test_diffusion_passes_over_axes_of_one_voxel():
    field = torch.zeros(1, 3, 1, 4, 5)
    field[:, 2] = 3 * torch.arange(5.0)
    assert float(diffusion(field)) == pytest.approx((0 + 9 / 3) / 2)
    assert float(diffusion(torch.ones(1, 3, 1, 1, 1))) == 0.0
