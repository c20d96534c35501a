"""What a stack shows where slices are put between its own; see `data.field_of_view`."""

from __future__ import annotations

import numpy as np

from temporal_interp.data.field_of_view import Filling, field_of_view
from temporal_interp.data.volume import Volume

ALONG_SLICES_FIRST = (1e-3, 1.0, 1.0)
"""Distances (K, J, I) by which what a slice does not show is taken from other slices, before its own other places: then
a slice between two, one of which shows a place, is that one there."""


def filled_slices(volume: Volume) -> np.ndarray:
    """Return the voxels (K, J, I), all of them numbers; the very array where they are."""
    return Filling(ALONG_SLICES_FIRST)(volume)


def seen_between(volume: Volume, factor: int) -> np.ndarray | None:
    """Return where the slices around a place show it, ((K - 1) factor + 1, J, I) bool; None where all do.

    Example:
        >>> from temporal_interp.data.geometry import Geometry
        >>> stack = Volume(np.array([1.0, np.nan, np.nan]).reshape(3, 1, 1), Geometry((3, 1, 1)))
        >>> seen_between(stack, 2).ravel().tolist()
        [True, True, False, False, False]
    """
    seen = field_of_view(volume.array)
    if seen is None:
        return None
    place = np.arange((len(seen) - 1) * factor + 1)
    return seen[place // factor] | seen[-(-place // factor)]
