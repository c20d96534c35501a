"""The shape of the heart at end diastole: one bullet inside another, with a right ventricle against them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from temporal_interp.errors import InvalidInputError

RIGHT_VENTRICLE_DEGREES = -20.0
"""Direction of the right ventricle, from the x axis of the heart frame: a little up, as in patients."""

RIGHT_VENTRICLE_CENTRE = 0.8
RIGHT_VENTRICLE_RADIUS = 1.086
"""Centre and radius, in epicardial radii, of the circle that is the free wall of the right ventricle at the base."""

RIGHT_VENTRICLE_LENGTH = 0.8
"""The right ventricle reaches this share of the way to the apex."""


class SquaredRadii(NamedTuple):
    """Squares of the radii of three surfaces at the height and the angle of given points, mm², (...)."""

    endocardium: np.ndarray
    epicardium: np.ndarray
    right_ventricle: np.ndarray  # the free wall; the epicardium where there is no right ventricle


@dataclass(frozen=True)
class HeartShape:
    """Size of the heart at end diastole, in the heart frame: z from 0 at the base to `length_mm` at the apex.

    The radii are those at the base. Towards the tip, the squared radius of a surface falls as 1 - (z / length)³ (our
    choice). The default sizes give a cavity of 130 ml and a wall of 160 g.

    Attributes:
        endocardial_radius_mm: inner radius of the wall of the left ventricle.
        epicardial_radius_mm: outer radius of the wall.
        length_mm: distance from the base to the apex, including the wall.
        cavity_length_mm: distance from the base to the tip of the cavity.

    Raises:
        InvalidInputError: a size is not finite and positive, or the cavity is not inside the wall.
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
        """Return the squared radii of the surfaces at the height z and the angle of points, all (...) in mm.

        Above the base, the surfaces are as they are at the base.
        """
        endocardium = self.endocardial_radius_mm**2 * _bullet(z / self.cavity_length_mm)
        epicardium = self.epicardial_radius_mm**2 * _bullet(z / self.length_mm)
        free_wall = self._free_wall2(x, y) * _bullet(z / (RIGHT_VENTRICLE_LENGTH * self.length_mm))
        return SquaredRadii(endocardium, epicardium, np.maximum(free_wall, epicardium))

    def _free_wall2(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the squared distance from the axis to the circle of the free wall, at the angle of points."""
        angle = math.radians(RIGHT_VENTRICLE_DEGREES)
        centre = RIGHT_VENTRICLE_CENTRE * self.epicardial_radius_mm
        radius = RIGHT_VENTRICLE_RADIUS * self.epicardial_radius_mm
        distance = np.hypot(x, y)
        cosine = (x * math.cos(angle) + y * math.sin(angle)) / np.maximum(distance, np.finfo(float).tiny)
        along = centre * cosine
        return np.square(along + np.sqrt(radius**2 - centre**2 + along**2))


def _bullet(share: np.ndarray) -> np.ndarray:
    return 1.0 - np.clip(share, 0.0, 1.0) ** 3
