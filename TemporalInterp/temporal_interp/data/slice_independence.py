"""Whether the slices of a stack are independent of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporal_interp.data.geometry import Geometry

APART = 1.5
"""Slices further apart than this many thicknesses are independent: the tissue between them is not imaged."""

APART_UNKNOWN = 8.0
"""Where the thickness is not known, slices further apart than this many in-plane voxels are independent."""


def slices_are_independent(geometry: Geometry, slice_thickness: float | None) -> bool:
    """Tell whether each slice is a 2D problem of its own: a single slice, or slices with gaps (our choice)."""
    apart = geometry.spacing_kji[0]
    if geometry.shape[0] == 1:
        return True
    if slice_thickness is not None:
        return apart > APART * slice_thickness
    return apart > APART_UNKNOWN * min(geometry.spacing_kji[1:])
