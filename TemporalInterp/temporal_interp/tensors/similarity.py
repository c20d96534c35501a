"""The similarity terms of fits and trainings. Images are (N, C, *shape), fields (N, D, *shape) in voxels."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

NOISE_VARIANCE_FLOOR = 1e-4
"""Variance, on images scaled to [0, 1], below which a window holds noise rather than structure (our choice)."""

LEAST_SEEN = 1e-3
"""Share of a window below which it is not compared."""


def box_mean(image: torch.Tensor, window: int, *, stride: int = 1) -> torch.Tensor:
    """Return the mean of the window of that side around every voxel, or every `stride`-th along each axis from the
    first; at the border, of the part inside the image."""
    pooled = image.flatten(0, -3)  # every slice a 2D image
    for side, steps in (((window, 1), (stride, 1)), ((1, window), (1, stride))):
        pooled = _pool(pooled, side, steps)
    shape: tuple[int, ...] = pooled.shape[-2:]
    if image.ndim == 5:  # avg_pool3d would refuse a stack of fewer slices than the window
        pooled = _pool(pooled.view(-1, image.shape[2], math.prod(shape)), (window, 1), (stride, 1))
        shape = (pooled.shape[-2], *shape)
    return pooled.view(*image.shape[:2], *shape)


def _pool(image: torch.Tensor, side: tuple[int, int], stride: tuple[int, int]) -> torch.Tensor:
    pad = (side[0] // 2, side[1] // 2)
    return functional.avg_pool2d(image, side, stride=stride, padding=pad, count_include_pad=False)


def local_correlation_loss(
    image: torch.Tensor,
    target: torch.Tensor,
    *,
    window: int,
    stride: int = 1,
    noise_variance_floor: float | torch.Tensor = NOISE_VARIANCE_FLOOR,
    weight: torch.Tensor | None = None,
    seen: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return 1 - mean local squared correlation coefficient, 0 where both agree up to local gain and offset.

    Windows of both images with a variance below `noise_variance_floor` count as dissimilar, and give next to no
    gradient. MONAI's LocalNormalizedCrossCorrelationLoss has neither a stride nor a floor for each problem, hence ours.

    Args:
        image: (N, C, *shape).
        target: likewise.
        window: side of the window in voxels, odd.
        stride: distance of the windows in voxels: neighbours overlap, so some can be left out.
        noise_variance_floor: variance below which a window holds noise; one for all, or (N, 1, *) with ones for every
            axis of the image.
        weight: of each voxel in the mean, (1 or N, 1, *shape), not negative; equal weights if None.
        seen: how much of each voxel both images show, see `squared_local_correlation`; all if None.

    Example:
        >>> image = torch.rand(1, 1, 16, 16)
        >>> round(float(local_correlation_loss(2 * image + 1, image, window=5)), 2)
        0.0
    """
    similarity = squared_local_correlation(
        image, target, window=window, stride=stride, noise_variance_floor=noise_variance_floor, seen=seen
    )
    if weight is None:
        return 1 - similarity.mean()
    centres = (slice(None, None, stride),) * (image.ndim - 2)
    weight = weight[(slice(None), slice(None), *centres)].expand_as(similarity)
    return 1 - (similarity * weight).sum() / weight.sum()


def squared_local_correlation(
    image: torch.Tensor,
    target: torch.Tensor,
    *,
    window: int,
    stride: int = 1,
    noise_variance_floor: float | torch.Tensor = NOISE_VARIANCE_FLOOR,
    seen: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the squared correlation coefficient of every window, (N, C, *windows), 1 where both agree up to gain and
    offset; see `local_correlation_loss`.

    With `seen`, (N, 1, *shape) from 0 to 1, a window compares only the voxels that both images show, and counts by
    their share of it: one that shows nothing is dissimilar, like one without structure.
    """
    moments = torch.stack([image, target, image * image, target * target, image * target])
    if seen is not None:
        moments = moments * seen
    means = box_mean(moments.flatten(0, 1), window, stride=stride).unflatten(0, moments.shape[:2])
    if seen is not None:
        share = box_mean(seen, window, stride=stride)
        means = means / share.clamp(min=LEAST_SEEN)
    variance_image = (means[2] - means[0] ** 2).clamp(min=0)
    variance_target = (means[3] - means[1] ** 2).clamp(min=0)
    covariance = means[4] - means[0] * means[1]
    squared = covariance**2 / ((variance_image + noise_variance_floor) * (variance_target + noise_variance_floor))
    return squared if seen is None else share * squared
