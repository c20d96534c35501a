"""Fields on small grids, smoothed and resized by products of matrices, axis by axis (our choice).

A velocity has so few points that this is several times quicker than a convolution or an interpolation and their
gradients. The results are those of `temporal_interp.tensors.spatial`, up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from temporal_interp.tensors.spatial import resize, smooth


def gaussian_weights(points: int, sigma: float, device: torch.device) -> torch.Tensor:
    """Return the weights, (to, from), by which `smooth` with that sigma, in points, combines the points of a line."""
    return smooth(_unit_impulses(points, device), (sigma, 0.0)).view(points, points).T.contiguous()


def linear_weights(points: int, onto: int, device: torch.device) -> torch.Tensor:
    """Return the weights, (onto, points), by which `resize` combines the points of a line."""
    return resize(_unit_impulses(points, device), (onto, 1)).view(points, onto).T.contiguous()


def _unit_impulses(points: int, device: torch.device) -> torch.Tensor:
    return torch.eye(points, device=device).view(points, 1, points, 1)


def along_axes(weights: Sequence[torch.Tensor], field: torch.Tensor) -> torch.Tensor:
    """Return a field (N, D, *from) as (N, D, *to), its vectors combined by the weights (to, from) of every axis."""
    *others, last = weights
    field = field @ last.T
    for axis, matrix in enumerate(others, start=2):
        shape = (*field.shape[:axis], matrix.shape[0], *field.shape[axis + 1 :])
        field = (matrix @ field.flatten(axis + 1)).view(shape)
    return field


def resize_small_field(field: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return what `resize_field` returns: (N, D, *shape) over the same extent, in voxels of that grid."""
    sizes = list(zip(field.shape[2:], shape, strict=True))
    in_voxels = field.new_tensor([onto / points for points, onto in sizes]).view(1, -1, *[1] * len(sizes))
    return along_axes([linear_weights(*size, field.device) for size in sizes], field * in_voxels)
