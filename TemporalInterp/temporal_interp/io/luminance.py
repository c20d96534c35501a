"""Colour to grey, the same for DICOM and video."""

from __future__ import annotations

import numpy as np

from temporal_interp.data.scalar_type import to_scalar_type

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""


def luminance(array: np.ndarray) -> np.ndarray:
    """Return the luminance of (..., 3) red, green and blue, in the same integer type.

    Example:
        >>> int(luminance(np.array([255, 0, 0], dtype=np.uint8)))
        76
    """
    precision = np.float32 if array.dtype.itemsize < 4 else np.float64  # 24 bits of mantissa hold 16 bits of colour
    return to_scalar_type(array @ np.array(LUMA, dtype=precision), array.dtype)
