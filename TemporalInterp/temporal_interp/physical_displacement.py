"""The way from a displacement in voxels, as networks and registrations give it, to physical space."""

from __future__ import annotations

import numpy as np
import torch

from temporal_interp.displacement import DisplacementField
from temporal_interp.slabs import displacement_in_slab, slabs
from temporal_interp.spatial import jacobian_determinant, to_physical
from temporal_interp.volumes import Geometry


def displacement_field(displacement: torch.Tensor, geometry: Geometry) -> DisplacementField:
    """Return a displacement on the voxel grid of `geometry`, in mm, with its Jacobian determinant.

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
    return DisplacementField(array, jacobian)
