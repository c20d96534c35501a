"""Large volumes a few slices at a time: fields live on a coarser grid, voxels are touched slab by slab."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.cubic import CubicImage
from temporal_interp.tensors.spatial import identity_grid, resize, sample

SLAB_VOXELS = 2_000_000
"""Voxels worked on at once: what bounds the memory."""


def slabs(shape: tuple[int, int, int]) -> Iterator[slice]:
    """Cut the slices of a volume of `shape` into slabs of at most SLAB_VOXELS voxels, at least one slice each."""
    step = max(1, SLAB_VOXELS // (shape[1] * shape[2]))
    for start in range(0, shape[0], step):
        yield slice(start, min(shape[0], start + step))


def as_image(array: np.ndarray, device: torch.device | str) -> torch.Tensor:
    """Return voxels (K, J, I) as a float32 image (1, 1, K, J, I); they are copied."""
    return torch.from_numpy(np.array(array, dtype=np.float32))[None, None].to(device)


def resize_slab(image: torch.Tensor, shape: tuple[int, int, int], slab: slice) -> torch.Tensor:
    """Return the slices `slab` of `spatial.resize(image, shape)`, without making the others.

    Args:
        image: (1, C, k, j, i).
        shape: (K, J, I) of the whole.
        slab: slices of the whole, with explicit start and stop.

    Returns:
        (1, C, stop - start, J, I).
    """
    if tuple(image.shape[2:]) == tuple(shape):
        return image[:, :, slab]
    depth = image.shape[2]
    position = (torch.arange(slab.start, slab.stop, device=image.device) + 0.5) * (depth / shape[0]) - 0.5
    position = position.clamp(0, depth - 1)
    below = position.floor().long()
    share = (position - below).to(image.dtype).view(1, 1, -1, 1, 1)
    slices = torch.lerp(image[:, :, below], image[:, :, (below + 1).clamp(max=depth - 1)], share)
    as_batch = slices[0].transpose(0, 1)  # a 2D resize of every slice
    return resize(as_batch, shape[1:]).transpose(0, 1).unsqueeze(0)


def displacement_in_slab(displacement: torch.Tensor, shape: tuple[int, int, int], slab: slice) -> torch.Tensor:
    """Return the slices `slab` of a displacement on a finer grid, (1, 3, rows, J, I), in voxels of that grid.

    Args:
        displacement: (1, 3, k, j, i), voxels of its own grid, over the same extent.
        shape: (K, J, I) of the finer grid.
        slab: slices of the finer grid.
    """
    if tuple(displacement.shape[2:]) == tuple(shape):
        return displacement[:, :, slab]
    ratio = [new / old for new, old in zip(shape, displacement.shape[2:], strict=True)]
    scale = torch.tensor(ratio, dtype=displacement.dtype, device=displacement.device).view(1, 3, 1, 1, 1)
    return resize_slab(displacement, shape, slab) * scale


def points_in_slab(displacement: torch.Tensor, shape: tuple[int, int, int], slab: slice) -> torch.Tensor:
    """Return the places p + displacement(p) of the slices `slab`, (1, 3, rows, J, I), in voxels of the finer grid.

    Args:
        displacement: as in `displacement_in_slab`.
        shape: likewise.
        slab: likewise.
    """
    points = identity_grid((slab.stop - slab.start, *shape[1:]), displacement)
    points[:, 0] += slab.start
    return points + displacement_in_slab(displacement, shape, slab)


def warp_slab(
    image: torch.Tensor | CubicImage, displacement: torch.Tensor, slab: slice, *, tolerance: float | None = None
) -> torch.Tensor:
    """Return the slices `slab` of `image` warped by a displacement on a coarser grid, (1, 1, rows, J, I).

    Args:
        image: (1, 1, K, J, I), the whole volume: a tensor is interpolated linearly, a `CubicImage` by cubic B-splines.
            One that is sampled in plane is prepared for the slab alone, so that memory stays bounded.
        displacement: (1, 3, k, j, i), voxels of its own grid, over the same extent.
        slab: slices of the result.
        tolerance: as in `CubicImage.sample`; linear interpolation does not use it.

    Raises:
        InvalidInputError: the displacement has a component along K, and the image is sampled in plane.
    """
    slices, rows, columns = image.shape[2:]
    shape = (slices, rows, columns)
    points = points_in_slab(displacement, shape, slab)
    through_plane = bool(displacement[:, 0].any())
    if isinstance(image, CubicImage):
        if image.in_plane and through_plane:
            raise InvalidInputError("warp_slab() got motion along K, and an image that is sampled in plane.")
        return (image.slices(slab) if image.in_plane else image).sample(points, tolerance=tolerance)
    if through_plane:
        return sample(image, points)
    return sample_in_plane(image[:, :, slab], points)


def sample_in_plane(slices: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Sample slices at points of their own planes, from four neighbours instead of eight.

    Args:
        slices: (1, 1, rows, J, I).
        points: (1, 3, rows, J, I), voxel coordinates; their first channel is not used.

    Returns:
        (1, 1, rows, J, I).
    """
    return sample(slices[0].transpose(0, 1), points[0, 1:].transpose(0, 1)).transpose(0, 1)[None]
