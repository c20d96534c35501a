"""Small pictures of sequences, as files that Qt reads from memory: made outside the main thread, without Qt."""

from __future__ import annotations

import numpy as np

SIDE = 72
"""Pixels of the longer side."""

CUT = 1.0
"""Per cent of the darkest and of the brightest pixels that are cut off."""


def thumbnail(
    picture: np.ndarray, pixel_size: tuple[float, float] = (1.0, 1.0), window: tuple[float, float] | None = None
) -> bytes:
    """Return a picture as a small file in the format PGM, of text, in its true proportions.

    Args:
        picture: (row, column).
        pixel_size: distance of rows and of columns, in mm.
        window: level and width; None for the range of the picture itself.

    Example:
        >>> thumbnail(np.array([[0, 10], [20, 30]]))[:12]
        b'P2\\n72 72\\n255'
    """
    rows, columns = picture.shape
    height, width = rows * pixel_size[0], columns * pixel_size[1]
    scale = SIDE / max(height, width)
    shape = max(1, round(scale * height)), max(1, round(scale * width))
    nearest = [((np.arange(n) + 0.5) * full / n).astype(int) for n, full in zip(shape, picture.shape, strict=True)]
    small = picture[np.ix_(*nearest)].astype(float)
    grey = np.rint(255 * np.nan_to_num(_stretched(small, window), nan=0.0, posinf=1.0, neginf=0.0)).astype(int)
    lines = "\n".join(" ".join(map(str, line)) for line in grey)
    return f"P2\n{shape[1]} {shape[0]}\n255\n{lines}\n".encode("ascii")


def _stretched(values: np.ndarray, window: tuple[float, float] | None) -> np.ndarray:
    """Return values from 0 to 1."""
    finite = values[np.isfinite(values)]
    if window is not None:
        low, high = window[0] - window[1] / 2, window[0] + window[1] / 2
    elif finite.size:
        low, high = np.percentile(finite, [CUT, 100 - CUT])
    else:
        low, high = 0.0, 1.0
    return np.clip((values - low) / (high - low if high > low else 1.0), 0, 1)
