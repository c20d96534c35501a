"""The shape of the heart at end diastole: two bullets, one in the other, and a right ventricle laid against them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from temporal_interp.errors import InvalidInputError

RIGHT_VENTRICLE_DEGREES = -20.0
"""Direction of the right ventricle from the long axis, from the heart frame's x axis: a little up, as in patients."""

RIGHT_VENTRICLE_CENTRE = 0.8
RIGHT_VENTRICLE_RADIUS = 1.086
"""At the base the right ventricle's free wall is a circle at this distance and of this radius, in epicardial radii."""

RIGHT_VENTRICLE_LENGTH = 0.8
"""The right ventricle reaches this share of the way to the apex."""


class SquaredRadii(NamedTuple):
    """Squares of the radii of three surfaces at given points' own height and angle, mm², (...)."""

    endocardium: np.ndarray
    epicardium: np.ndarray
    right_ventricle: np.ndarray  # its free wall; the epicardium where there is no right ventricle


@dataclass(frozen=True)
class HeartShape:
    """Size of the heart at end diastole, in the heart frame: z from 0 at the base to `length_mm` at the apex.

    The radii are those at the base; towards the tip a surface's squared radius falls as 1 - (z / length)³ (our choice:
    a bullet, of 130 ml and a wall of 160 g with the default sizes).

    Attributes:
        endocardial_radius_mm: inner radius of the left ventricle's wall.
        epicardial_radius_mm: its outer radius.
        length_mm: from base to apex, wall included.
        cavity_length_mm: from base to the tip of the cavity.

    Raises:
        InvalidInputError: the sizes are not finite, positive and cavity inside wall.
    """

    endocardial_radius_mm: float = 25.0
    epicardial_radius_mm: float = 35.0
    length_mm: float = 95.0
    cavity_length_mm: float = 86.0

    def __post_init__(self) -> None:
        if not 0 < self.endocardial_radius_mm < self.epicardial_radius_mm < math.inf:
            raise InvalidInputError(
                "The heart's radii must be positive, the endocardium inside the epicardium, got "
                f"{self.endocardial_radius_mm} and {self.epicardial_radius_mm} mm."
            )
        if not 0 < self.cavity_length_mm < self.length_mm < math.inf:
            raise InvalidInputError(
                "The heart's lengths must be positive, the cavity shorter than the heart, got "
                f"{self.cavity_length_mm} and {self.length_mm} mm."
            )

    @property
    def reach_mm(self) -> float:
        """Distance from the long axis to the farthest point of the right ventricle, mm."""
        return (RIGHT_VENTRICLE_CENTRE + RIGHT_VENTRICLE_RADIUS) * self.epicardial_radius_mm

    def squared_radii(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> SquaredRadii:
        """Return the squared radii of the surfaces at the height z and angle of points, all (...) in mm.

        Above the base the surfaces go on as they are at the base.
        """
        endocardium = self.endocardial_radius_mm**2 * _bullet(z / self.cavity_length_mm)
        epicardium = self.epicardial_radius_mm**2 * _bullet(z / self.length_mm)
        free_wall = self._free_wall2(x, y) * _bullet(z / (RIGHT_VENTRICLE_LENGTH * self.length_mm))
        return SquaredRadii(endocardium, epicardium, np.maximum(free_wall, epicardium))

    def _free_wall2(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the squared distance from the axis to the free wall's circle along the angle of points."""
        angle = math.radians(RIGHT_VENTRICLE_DEGREES)
        centre = RIGHT_VENTRICLE_CENTRE * self.epicardial_radius_mm
        radius = RIGHT_VENTRICLE_RADIUS * self.epicardial_radius_mm
        distance = np.hypot(x, y)
        cosine = (x * math.cos(angle) + y * math.sin(angle)) / np.maximum(distance, np.finfo(float).tiny)
        along = centre * cosine
        return np.square(along + np.sqrt(radius**2 - centre**2 + along**2))


def _bullet(share: np.ndarray) -> np.ndarray:
    return 1.0 - np.clip(share, 0.0, 1.0) ** 3
