"""The motion of a breathing chest whose every displacement is known from a formula.

With c(p) = cos^2n(pi p), Lujan's curve (phase 0 is the end of inhalation, 0.5 of exhalation), a material point moves

    z' = z - a_z (c(p) - c(p_ref)) S(z) W(x, y)                       down on inhalation
    y' = y - a_y (c(p - lag) - c(p_ref - lag)) S(z') T(y)             forward on inhalation

S rises smoothly from 0 at the apex of the lung to 1 at the diaphragm, T from 0 at the back to 1 at the front. W falls
from 1 inside the chest to 0 in its wall, so that ribs and spine do not slide up and down. Each step is monotone in one
coordinate and keeps the others. So the determinant is the product of two slopes, and the inverse is two roots of an
equation in one unknown, found to 1e-9 mm by Newton steps that are held in a shrinking bracket.

The source of the curve is at `time_curves.inhaled`; S, T and W are our choice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.motion import MovingBody, require_phase, smoothstep, smoothstep_slope
from temporal_interp.simulation.time_curves import inhaled

TOLERANCE_MM = 1e-10
"""Newton's method stops when no point moves by more."""

STEEPEST = 1.5
"""Largest slope of a smoothstep."""

LARGEST_STRAIN = 0.8
"""Amplitude over distance, times the steepest slope, stays below this; at 1 the motion would fold."""

AIR_FILLED_HU, SOLID_HU = -500.0, -200.0
"""Lung parenchyma lies below the first, tissue without air above the second."""

WALL_STARTS, WALL_ENDS = 0.75, 0.92
"""W falls from 1 to 0 between these shares of the chest's semi-axes."""


class _Shifts(NamedTuple):
    """Displacement in mm where the motion is full."""

    along: float  # z, to the head
    forward: float  # y, to the back


@dataclass(frozen=True)
class BreathingLung(MovingBody):
    """A breathing chest with exact truth; material points lie where their tissue is at `reference_phase`.

    >>> lung = BreathingLung(amplitude_z_mm=20.0)
    >>> at_rest = np.array([[0.0, 0.0, -100.0]])  # on the diaphragm, LPS mm
    >>> lung.forward(at_rest, phase=0.0).round(1)  # full inhalation
    array([[   0. ,   -2.2, -120. ]])

    Attributes:
        apex_z_mm: LPS z of the apex of the lung; the body is at rest above it.
        diaphragm_z_mm: LPS z of the lowest part of the diaphragm; below it, everything moves as one.
        back_y_mm: LPS y of the back, which does not move forward.
        front_y_mm: LPS y of the front of the chest, smaller than `back_y_mm`.
        chest_centre_mm: LPS (x, y) of the middle of the chest.
        chest_semi_axes_mm: half the width and half the depth of the chest, (x, y).
        amplitude_z_mm: a_z, the motion of the diaphragm from exhalation to inhalation.
        amplitude_y_mm: a_y, the motion of the front from exhalation to inhalation.
        exponent: n of cos^2n; the higher, the longer the pause at exhalation.
        lag: share of the cycle by which the front of the chest follows the diaphragm.
        reference_phase: phase at which the body is drawn, or the CT was taken. At 0.5, exhalation, inhaling carries
            tissue out of the volume at the bottom, and no frame needs tissue from beyond the volume.
        cycle_ms: length of a breath.

    Raises:
        InvalidInputError: a parameter is out of range, or the amplitude would fold the lung.
    """

    apex_z_mm: float = 120.0
    diaphragm_z_mm: float = -100.0
    back_y_mm: float = 110.0
    front_y_mm: float = -110.0
    chest_centre_mm: tuple[float, float] = (0.0, 0.0)
    chest_semi_axes_mm: tuple[float, float] = (160.0, 110.0)
    amplitude_z_mm: float = 15.0
    amplitude_y_mm: float = 5.0
    exponent: int = 3
    lag: float = 0.06
    reference_phase: float = 0.5
    cycle_ms: float = 4000.0
    name = "breathing lung phantom"

    def __post_init__(self) -> None:
        for name in ("chest_centre_mm", "chest_semi_axes_mm"):
            object.__setattr__(self, name, tuple(float(v) for v in getattr(self, name)))
        require_phase(self.reference_phase)
        numbers = [v for value in vars(self).values() for v in np.ravel(value)]
        self._require("parameters", np.isfinite(numbers).all(), "finite numbers")
        self._require("amplitude_z_mm", self.amplitude_z_mm >= 0, "0 or more")
        self._require("amplitude_y_mm", self.amplitude_y_mm >= 0, "0 or more")
        self._require("exponent", self.exponent in range(1, 11), "a whole number from 1 to 10")
        self._require("lag", -0.5 <= self.lag <= 0.5, "a share of the cycle from -0.5 to 0.5")
        self._require("cycle_ms", self.cycle_ms > 0, "a positive number of ms")
        self._require("chest_semi_axes_mm", min(self.chest_semi_axes_mm) > 0, "positive")
        self._require_no_fold("amplitude_z_mm", self.apex_z_mm - self.diaphragm_z_mm, "apex to diaphragm")
        self._require_no_fold("amplitude_y_mm", self.back_y_mm - self.front_y_mm, "back to front")

    def _require(self, parameter: str, valid: bool | np.bool_, what: str) -> None:
        if not valid:
            raise InvalidInputError(f"BreathingLung's {parameter} must be {what}, got {self}.")

    def _require_no_fold(self, parameter: str, distance_mm: float, what: str) -> None:
        limit = LARGEST_STRAIN * distance_mm / STEEPEST
        self._require(parameter, getattr(self, parameter) < limit, f"below {limit:.1f} mm ({what} {distance_mm:g} mm)")

    @classmethod
    def fitted_to(
        cls, geometry: Geometry, *, amplitude_z_mm: float = 15.0, amplitude_y_mm: float = 5.0
    ) -> BreathingLung:
        """Return a lung that fills a voxel grid, for a CT that is cropped to the chest.

        The apex is at the top, the diaphragm a tenth of the height above the bottom; the chest fills the grid across.

        Raises:
            InvalidInputError: the grid is too small along z or y for the amplitudes.
        """
        ends = itertools.product(*[(0, n - 1) for n in geometry.shape])
        corners = np.array([geometry.physical_point(end) for end in ends])
        low, high = corners.min(axis=0), corners.max(axis=0)
        middle, semi_axes = (low + high) / 2, (high - low) / 2
        return cls(
            apex_z_mm=float(high[2]),
            diaphragm_z_mm=float(low[2] + 0.1 * (high[2] - low[2])),
            back_y_mm=float(high[1]),
            front_y_mm=float(low[1]),
            chest_centre_mm=(float(middle[0]), float(middle[1])),
            chest_semi_axes_mm=(float(semi_axes[0]), float(semi_axes[1])),
            amplitude_z_mm=amplitude_z_mm,
            amplitude_y_mm=amplitude_y_mm,
        )

    def in_plane(self) -> BreathingLung:
        """Return the same lung without motion forward, so that one coronal slice shows all of the motion."""
        return replace(self, amplitude_y_mm=0.0)

    def forward(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the spatial points (..., 3) at `phase` of material points, LPS mm.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        shifts = self._shifts(phase)
        x, y, z = np.moveaxis(np.asarray(points_mm, dtype=float), -1, 0)
        z = z + shifts.along * self._inside(x, y) * self._height_share(z)
        y = y + shifts.forward * self._height_share(z) * self._depth_share(y)
        return np.stack([x, y, z], axis=-1)

    def inverse(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the material points (..., 3) that lie at spatial points at `phase`, LPS mm, to 1e-9 mm.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        shifts = self._shifts(phase)
        x, y, z = np.moveaxis(np.asarray(points_mm, dtype=float), -1, 0)
        y = _solve(y, shifts.forward * self._height_share(z), self._depth_share, self._depth_slope)
        z = _solve(z, shifts.along * self._inside(x, y), self._height_share, self._height_slope)
        return np.stack([x, y, z], axis=-1)

    def material_jacobian(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the determinant of `forward`'s derivative at material points, (...).

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        shifts = self._shifts(phase)
        x, y, z = np.moveaxis(np.asarray(points_mm, dtype=float), -1, 0)
        along = shifts.along * self._inside(x, y)
        moved = z + along * self._height_share(z)
        forward = shifts.forward * self._height_share(moved)
        return (1.0 + along * self._height_slope(z)) * (1.0 + forward * self._depth_slope(y))

    @staticmethod
    def diluted(hu: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        """Return the density, after the motion, of material whose density was `hu`; all (...), in HU.

        Air-filled lung keeps its mass, HU' + 1000 = (HU + 1000) / J. Tissue without air is not compressed and keeps its
        density. Between `AIR_FILLED_HU` and `SOLID_HU` there is a smooth transition (our choice).

        >>> BreathingLung.diluted(np.array([-800.0, 40.0]), np.array([1.25, 1.25]))
        array([-840.,   40.])
        """
        filled = np.clip((SOLID_HU - hu) / (SOLID_HU - AIR_FILLED_HU), 0.0, 1.0)
        return (hu + 1000.0) / jacobian**filled - 1000.0

    def _shifts(self, phase: float) -> _Shifts:
        phase = require_phase(phase)
        phases = np.array([phase, self.reference_phase, phase - self.lag, self.reference_phase - self.lag])
        now, at_rest, front_now, front_at_rest = inhaled(phases, self.exponent).tolist()
        return _Shifts(-self.amplitude_z_mm * (now - at_rest), -self.amplitude_y_mm * (front_now - front_at_rest))

    def _height_share(self, z: np.ndarray) -> np.ndarray:
        return smoothstep((self.apex_z_mm - z) / (self.apex_z_mm - self.diaphragm_z_mm))

    def _height_slope(self, z: np.ndarray) -> np.ndarray:
        height = self.apex_z_mm - self.diaphragm_z_mm
        return -smoothstep_slope((self.apex_z_mm - z) / height) / height

    def _depth_share(self, y: np.ndarray) -> np.ndarray:
        return smoothstep((self.back_y_mm - y) / (self.back_y_mm - self.front_y_mm))

    def _depth_slope(self, y: np.ndarray) -> np.ndarray:
        depth = self.back_y_mm - self.front_y_mm
        return -smoothstep_slope((self.back_y_mm - y) / depth) / depth

    def _inside(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        (centre_x, centre_y), (semi_x, semi_y) = self.chest_centre_mm, self.chest_semi_axes_mm
        share = np.hypot((x - centre_x) / semi_x, (y - centre_y) / semi_y)
        return smoothstep((WALL_ENDS - share) / (WALL_ENDS - WALL_STARTS))


def _solve(
    target: np.ndarray,
    factor: np.ndarray,
    share: Callable[[np.ndarray], np.ndarray],
    slope: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return v with v + factor share(v) = target, all (...); share lies in [0, 1], and the left side rises with v.

    Newton's method; a step that leaves the bracket around the root is replaced by halving the bracket.
    """
    low, high = np.minimum(target, target - factor), np.maximum(target, target - factor)
    value = target - factor * share(target)
    while True:
        error = value + factor * share(value) - target
        low, high = np.where(error < 0, value, low), np.where(error < 0, high, value)
        step = value - error / (1.0 + factor * slope(value))
        step = np.where((step < low) | (step > high), (low + high) / 2, step)
        moved = np.abs(step - value).max(initial=0.0)
        value = step
        if moved < TOLERANCE_MM:
            return value
