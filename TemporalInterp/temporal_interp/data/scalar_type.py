"""Conversion of real values back to the scalar type of the source."""

from __future__ import annotations

import numpy as np


def to_scalar_type(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return real values in the scalar type of the source: rounded and clipped where that is an integer."""
    if dtype.kind == "f":
        return array.astype(dtype)
    limits = np.iinfo(dtype)
    rounded = np.rint(array)
    highest = rounded.dtype.type(limits.max)
    if float(highest) > limits.max:  # wide integers: the nearest real number is one too many and would wrap
        highest = np.nextafter(highest, rounded.dtype.type(0))
    return np.clip(rounded, limits.min, highest).astype(dtype)
