"""Where the slices of a volume with closer slices lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from temporal_interp.data.geometry import Geometry


def closer_slices(geometry: Geometry, factor: int) -> Geometry:
    """Return the grid with factor - 1 slices between every two: slice n of the given grid is slice n factor of it.

    A grid of K slices becomes one of (K - 1) factor + 1; the first and the last slice stay where they are.

    Example:
        >>> closer_slices(Geometry((3, 4, 4), (1.0, 1.0, 6.0)), 2).shape
        (5, 4, 4)
    """
    slices, rows, columns = geometry.shape
    along_i, along_j, along_k = geometry.spacing
    shape = ((slices - 1) * factor + 1, rows, columns)
    return replace(geometry, shape=shape, spacing=(along_i, along_j, along_k / factor))


def further_slices(geometry: Geometry, factor: int) -> Geometry:
    """Return the grid of every factor-th slice, from the first on."""
    slices, rows, columns = geometry.shape
    along_i, along_j, along_k = geometry.spacing
    shape = ((slices - 1) // factor + 1, rows, columns)
    return replace(geometry, shape=shape, spacing=(along_i, along_j, along_k * factor))


def is_acquired(slices: int, factor: int) -> np.ndarray:
    """Return which slices of a grid with closer slices were acquired, (slices,) bool."""
    return np.arange(slices) % factor == 0
