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
    axes = first.ndim - 2
    pair = torch.cat([_middle(first), _middle(last)], dim=1)
    mean = box_mean(pair, _WINDOW)
    departure = (pair - mean).square().masked_fill(mean < _DARK, torch.nan)
    if seen is not None:
        departure = departure.masked_fill(box_mean(_middle(seen), _WINDOW) < _WHOLE, torch.nan)
    # the mean includes the voxel itself
    spread = departure.flatten(1).nanmedian(1).values / _MEDIAN_OF_SQUARES / (1 - 1 / _WINDOW**axes)
    return spread.nan_to_num(MIN_VARIANCE).clamp(min=MIN_VARIANCE).view(-1, *[1] * (axes + 1))


def _middle(image: torch.Tensor) -> torch.Tensor:
    shape = image.shape[2:]
    share = min(1.0, (_SAMPLE_VOXELS / math.prod(shape)) ** (1 / len(shape)))
    kept = [math.ceil(n * share) for n in shape]
    return image[:, :, *(slice((n - k) // 2, (n - k) // 2 + k) for n, k in zip(shape, kept, strict=True))]
