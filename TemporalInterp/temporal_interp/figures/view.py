"""Which part of a volume a figure shows: the slice that moves most, cropped around what moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, gaussian_filter, label

from temporal_interp.interpolation import acquired_only
from temporal_interp.metrics import MOVING_SHARE, moving_region, variation
from temporal_interp.sequences import VolumeSequence
from temporal_interp.volumes import Geometry, IntensityRange

SMOOTHING_MM = 4.0
MARGIN_MM = 14.0
EDGE_SHARE = 0.3
"""The part shown reaches to where the smoothed variation falls below this share of its peak (our choice)."""


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

    def of(self, array: np.ndarray) -> np.ndarray:
        """Return the part of a (K, J, I, ...) array that is shown, (rows, columns, ...)."""
        return array[self.k, self.rows, self.columns]


def view_of_motion(sequence: VolumeSequence) -> View:
    """Return the view of what moves most in the acquired frames: in a heart, the ventricles of one slice.

    The slice is the one with most voxels in the moving region, the rectangle surrounds the region around the peak of
    the variation with a margin; nearly still structures elsewhere stay outside. A still sequence is shown whole, in
    its middle slice.
    """
    acquired = acquired_only(sequence)
    geometry = acquired.volumes[0].geometry
    deviation = variation(v.array for v in acquired.volumes)
    moving = moving_region((v.array for v in acquired.volumes), share=MOVING_SHARE)
    if not moving.any():
        return View(geometry.shape[0] // 2, slice(0, geometry.shape[1]), slice(0, geometry.shape[2]), geometry)
    k = int(moving.sum(axis=(1, 2)).argmax())
    spacing = geometry.spacing_kji[1:]
    smooth = gaussian_filter(deviation[k], [SMOOTHING_MM / s for s in spacing])
    regions, _ = label(smooth >= EDGE_SHARE * smooth.max())
    box = find_objects(regions)[regions.flat[smooth.argmax()] - 1]
    rows, columns = (
        _grown(part, round(MARGIN_MM / s), n) for part, s, n in zip(box, spacing, smooth.shape, strict=True)
    )
    return View(k, rows, columns, geometry)


def _grown(part: slice, margin: int, size: int) -> slice:
    return slice(max(0, part.start - margin), min(size, part.stop + margin))


def display_range(sequence: VolumeSequence) -> IntensityRange:
    """Return the intensities of the acquired frames that are drawn black and white."""
    return IntensityRange.of(acquired_only(sequence).volumes)
