"""How something grows: as a power of its size, or by so much for each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PowerLaw:
    """y = factor * x ** exponent: the straight line through the logarithms, by least squares.

    Attributes:
        exponent: slope of the line; 1 where twice the size takes twice as long.
        factor: y at x = 1.
        r2: share of the variance of log y that the line explains; 1 where it explains all.
    """

    exponent: float
    factor: float
    r2: float


@dataclass(frozen=True)
class StraightLine:
    """y = fixed + each * x, by least squares.

    Attributes:
        fixed: y at x = 0.
        each: what one more costs.
        r2: share of the variance of y that the line explains.
    """

    fixed: float
    each: float
    r2: float


def power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw | None:
    """Return the growth of y, None with fewer than three positive points: two lie on any line."""
    points = [(a, b) for a, b in zip(x, y, strict=True) if a > 0 and b > 0]
    if len({a for a, _ in points}) < 3:
        return None
    line = _line(*np.log(points).T)
    return PowerLaw(line.each, float(np.exp(line.fixed)), line.r2)


def straight_line(x: Sequence[float], y: Sequence[float]) -> StraightLine | None:
    """Return the line through points, None with fewer than three."""
    return _line(np.array(x, float), np.array(y, float)) if len(set(x)) >= 3 else None


def _line(x: np.ndarray, y: np.ndarray) -> StraightLine:
    each, fixed = np.polyfit(x, y, 1)
    left = float(((y - fixed - each * x) ** 2).sum())
    whole = float(((y - y.mean()) ** 2).sum())
    return StraightLine(float(fixed), float(each), 1 - left / whole if whole else 1.0)
