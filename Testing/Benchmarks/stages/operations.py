"""Operations of resampling, which `torch.utils.flop_counter` does not know: stated formulae."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch


def sampled(image: tuple[int, ...], result: tuple[int, ...]) -> int:
    """Return the operations of sampling an image (N, C, *) linearly at points, which gives (N, C, *).

    Every one of the 2^D neighbours is a multiplication and an addition for each channel. Its weight, made once for
    all channels, is D - 1 multiplications, and each of the D coordinates takes 3 operations (floor, the remainder, and
    1 less the remainder).
    """
    dimensions = len(image) - 2
    neighbours = 2**dimensions
    points = result[0] * math.prod(result[2:])
    return points * (result[1] * 2 * neighbours + (dimensions - 1) * neighbours + 3 * dimensions)


def resized(image: tuple[int, ...], result: tuple[int, ...]) -> int:
    """Return the operations of resizing an image (N, C, *) linearly to (N, C, *).

    One axis after another is the cheapest way, those that shrink first; each value is a + w (b - a), 3 operations.
    """
    sizes, after = list(image[2:]), result[2:]
    operations = 0
    for axis in sorted(range(len(sizes)), key=lambda a: after[a] / sizes[a]):
        if sizes[axis] != after[axis]:
            sizes[axis] = after[axis]
            operations += 3 * math.prod(result[:2]) * math.prod(sizes)
    return operations


def _sampled(image: tuple[int, ...], *args: Any, out_shape: tuple[int, ...], **kwargs: Any) -> int:
    return sampled(image, out_shape)


def _resized(image: tuple[int, ...], *args: Any, out_shape: tuple[int, ...], **kwargs: Any) -> int:
    return resized(image, out_shape)


_aten = torch.ops.aten
RESAMPLING = {
    **dict.fromkeys((_aten.grid_sampler_2d, _aten.grid_sampler_3d), _sampled),
    **dict.fromkeys((_aten.upsample_bilinear2d, _aten.upsample_trilinear3d), _resized),
    # what is named by its overload is not taken apart before it is counted
    **dict.fromkeys((_aten.upsample_bilinear2d.vec, _aten.upsample_trilinear3d.vec), _resized),
}
"""For `FlopCounterMode(custom_mapping=...)`."""


def by_precision(counted: Mapping[Any, int], precision: str) -> dict[str, int]:
    """Return counted operations by precision: resampling computes in float32, matrix products in that given."""
    resampling = sum(count for operation, count in counted.items() if operation in RESAMPLING)
    result = {precision: sum(counted.values()) - resampling}
    result["float32"] = result.get("float32", 0) + resampling
    return result
