"""A line drawn in the image: its directions, and points evenly along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.fields import require_points

STRAIN_POINTS = 72
"""Points that a drawn contour is resampled to for strain: every 5 degrees round a ventricle (our choice)."""


@dataclass(frozen=True, eq=False)
class Contour:
    """A polyline; where it is closed, the last point joins the first.

    Attributes:
        points_mm: (P, 3) float64, LPS. Repeated points in a row are kept once, as are the first and last of a closed
            contour if they are the same.
        closed: whether it is a loop.

    Raises:
        InvalidInputError: points are not (P, 3) finite numbers, or fewer than two differ (three in a closed contour).
    """

    points_mm: np.ndarray
    closed: bool

    def __post_init__(self) -> None:
        points = require_points(self.points_mm, "The points of a contour")
        repeated = (points == np.roll(points, 1, axis=0)).all(axis=1)
        if not self.closed:
            repeated[:1] = False
        points = points[~repeated]
        needed = 3 if self.closed else 2
        if len(np.unique(points, axis=0)) < needed:
            raise InvalidInputError(
                f"{'A closed' if self.closed else 'An open'} contour needs at least {needed} different points."
            )
        object.__setattr__(self, "points_mm", points)

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.points_mm)

    def resampled(self, count: int) -> Contour:
        """Return the contour with `count` points evenly along its length, from its first point.

        An open contour keeps both ends; a closed one starts at its first point, which is not repeated at the end.

        Raises:
            InvalidInputError: the count is below 2, or 3 in a closed contour.
        """
        needed = 3 if self.closed else 2
        if count < needed:
            raise InvalidInputError(f"The contour needs at least {needed} points, got {count}.")
        points = np.concatenate([self.points_mm, self.points_mm[:1]]) if self.closed else self.points_mm
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        wanted = np.linspace(0.0, length[-1], count, endpoint=not self.closed)
        return Contour(np.stack([np.interp(wanted, length, points[:, c]) for c in range(3)], axis=-1), self.closed)

    def tangents(self) -> np.ndarray:
        """Return the unit vectors along the contour at its points, (P, 3), in the order of the points.

        Each is the direction from the previous point to the next; at an open end, to or from its only neighbour.

        Raises:
            InvalidInputError: the contour turns back upon itself at a point.
        """
        points = self.points_mm
        if self.closed:
            along = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
        else:
            along = np.concatenate([points[1:2] - points[:1], points[2:] - points[:-2], points[-1:] - points[-2:-1]])
        return _units(along, np.ptp(points, axis=0).max(), "it turns back upon itself")

    def normals(self, plane_normal: np.ndarray) -> np.ndarray:
        """Return the unit vectors across the contour, in its plane, at its points, (P, 3).

        They point outwards from a closed contour, and to the left along an open one, for a viewer at whom
        `plane_normal` points.

        Args:
            plane_normal: (3,), across the plane of the contour, LPS; of any length.

        Raises:
            InvalidInputError: the contour runs along `plane_normal` at a point, or turns back upon itself.
        """
        size = float(np.linalg.norm(plane_normal))
        left = _units(np.cross(plane_normal, self.tangents()), size, "it runs across the plane")
        return -left if self.closed and self._turns_left(plane_normal) else left

    def _turns_left(self, plane_normal: np.ndarray) -> bool:
        """Tell whether a closed contour runs counterclockwise for a viewer at whom `plane_normal` points."""
        relative = self.points_mm - self.points_mm.mean(axis=0)
        return float(np.cross(relative, np.roll(relative, -1, axis=0)).sum(axis=0) @ plane_normal) > 0


def _units(vectors: np.ndarray, size: float, fault: str) -> np.ndarray:
    """Return vectors of length 1; `size` is their order of magnitude, of which they must be more than a millionth."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (length <= 1e-6 * size).any():
        raise InvalidInputError(f"The contour has no direction at its point {int(np.argmin(length))}: {fault}.")
    return vectors / length
