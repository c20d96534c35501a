"""Conversion of displacements from voxels, as networks and registrations give them, to physical space."""

from __future__ import annotations

import numpy as np
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.slabs import displacement_in_slab, slabs
from temporal_interp.tensors.spatial import jacobian_determinant


def in_physical_space(displacement: torch.Tensor, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Return a displacement on the voxel grid of `geometry`, (K, J, I, 3) in LPS mm, and its Jacobian determinant.

    Args:
        displacement: (1, 3, k, j, i), channels (K, J, I), voxels of its own grid, over the extent of `geometry`.
        geometry: the grid of the result.
    """
    shape = geometry.shape
    array = np.empty((*shape, 3), np.float32)
    jacobian = np.empty(shape, np.float32)
    for slab in slabs(shape):
        halo = slice(max(0, slab.start - 1), min(shape[0], slab.stop + 1))  # derivatives look one slice further
        inner = slice(slab.start - halo.start, slab.stop - halo.start)
        voxels = displacement_in_slab(displacement, shape, halo)
        jacobian[slab] = jacobian_determinant(voxels)[0, inner].cpu().numpy()
        array[slab] = to_physical(voxels[0, :, inner], geometry)
    return array, jacobian


def to_physical(displacement: torch.Tensor, geometry: Geometry) -> np.ndarray:
    """Return a displacement in mm: (K, J, I, 3) float32, components (x, y, z) in LPS.

    Args:
        displacement: (3, K, J, I) in voxels of `geometry`, channels (K, J, I). For slices treated one by one the K
            channel is zero.
        geometry: the grid of the displacement.

    Raises:
        InvalidInputError: the displacement is not (3, K, J, I).
    """
    if displacement.ndim != 4 or displacement.shape[0] != 3:
        raise InvalidInputError(f"to_physical() needs a displacement (3, K, J, I), got {tuple(displacement.shape)}.")
    voxels = displacement.detach().cpu().numpy()[::-1]
    return np.einsum("xi,ikjl->kjlx", geometry.voxel_to_physical, voxels, optimize=True).astype(np.float32)


def from_physical(displacement: np.ndarray, geometry: Geometry) -> torch.Tensor:
    """Return a displacement in voxels of `geometry`, (3, K, J, I), from (K, J, I, 3) in LPS mm.

    Raises:
        InvalidInputError: the displacement is not (K, J, I, 3).
    """
    if displacement.ndim != 4 or displacement.shape[-1] != 3:
        raise InvalidInputError(f"from_physical() needs a displacement (K, J, I, 3), got {displacement.shape}.")
    inverse = np.linalg.inv(geometry.voxel_to_physical)
    voxels = np.einsum("ix,kjlx->ikjl", inverse, displacement, optimize=True)[::-1]
    return torch.from_numpy(np.ascontiguousarray(voxels, dtype=np.float32))
