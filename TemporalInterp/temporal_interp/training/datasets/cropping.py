"""Where the crop of a sample lies in its subject. All arrays are (K, J, I), all places in voxels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.tensors.metrics import variation
from temporal_interp.training.datasets.subject import Case

Shape = tuple[int, int, int]


def cumulated_motion(case: Case, ranges: Mapping[int, IntensityRange]) -> np.ndarray:
    """Return the running sum over all voxels of how much each voxel changes over the frames that have a range.

    That is its variance over time less the median variance, which is noise.
    """
    return cumulated(
        variation(scale.normalise(case.sequence.volumes[number].array) for number, scale in ranges.items())
    )  # fmt: skip


def cumulated(deviation: np.ndarray) -> np.ndarray:
    """Return `cumulated_motion` of the standard deviation over time of every voxel."""
    moving = np.maximum(deviation**2 - np.median(deviation) ** 2, 0.0).ravel()
    return np.cumsum(moving if moving.any() else np.ones_like(moving))


def moving_start(cumulated: np.ndarray, have: Shape, wanted: Shape, rng: np.random.Generator) -> Shape:
    """Return where a random crop starts that has a moving voxel in its middle half where the border allows it."""
    drawn = rng.random() * cumulated[-1]
    voxel = np.unravel_index(np.searchsorted(cumulated, drawn, side="right"), have)
    k, j, i = (
        _start_around(int(v), size, part, rng) if size > part else centred
        for v, size, part, centred in zip(voxel, have, wanted, centre_start(have, wanted), strict=True)
    )
    return k, j, i


def centre_start(have: Shape, wanted: Shape) -> Shape:
    """Return where a centred crop starts; negative where it is larger. An odd voxel goes to the end, as in CropPad."""
    k, j, i = (int((n - w) / 2) for n, w in zip(have, wanted, strict=True))
    return k, j, i


def _start_around(voxel: int, have: int, wanted: int, rng: np.random.Generator) -> int:
    """Return a random start of `wanted` out of `have` voxels, with `voxel` in their middle half where possible."""
    earliest, latest = np.clip([voxel - 3 * wanted // 4, voxel - wanted // 4], 0, have - wanted)
    return int(rng.integers(earliest, latest + 1))


def cut(array: np.ndarray, start: Shape, shape: Shape, *, border: float = 0.0) -> np.ndarray:
    """Return the part of an array (K, J, I, ...) from `start` on, with `border` beyond the array."""
    part = np.full((*shape, *array.shape[3:]), border, array.dtype)
    inside = [(max(0, s), min(n, s + w)) for s, n, w in zip(start, array.shape, shape, strict=False)]
    target = tuple(slice(a - s, b - s) for (a, b), s in zip(inside, start, strict=True))
    part[target] = array[tuple(slice(a, b) for a, b in inside)]
    return part
