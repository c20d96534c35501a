"""Displacement fields in mm, with the Jacobian of their voxels."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.tensors import slabs
from temporal_interp.tensors.spatial import fold_rate, jacobian_determinant, resize_field

OBLIQUE = Rotation.from_euler("xyz", (30, 20, -45), degrees=True).as_matrix()


def linear_in_mm(geometry, matrix):
    """Return the displacement u(x) = M x at every voxel, (K, J, I, 3) in mm."""
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), -1)
    points = indices[..., ::-1] @ geometry.voxel_to_physical.T + geometry.origin
    return points @ np.asarray(matrix).T


def in_voxels(displacement, geometry):
    inverse = np.linalg.inv(geometry.voxel_to_physical)
    return torch.from_numpy((displacement @ inverse.T)[..., ::-1].copy()).float().permute(3, 0, 1, 2).unsqueeze(0)


def test_a_linear_motion_in_mm_has_its_vectors_and_determinant_on_an_oblique_grid():
    geometry = Geometry((5, 6, 7), (0.7, 1.1, 6.0), (3.0, -8.0, 12.0), OBLIQUE)
    matrix = np.array([[0.05, -0.1, 0.02], [0.08, -0.03, 0.0], [0.1, 0.02, 0.04]])
    expected = linear_in_mm(geometry, matrix)
    field = DisplacementField.from_voxels(in_voxels(expected, geometry), geometry)
    assert field.array.dtype == field.jacobian.dtype == np.float32
    np.testing.assert_allclose(field.array, expected, atol=1e-4)
    # the determinant has no unit: voxels of any shape and direction measure the same change of volume
    np.testing.assert_allclose(field.jacobian, np.linalg.det(np.eye(3) + matrix), atol=1e-4)


def test_a_coarse_constant_field_is_the_same_mm_on_the_finer_grid():
    geometry = Geometry((4, 10, 12), (2.0, 3.0, 5.0))
    coarse = torch.ones(1, 3, 4, 5, 4)  # voxels of 6 mm along I, 6 mm along J, 5 mm along K
    field = DisplacementField.from_voxels(coarse, geometry)
    np.testing.assert_allclose(field.array, np.broadcast_to([6.0, 6.0, 5.0], (4, 10, 12, 3)), atol=1e-5)
    np.testing.assert_allclose(field.jacobian, 1.0, atol=1e-5)


@pytest.mark.parametrize("voxels", [1, 8 * 9 * 3])
def test_slabs_leave_no_trace_in_vectors_and_jacobian(monkeypatch, voxels):
    geometry = Geometry((7, 8, 9), (0.7, 1.1, 6.0), (3.0, -8.0, 12.0), OBLIQUE)
    coarse = torch.randn(1, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    whole = DisplacementField.from_voxels(coarse, geometry)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", voxels)
    parts = DisplacementField.from_voxels(coarse, geometry)
    np.testing.assert_array_equal(parts.array, whole.array)
    np.testing.assert_array_equal(parts.jacobian, whole.jacobian)
    expected = jacobian_determinant(resize_field(coarse, geometry.shape))[0]
    np.testing.assert_allclose(whole.jacobian, expected, atol=2e-5)


def test_a_single_slice_has_a_jacobian():
    field = DisplacementField.from_voxels(torch.zeros(1, 3, 1, 4, 4), Geometry((1, 8, 8)))
    np.testing.assert_array_equal(field.jacobian, 1)


def test_fold_rate_counts_zero_and_less():
    jacobian = np.array([[[1.0, 0.0, -0.5, 2.0]]], np.float32)
    assert DisplacementField(np.zeros((1, 1, 4, 3), np.float32), jacobian, Geometry((1, 1, 4))).fold_rate == 0.5


def test_fold_rate_of_a_folding_field_is_that_of_its_voxels():
    displacement = 3 * torch.randn(1, 3, 5, 6, 7, generator=torch.Generator().manual_seed(0))
    field = DisplacementField.from_voxels(displacement, Geometry((5, 6, 7), (0.7, 1.1, 6.0), direction=OBLIQUE))
    assert 0.2 < field.fold_rate < 0.8
    assert field.fold_rate == pytest.approx(fold_rate(displacement))
