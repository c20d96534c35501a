"""A moving volume seen from the grid of a fixed one, on which it need not lie, and which it need not cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.data.field_of_view import Filling, background, field_of_view
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.volume import Volume
from temporal_interp.tensors.slabs import as_image, points_in_slab, sample_in_plane, slabs
from temporal_interp.tensors.spatial import sample

HALF_VOXEL = 0.5 + 1e-3
"""A volume reaches half a voxel beyond the centres of its outermost voxels; rounding may add a little."""

MOSTLY = 0.5
"""Share of a place that the voxels around it must show."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """A volume on another grid.

    Attributes:
        volume: on the grid, in its own scalar type. Where it has no voxels it is its own `background`, and where they
            are NaN or infinite, NaN.
        covered: (K, J, I) bool, where it shows something.
    """

    volume: Volume
    covered: np.ndarray


def sample_onto(moving: Volume, geometry: Geometry, displacement: torch.Tensor | None = None) -> Sampled:
    """Return a volume on a grid, resampled by a displacement: result(x) = moving(x + displacement(x)), linearly.

    Args:
        moving: on any grid; the physical space is shared.
        geometry: of the result.
        displacement: (1, 3, k, j, i), voxels of its own grid over the extent of `geometry`; none if None.

    Raises:
        InvalidInputError: no voxel is a number.

    Example:
        The third voxel of a CT, and air where there is no CT:

        >>> ct = Volume(np.array([[[-1000, 40, 50]]], np.int16), Geometry((1, 1, 3)))
        >>> sample_onto(ct, Geometry((1, 1, 3), origin=(2.0, 0.0, 0.0))).volume.array.tolist()
        [[[50, -1000, -1000]]]
    """
    if displacement is None:
        if moving.geometry.is_close(geometry):
            seen = field_of_view(moving.array)
            return Sampled(moving, np.ones(moving.array.shape, bool) if seen is None else seen)
        displacement = torch.zeros(1, 3, 1, 1, 1)
    device, seen = displacement.device, field_of_view(moving.array)
    image = as_image(Filling()(moving), device)
    view = None if seen is None else as_image(seen, device)
    to_moving = None if moving.geometry.is_close(geometry) else _voxels_to_voxels(geometry, moving.geometry, device)
    in_plane = to_moving is None and not displacement[:, 0].any()
    limit = torch.tensor(moving.array.shape, dtype=torch.float32, device=device).view(1, 3, 1, 1, 1) - 1 + HALF_VOXEL
    values = np.empty(geometry.shape, np.float32)
    within, covered = np.empty(geometry.shape, bool), np.empty(geometry.shape, bool)
    for slab in slabs(geometry.shape):
        points = points_in_slab(displacement, geometry.shape, slab)
        if to_moving is not None:
            points = (torch.tensordot(to_moving[:, :3], points[0], 1) + to_moving[:, 3].view(3, 1, 1, 1)).unsqueeze(0)
        source = slab if in_plane else None
        values[slab] = _at(points, image, source).cpu()
        within[slab] = ((points >= -HALF_VOXEL) & (points <= limit)).all(dim=1)[0].cpu()
        covered[slab] = within[slab]
        if view is not None:
            covered[slab] &= (_at(points, view, source) >= MOSTLY).cpu().numpy()
    if view is not None:
        values[within & ~covered] = np.nan
    if not within.all():
        values[~within] = background(moving)
    return Sampled(Volume(to_scalar_type(values, moving.array.dtype), geometry), covered)


def _at(points: torch.Tensor, image: torch.Tensor, in_slices: slice | None) -> torch.Tensor:
    """Return an image (1, 1, K, J, I) at points (1, 3, rows, J, I) of anywhere, or of those of its slices alone."""
    return (sample(image, points) if in_slices is None else sample_in_plane(image[:, :, in_slices], points))[0, 0]


def _voxels_to_voxels(grid: Geometry, other: Geometry, device: torch.device) -> torch.Tensor:
    """Return the matrix (3, 4) from voxel indices (K, J, I, 1) of a grid to indices (K, J, I) of another."""
    i_first = np.linalg.inv(other.affine) @ grid.affine
    k_first = i_first[[2, 1, 0]][:, [2, 1, 0, 3]]
    return torch.tensor(k_first, dtype=torch.float32, device=device)
