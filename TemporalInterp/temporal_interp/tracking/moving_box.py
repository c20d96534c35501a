"""The box around what moves: in a cine, the heart. To track in it takes a fraction of the time.

All thresholds are our choice, made on short-axis and two-chamber cines. The standard deviation over time is high in the
heart, and as high in an artery beside it; but the heart is larger, and lies in all slices of a stack.
"""

from __future__ import annotations

from collections import abc

import numpy as np
from scipy import ndimage

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.tensors.metrics import variation

SMOOTHING_MM = 8.0
"""Standard deviation of a Gaussian, in mm: what changes in a larger region than this counts, not a single vessel."""

EDGE_SHARE = 0.4
"""Share of the peak of the smoothed variation at which the moving part ends."""

REST_PERCENTILE = 10
"""Of the smoothed variation: what noise alone makes, as the quietest part of the image shows it."""

LEAST_CONTRAST = 1.5
"""Where the peak is not this many times the variation at rest, everything moves alike, or nothing does."""

MARGIN_MM = 10.0
"""Room around the moving part."""

Box = tuple[slice, slice, slice]
"""Slices along (K, J, I), each with an explicit start and stop."""


def moving_box(sequence: Sequence) -> Box | None:
    """Return the box around the part of the images that moves most, or None where no part stands out.

    In a stack with gaps between its slices, the box is that of all slices together, and holds all of them.

    Args:
        sequence: two frames or more; voxels that are NaN or infinite do not count.

    Example:
        A bright square whose brightness changes, in the middle of a slice of 100 x 100 mm:

        >>> frames = np.zeros((2, 1, 50, 50))
        >>> frames[1, 0, 20:30, 20:30] = 1.0
        >>> moving_box(Sequence.from_numpy(frames, spacing=(2.0, 2.0, 8.0)))
        (slice(0, 1, None), slice(13, 37, None), slice(13, 37, None))
    """
    geometry = sequence.volumes[0].geometry
    deviation = np.nan_to_num(variation(volume.array for volume in sequence.volumes))
    in_plane = sequence.slices_are_independent
    if in_plane:
        deviation = deviation.mean(axis=0, keepdims=True)
    # not wider than the image, however small the header says that voxels are
    sigma = [min(SMOOTHING_MM / along, n) for along, n in zip(geometry.spacing_kji, geometry.shape, strict=True)]
    smooth = ndimage.gaussian_filter(deviation, [0.0, *sigma[1:]] if in_plane else sigma)
    rest, peak = float(np.percentile(smooth, REST_PERCENTILE)), float(smooth.max())
    if peak <= LEAST_CONTRAST * rest or peak == 0:
        return None
    activity = smooth - rest
    parts, count = ndimage.label(activity >= EDGE_SHARE * activity.max())
    weights = ndimage.sum_labels(activity, parts, range(1, count + 1))
    k, j, i = (
        slice(max(0, part.start - room), min(size, part.stop + room))
        for part, size, room in zip(
            ndimage.find_objects(parts)[int(np.argmax(weights))],
            smooth.shape,
            (round(MARGIN_MM / along) for along in geometry.spacing_kji),
            strict=True,
        )
    )
    return (slice(0, geometry.shape[0]), j, i) if in_plane else (k, j, i)


def mask_of(box: Box, shape: abc.Sequence[int]) -> np.ndarray:
    """Return the voxels of a box as a mask (K, J, I) of a shape."""
    mask = np.zeros(shape, bool)
    mask[box] = True
    return mask


def size_of(box: Box, geometry: Geometry) -> tuple[float, float, float]:
    """Return the size of a box in mm along (I, J, K): width, height and depth."""
    sizes = [(part.stop - part.start) * along for part, along in zip(box, geometry.spacing_kji, strict=True)]
    return sizes[2], sizes[1], sizes[0]
