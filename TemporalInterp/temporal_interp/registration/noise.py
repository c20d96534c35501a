"""The noise of two images, estimated from the images alone."""

from __future__ import annotations

import math

import torch

from temporal_interp.tensors.similarity import box_mean

MIN_VARIANCE = 4e-4
"""Interpolation alone changes an image without noise by about as much."""

_WINDOW = 3
_DARK = 0.03
"""Darker neighbourhoods count as background, whose noise differs."""

_WHOLE = 0.999
"""Share of a neighbourhood that is seen from which on it counts: rounding may take some."""

_MEDIAN_OF_SQUARES = 0.455
"""Median of the square of a standard normal variable."""

_SAMPLE_VOXELS = 2_000_000
"""Voxels in the middle of an image that its noise is measured in; more would only take time and memory."""


def noise_variance(first: torch.Tensor, last: torch.Tensor, seen: torch.Tensor | None = None) -> torch.Tensor:
    """Return the variance of the noise in two images, from the median deviation of a voxel from its neighbourhood.

    Most neighbourhoods hold no edge, so edges do not move the median; fine texture counts as noise (our choice).

    Args:
        first: (N, 1, *shape), N problems in 2D or 3D, scaled to [0, 1].
        last: likewise.
        seen: how much of each voxel both images show, likewise from 0 to 1; neighbourhoods that they do not show in
            full do not count. All if None.

    Returns:
        (N, 1, ...) with a one for every axis of the images; `MIN_VARIANCE` where there is less, or no neighbourhood
        counts.
    """
    pair = torch.cat([_middle(first), _middle(last)], dim=1)
    mean = box_mean(pair, _WINDOW)
    # the mean includes the voxel itself
    spread = _variance((pair - mean).square(), mean, seen) / (1 - 1 / _WINDOW ** (first.ndim - 2))
    return spread.nan_to_num(MIN_VARIANCE).clamp(min=MIN_VARIANCE)


def noise_between(first: torch.Tensor, last: torch.Tensor, seen: torch.Tensor | None = None) -> torch.Tensor:
    """Return the variance of what is noise in two images that follow each other, from their median difference.

    Unlike `noise_variance`, texture that both images share is no noise, and neither is noise that they share, as images
    that were reconstructed together do. Motion counts as noise where more than half of the image moves by much.

    Args:
        first: (N, 1, *shape), N problems in 2D or 3D, scaled to [0, 1].
        last: likewise.
        seen: see `noise_variance`.

    Returns:
        (N, 1, ...) with a one for every axis of the images; 0 where nothing counts.
    """
    one, other = _middle(first), _middle(last)
    return _variance((one - other).square() / 2, box_mean((one + other) / 2, _WINDOW), seen).nan_to_num(0.0)


def _variance(squares: torch.Tensor, mean: torch.Tensor, seen: torch.Tensor | None) -> torch.Tensor:
    """Return the variance of a normal variable from its squares, (N, C, *shape), where the image is no background.

    Returns:
        (N, 1, ...) with a one for every axis of the images; NaN where nothing counts.
    """
    squares = squares.masked_fill(mean < _DARK, torch.nan)
    if seen is not None:
        squares = squares.masked_fill(box_mean(_middle(seen), _WINDOW) < _WHOLE, torch.nan)
    variance = squares.flatten(1).nanmedian(1).values / _MEDIAN_OF_SQUARES
    return variance.view(-1, *[1] * (squares.ndim - 1))


def _middle(image: torch.Tensor) -> torch.Tensor:
    shape = image.shape[2:]
    share = min(1.0, (_SAMPLE_VOXELS / math.prod(shape)) ** (1 / len(shape)))
    kept = [math.ceil(n * share) for n in shape]
    return image[:, :, *(slice((n - k) // 2, (n - k) // 2 + k) for n, k in zip(shape, kept, strict=True))]
