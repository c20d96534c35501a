"""The part of a volume that a figure shows: around the strongest motion, or around what the user marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, gaussian_filter, label

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.tensors.metrics import MOVING_SHARE, moving_region, variation
from temporal_interp.tracking.fields import voxel_index

SMOOTHING_MM = 4.0
MARGIN_MM = 14.0
EDGE_SHARE = 0.3
"""The part shown reaches to where the smoothed variation falls below this share of its peak (our choice)."""
MASK_MARGIN = 0.04
"""Room around a mask, as a share of its longer side: a mask may be a heart or the sector of a scan."""
MARKS_MARGIN_MM = 30.0
"""Room around points and contours: with it, one point in a heart shows much of the heart."""


@dataclass(frozen=True)
class View:
    """A rectangle in one slice.

    Attributes:
        k: number of the slice.
        rows: part of the J axis, in voxels.
        columns: part of the I axis, in voxels.
        geometry: the grid the view is of.
    """

    k: int
    rows: slice
    columns: slice
    geometry: Geometry

    @property
    def pixel_aspect(self) -> float:
        """Height of a pixel over its width."""
        return self.geometry.spacing[1] / self.geometry.spacing[0]

    @property
    def height_over_width(self) -> float:
        """Shape of the rectangle in mm."""
        rows, columns = self.rows.stop - self.rows.start, self.columns.stop - self.columns.start
        return rows * self.pixel_aspect / columns

    @property
    def longer_side_mm(self) -> float:
        """Length of the longer side of the rectangle."""
        spacing_j, spacing_i = self.geometry.spacing_kji[1:]
        return max((self.rows.stop - self.rows.start) * spacing_j, (self.columns.stop - self.columns.start) * spacing_i)

    def of(self, array: np.ndarray) -> np.ndarray:
        """Return the part of a (K, J, I, ...) array that is shown, (rows, columns, ...)."""
        return array[self.k, self.rows, self.columns]

    def places_of(self, points_mm: np.ndarray) -> np.ndarray:
        """Return where (..., 3) LPS points lie in the picture, (..., 2) columns and rows; NaN outside of the slice."""
        i, j, k = np.moveaxis(voxel_index(points_mm, self.geometry), -1, 0)
        places = np.stack([i - self.columns.start, j - self.rows.start], axis=-1)
        return np.where(np.abs(k - self.k)[..., None] <= 0.5, places, np.nan)


def view_of_motion(sequence: Sequence) -> View:
    """Return the view of the strongest motion in the acquired frames: in a heart, the ventricles of one slice.

    The slice is the one with most voxels in the moving region, the rectangle surrounds the region around the peak of
    the variation with a margin; structures elsewhere with little motion stay outside. A sequence without motion is
    shown whole, in its middle slice.
    """
    acquired = sequence.acquired()
    geometry = acquired.volumes[0].geometry
    deviation = np.nan_to_num(variation(v.array for v in acquired.volumes))
    moving = moving_region((v.array for v in acquired.volumes), share=MOVING_SHARE)
    if not moving.any():
        return View(geometry.shape[0] // 2, slice(0, geometry.shape[1]), slice(0, geometry.shape[2]), geometry)
    k = int(moving.sum(axis=(1, 2)).argmax())
    spacing = geometry.spacing_kji[1:]
    # not wider than the image, however small the header says that voxels are
    sigma = [min(SMOOTHING_MM / s, n) for s, n in zip(spacing, deviation[k].shape, strict=True)]
    smooth = gaussian_filter(deviation[k], sigma)
    regions, _ = label(smooth >= EDGE_SHARE * smooth.max())
    box = find_objects(regions)[regions.flat[smooth.argmax()] - 1]
    rows, columns = (
        _grown(part, round(MARGIN_MM / s), n) for part, s, n in zip(box, spacing, smooth.shape, strict=True)
    )
    return View(k, rows, columns, geometry)


def view_of_tracking(sequence: Sequence, *, mask: np.ndarray | None = None, marks_mm: np.ndarray | None = None) -> View:
    """Return the view of the tracked region: the slice of the marks, cropped to the mask.

    Without marks it is the slice where the mask is largest, without a mask a rectangle around the marks, and without
    both the view of the strongest motion.

    Args:
        sequence: the frames.
        mask: (K, J, I) bool, where motion is tracked; an empty one counts as none.
        marks_mm: (..., 3), LPS, points or a contour, in one frame or in all.
    """
    geometry = sequence.volumes[0].geometry
    marks = None if marks_mm is None or marks_mm.size == 0 else voxel_index(marks_mm.reshape(-1, 3), geometry)
    if marks is None:
        if mask is None or not mask.any():
            return view_of_motion(sequence)
        k = int(mask.sum(axis=(1, 2)).argmax())
        return _view_of_mask(mask[k], k, geometry)
    k = int(np.clip(np.rint(np.median(marks[:, 2])), 0, geometry.shape[0] - 1))
    if mask is not None and mask[k].any():
        return _view_of_mask(mask[k], k, geometry)
    return _view_around(marks[:, 1::-1], MARKS_MARGIN_MM, k, geometry)


def _view_of_mask(mask: np.ndarray, k: int, geometry: Geometry) -> View:
    """Return the rectangle around a mask (J, I), with a margin in proportion to its size."""
    box = _view_around(np.argwhere(mask), 0.0, k, geometry)
    return _view_around(np.argwhere(mask), MASK_MARGIN * box.longer_side_mm, k, geometry)


def _view_around(places: np.ndarray, margin_mm: float, k: int, geometry: Geometry) -> View:
    """Return the rectangle around (P, 2) places (J, I) in voxels, with a margin."""
    size = np.array(geometry.shape[1:])
    first, last = (np.clip(np.rint(edge), 0, size - 1).astype(int) for edge in (places.min(axis=0), places.max(axis=0)))
    rows, columns = (
        _grown(slice(int(a), int(b) + 1), round(margin_mm / spacing), n)
        for a, b, spacing, n in zip(first, last, geometry.spacing_kji[1:], geometry.shape[1:], strict=True)
    )
    return View(k, rows, columns, geometry)


def _grown(part: slice, margin: int, size: int) -> slice:
    return slice(max(0, part.start - margin), min(size, part.stop + margin))


def display_range(sequence: Sequence) -> IntensityRange:
    """Return the intensities of the acquired frames that are drawn black and white."""
    return IntensityRange.of(sequence.acquired().volumes)
