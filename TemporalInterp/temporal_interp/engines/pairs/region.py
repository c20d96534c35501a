"""The region of interest: the box in which two volumes differ, and a soft edge around it."""

from __future__ import annotations

import numpy as np
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.tensors.spatial import smooth

NEIGHBOURHOOD = 3.0
"""mm over which differences are averaged, so that noise does not count."""

MIN_DIFFERENCE = 0.03
"""Share of the intensity range that a smoothed difference must exceed to count, above twice the noise."""

MARGIN = 20.0
"""mm kept around what differs: motion reaches beyond the voxels that it changes."""

MULTIPLE = 16
"""Voxels that the sides of the box are a multiple of, where the image is large enough."""

Box = tuple[slice, slice, slice]
"""Slices along (K, J, I), each with an explicit start and stop."""


def shape_of(box: Box) -> tuple[int, int, int]:
    """Return the number of voxels of a box along each axis."""
    k, j, i = (side.stop - side.start for side in box)
    return k, j, i


def region_of_change(first: np.ndarray, last: np.ndarray, geometry: Geometry) -> Box | None:
    """Return the box (K, J, I) that holds everything that differs between two volumes, or None if nothing does.

    The noise is judged by the median of the differences: most of a medical image does not move. Our choice.

    Args:
        first: (K, J, I), scaled to [0, 1], all of them numbers.
        last: likewise.
        geometry: of both.
    """
    sigma = (0.0, *(NEIGHBOURHOOD / along for along in geometry.spacing_kji[1:]))
    difference = smooth(torch.from_numpy(np.abs(first - last))[None, None], sigma)[0, 0].numpy()
    noise = float(np.median(difference))
    changed = difference > max(MIN_DIFFERENCE, 2 * noise)
    if not changed.any():
        return None
    box = []
    for axis, (size, along) in enumerate(zip(geometry.shape, geometry.spacing_kji, strict=True)):
        hit = np.flatnonzero(changed.any(axis=tuple(a for a in range(3) if a != axis)))
        reach = round(MARGIN / along)
        box.append(_widened(int(hit[0]) - reach, int(hit[-1]) + 1 + reach, size, 1 if axis == 0 else MULTIPLE))
    return box[0], box[1], box[2]


def _widened(start: int, stop: int, size: int, multiple: int) -> slice:
    """Return a slice within 0 to `size` that holds start to stop, its length a multiple where there is room."""
    start, stop = max(0, start), min(size, stop)
    missing = -(stop - start) % multiple
    start = max(0, start - missing // 2)
    stop = min(size, stop + missing - missing // 2)
    return slice(start, stop)


def soft_edge(box: Box, shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> np.ndarray:
    """Return weights (K, J, I of the box), float32, that fall to 0 at the edges of the box inside the image.

    They rise within half the margin. Edges of the box on the border of the image stay 1, as does K: slices at the end
    of a box are compared like the others.
    """
    weights = np.ones([b.stop - b.start for b in box], np.float32)
    for axis in (1, 2):
        inside, size = box[axis], shape[axis]
        position = np.arange(inside.start, inside.stop, dtype=np.float32)
        width = max(1.0, MARGIN / 2 / spacing[axis])
        rise = np.ones_like(position)
        if inside.start > 0:
            rise = np.minimum(rise, (position - inside.start + 0.5) / width)
        if inside.stop < size:
            rise = np.minimum(rise, (inside.stop - position - 0.5) / width)
        weights *= np.clip(rise, 0, 1).reshape([-1 if a == axis else 1 for a in range(3)])
    return weights
