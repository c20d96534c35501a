"""Colour to grey, the same for DICOM and video."""

from __future__ import annotations

import numpy as np

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""

COLOUR_NOTE = "Colour was turned into luminance."


def luminance(array: np.ndarray) -> np.ndarray:
    """Return the luminance of (..., 3) red, green and blue, in the same integer type."""
    return np.rint(array @ np.array(LUMA, dtype=np.float32)).astype(array.dtype)
