"""Colour to grey, the same for DICOM and video."""

from __future__ import annotations

import numpy as np

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""


def luminance(array: np.ndarray) -> np.ndarray:
    """Return the luminance of (..., 3) red, green and blue, in the same integer type.

    Example:
        >>> int(luminance(np.array([255, 0, 0], dtype=np.uint8)))
        76
    """
    return np.rint(array @ np.array(LUMA, dtype=np.float32)).astype(array.dtype)
