"""Planes across the slices, which show how well the held-out slices were restored."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import uniform_filter

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.slices.add_slices import View
from temporal_interp.slices.classical import Classical, interpolate_slices

AXES = {View.CORONAL: 1, View.SAGITTAL: 2}
"""Axis of (K, J, I) normal to a plane."""

DETAIL_SHARE = 0.5
"""Side of the detail as a share of the plane's shorter side."""

MIN_DETAIL_SLICES = 16
"""A detail has at least this many slices, or all of them."""


@dataclass(frozen=True, eq=False)
class SliceCut:
    """One coronal or sagittal plane, as acquired and as every method synthesises it.

    Only planes are kept: the volumes of ten methods would fill the memory.

    Attributes:
        view: coronal or sagittal.
        index: number of the row J, or of the column I, that the plane is of.
        geometry: of the volume.
        detail: a rectangle in the plane, (slices, columns).
        truth: (K, I) or (K, J), intensities from 0 to 1.
        images: by method, likewise.
    """

    view: View
    index: int
    geometry: Geometry
    detail: tuple[slice, slice]
    truth: np.ndarray
    images: dict[str, np.ndarray] = field(default_factory=dict)

    def of(self, array: np.ndarray) -> np.ndarray:
        """Return a copy of the plane of an array (K, J, I)."""
        return array.take(self.index, AXES[self.view])


def cuts_where_linear_errs(given: Volume, truth: Volume, factor: int) -> tuple[SliceCut, SliceCut]:
    """Return the sagittal and the coronal plane, and the detail in each, where linear interpolation errs most.

    So the choice does not depend on any network.

    Args:
        given: every factor-th slice of the truth.
        truth: intensities from 0 to 1.
        factor: r.
    """
    squares = interpolate_slices(given, factor, Classical.LINEAR).array
    squares -= truth.array
    np.square(squares, out=squares)
    squares[~np.isfinite(squares)] = 0.0
    return _cut(squares, truth, View.SAGITTAL), _cut(squares, truth, View.CORONAL)


def _cut(squares: np.ndarray, truth: Volume, view: View) -> SliceCut:
    geometry, across = truth.geometry, AXES[view]
    along = 3 - across
    index = int(squares.mean((0, along)).argmax())
    plane = squares.take(index, across)
    size = _detail_size(plane.shape, (geometry.spacing_kji[0], geometry.spacing_kji[along]))
    worst = np.unravel_index(uniform_filter(plane, size, mode="constant").argmax(), plane.shape)
    slices, columns = (_around(place, n, whole) for place, n, whole in zip(worst, size, plane.shape, strict=True))
    return SliceCut(view, index, geometry, (slices, columns), truth.array.take(index, across))


def _detail_size(plane: tuple[int, int], spacing: tuple[float, float]) -> tuple[int, int]:
    """Return the number of slices and of columns in the detail, a square in mm where the plane has room for it."""
    shorter = min(count * step for count, step in zip(plane, spacing, strict=True))
    side = max(DETAIL_SHARE * shorter, MIN_DETAIL_SLICES * spacing[0])
    slices, columns = (max(1, min(count, round(side / step))) for count, step in zip(plane, spacing, strict=True))
    return slices, columns


def _around(centre: np.intp | int, size: int, whole: int) -> slice:
    start = min(max(0, int(centre) - size // 2), whole - size)
    return slice(start, start + size)
