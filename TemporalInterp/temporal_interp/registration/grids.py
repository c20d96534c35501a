"""Grids of different fineness over one extent."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from temporal_interp.tensors.spatial import resize, smooth

SMALLEST_AXIS = 8
"""An axis is not coarsened below this many voxels."""

GROWTH = 2 ** (1 / 3)
"""A grid with too many voxels is coarsened by this step: it halves the voxels of a volume."""


def fitted_shape(
    shape: tuple[int, ...], spacing: tuple[float, ...], problems: int, max_voxels: int
) -> tuple[int, ...]:  # fmt: skip
    """Return the shape of the grid the field is fitted on, over the same extent.

    The voxel grows along the axes where it is smallest until `problems` grids hold at most `max_voxels`: thin stacks
    keep their slices.
    """
    size = min(spacing)
    while True:
        fitted = coarsened_shape(shape, spacing, size)
        if problems * math.prod(fitted) <= max_voxels or max(fitted) <= SMALLEST_AXIS:
            return fitted
        size *= GROWTH


def coarsened_shape(shape: tuple[int, ...], spacing: tuple[float, ...], size: float) -> tuple[int, ...]:
    """Return the shape with voxels of about `size` mm along every axis that is finer than that."""
    return tuple(
        max(min(n, SMALLEST_AXIS), math.ceil(n / max(1.0, size / along) - 1e-6))
        for n, along in zip(shape, spacing, strict=True)
    )  # fmt: skip


def coarsen(image: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the image (N, 1, *) on a coarser grid over the same extent, blurred to its resolution.

    Gaussian and linear interpolation together spread as far as the mean over the coarser voxel: variance
    (r^2 - 1) / 12 for a ratio r, of which linear interpolation does about 0.2.
    """
    halfway = tuple(min(n, 2 * m) for n, m in zip(image.shape[2:], shape, strict=True))
    if math.prod(halfway) * 8 <= math.prod(image.shape[2:]):  # far coarser: plain means do most of it, quickly
        image = functional.interpolate(image, size=halfway, mode="area")
    ratios = [n / m for n, m in zip(image.shape[2:], shape, strict=True)]
    return resize(smooth(image, tuple(math.sqrt(max(0.0, (r * r - 1) / 12 - 0.2)) for r in ratios)), shape)


def spacing_on(grid: tuple[int, ...], shape: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[float, ...]:
    """Return the voxel size in mm of a grid over the same extent as one of `shape` voxels of size `spacing`."""
    return tuple(along * n / m for along, n, m in zip(spacing, shape, grid, strict=True))
