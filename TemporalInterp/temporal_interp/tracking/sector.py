"""The part of an ultrasound picture that is the scan.

Around the sector that the probe sees, an ultrasound machine paints a black surround with text and scales, which would
hold tracked tissue in place. Speckle flickers in the sector and the surround is static, so the sector is found from
what changes over time. All thresholds are our choice, made on a cardiac clip as DICOM and as video of four codecs, and
on a 3D sector. If a video is compressed so strongly that blocks of flickering text touch the sector, they become a part
of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull

from temporal_interp.data.field_of_view import field_of_view, outside_as_nan, require_seen
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError

CHANGE = 0.01
"""Share of the range of intensities by which a voxel of the sector changes over time. Noise of lossy compression in a
black surround is less; that around text can be more, but comes in thin strokes."""

STROKE = 1 / 100
"""Share of the picture's shorter side that is the radius of the largest disc that fits into a stroke of text."""

DARK = 0.05
"""Share of the range of intensities up to which a voxel counts as black."""

BLACK_SHARE = 0.75
"""Share of the surround that must be black. The rest is text, scales and buttons."""

STATIC_SHARE = 0.5
"""Share of the surround that must be static: air around a patient in an MR scanner is black too, but noisy."""

SMALLEST_SURROUND = 0.05
"""Share of the picture below which a surround is not worth removing."""


def scan_sector(sequence: Sequence) -> np.ndarray | None:
    """Return the region of the scan in an ultrasound picture with a black surround, or None where there is none.

    The sector is the convex hull of the largest region that changes over time: probes see convex sectors, and parts in
    the shadow of a rib may not flicker.

    Args:
        sequence: two or more frames.

    Returns:
        (K, J, I) bool, True inside. None for one frame, for a picture that does not change, and for pictures of other
        kinds, such as cine MR, where the region outside the hull is not black, or not static, or tiny.

    Voxels that are NaN or infinite in every frame are painted by no machine, and do not count.

    Raises:
        InvalidInputError: a frame shows nothing.
    """
    lowest, highest = _extremes_over_time(sequence)
    seen = np.isfinite(lowest)
    dark, bright = float(lowest[seen].min()), float(highest[seen].max())
    span = highest.astype(np.float64) - lowest
    region = _largest_region(span > CHANGE * (bright - dark))
    if region is None:
        return None
    sector = _convex_hull(region)
    surround = ~sector & seen
    if surround.mean() < SMALLEST_SURROUND:
        return None
    is_black = (highest[surround] <= dark + DARK * (bright - dark)).mean() >= BLACK_SHARE
    is_still = (span[surround] <= _unnoticed_change(sequence)).mean() >= STATIC_SHARE
    return sector if is_black and is_still else None


def without_surround(sequence: Sequence, sector: np.ndarray) -> Sequence:
    """Return the sequence with its lowest intensity everywhere outside the sector; what is no number stays as it is.

    Args:
        sequence: what to clean.
        sector: (K, J, I) bool, as `scan_sector` returns it.

    Raises:
        InvalidInputError: the sector has another shape.
    """
    shape = sequence.volumes[0].geometry.shape
    if sector.shape != shape:
        raise InvalidInputError(f"The sector has shape {sector.shape}, the frames have {shape}.")
    seen = [np.isfinite(volume.array) for volume in sequence.volumes]
    lowest = min(volume.array[where].min() for volume, where in zip(sequence.volumes, seen, strict=True))
    volumes = [
        volume.with_array(np.where(sector | ~where, volume.array, lowest))
        for volume, where in zip(sequence.volumes, seen, strict=True)
    ]
    return replace(sequence, volumes=volumes, notes=[*sequence.notes, "Everything outside the scan was painted black."])


def _extremes_over_time(sequence: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest number that every voxel takes, (K, J, I) each; NaN where it takes none."""
    for number, volume in enumerate(sequence.volumes):
        require_seen(volume, f"Frame {number}")
    frames = (outside_as_nan(volume.array, field_of_view(volume.array)) for volume in sequence.volumes)
    lowest = highest = next(frames)
    for frame in frames:
        lowest, highest = np.fmin(lowest, frame), np.fmax(highest, frame)
    return lowest, highest


def _unnoticed_change(sequence: Sequence) -> int:
    """Return the change up to which a voxel counts as static: one grey level of 8 bits, as video has, else 0."""
    return 1 if sequence.volumes[0].array.dtype.itemsize == 1 else 0


def _largest_region(changes: np.ndarray) -> np.ndarray | None:
    """Return the largest connected part of what changes, thin strokes left out; None where nothing is left."""
    radius = max(1, round(STROKE * min(changes.shape[1:])))
    disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1])[None] <= radius
    parts, count = ndimage.label(ndimage.binary_opening(changes, disc))
    if count == 0:
        return None
    return parts == 1 + np.bincount(parts.ravel())[1:].argmax()


def _convex_hull(region: np.ndarray) -> np.ndarray:
    """Return the voxels whose centres lie in the convex hull of the centres of a region's voxels.

    Every centre is given a little extent, since one slice has no hull in 3D.
    """
    rim = np.argwhere(region & ~ndimage.binary_erosion(region))
    corners = np.concatenate([rim + 0.1 * (np.array(corner) - 0.5) for corner in np.ndindex(2, 2, 2)])
    k, j, i = np.ogrid[tuple(map(slice, region.shape))]
    hull = np.ones(region.shape, dtype=bool)
    for normal_k, normal_j, normal_i, offset in np.unique(ConvexHull(corners).equations.round(9), axis=0):
        hull &= normal_k * k + normal_j * j + (normal_i * i + offset) <= 0
    return hull
