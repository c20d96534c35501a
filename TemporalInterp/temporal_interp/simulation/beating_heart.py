"""The motion of a beating heart whose every displacement is known from a formula.

The left ventricle is a bullet in cylinder coordinates (R, Theta, Z) along its long axis: Z = 0 at the base and Z = L at
the apex, and the radii of endocardium and epicardium fall to zero towards the apex. At time s of systole

    z      = L - lambda(s) (L - Z)                                    the base comes down to the apex
    r²     = k² R²                                                    cavity, with k² lambda = 1 - EF(s)
    r²     = r_en² + (R² - R_en²) / lambda                            wall: its volume is kept, determinant 1
    r²     = r_ep² + m (R² - R_ep²)                                   right ventricle, m lambda = 1 - EF_right(s)
    theta  = Theta + tau_base(s) + (tau_apex(s) - tau_base(s)) Z / L  twist

Around the heart, and beyond base and apex, the motion fades to rest. At a given z and angle, r² is piecewise linear in
R²; at a given R, z is piecewise linear in Z; the rotation keeps r and z. So each step, and the whole, is inverted in
closed form, and the determinant is the product of two slopes.

R_en and R_ep may depend on Z, because that dependence does not enter the determinant; with constant radii this is the
thick-walled incompressible cylinder that is common in cardiac mechanics. The bullet, the right ventricle and the rest
around them are our choices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.heart_anatomy import draw_heart
from temporal_interp.simulation.heart_shape import HeartShape
from temporal_interp.simulation.motion import MovingBody, slab_points, slabs, smoothstep
from temporal_interp.simulation.time_curves import cycle_state


class _Scales(NamedTuple):
    """The motion at one phase: factors, and angles in radians."""

    axial: float  # lambda, of lengths along z
    cavity: float  # k², of areas across z
    right: float  # m, of areas across z
    apex_twist: float
    base_twist: float


class _Layers(NamedTuple):
    """Squared radii of the surfaces at rest, and the slope of r² in R² below each, from the axis outwards."""

    radii2: tuple[np.ndarray, ...]
    slopes: tuple[np.ndarray, ...]

    def moved_radii2(self) -> tuple[np.ndarray, ...]:
        """Return the squared radii of the surfaces after the motion."""
        inner = moved = np.zeros(())
        result = []
        for outer, slope in zip(self.radii2, self.slopes, strict=True):
            moved = moved + slope * (outer - inner)
            result.append(moved)
            inner = outer
        return tuple(result)

    def reversed(self) -> _Layers:
        """Return the inverse: the surfaces after the motion, and the slopes of R² in r²."""
        return _Layers(self.moved_radii2(), tuple(1.0 / slope for slope in self.slopes))

    def apply(self, radius2: np.ndarray) -> np.ndarray:
        """Return squared radii after the motion; beyond the last surface nothing moves."""
        result, inner = np.maximum(radius2 - self.radii2[-1], 0.0), np.zeros(())
        for outer, slope in zip(self.radii2, self.slopes, strict=True):
            result += slope * np.clip(radius2 - inner, 0.0, outer - inner)
            inner = outer
        return result

    def slope_at(self, radius2: np.ndarray) -> np.ndarray:
        """Return the slope of r² in R² at squared radii at rest."""
        inside = [radius2 < outer for outer in self.radii2]
        return np.select(inside, np.broadcast_arrays(*self.slopes, radius2)[:-1], 1.0)


@dataclass(frozen=True)
class BeatingHeart(MovingBody):
    """A beating heart with exact truth; phase 0 is end diastole, where the material points lie.

    >>> heart = BeatingHeart(ejection_fraction=0.55, end_systole=0.35)
    >>> apex = heart.inverse(np.array([[0.0, 0.0, -47.5]]), phase=0.2)  # LPS mm
    >>> np.allclose(heart.forward(apex, phase=0.2), [[0.0, 0.0, -47.5]])
    True

    Attributes:
        shape: sizes at end diastole.
        ejection_fraction: of the left ventricle's cavity, from end diastole to end systole.
        right_ejection_fraction: of the right ventricle's (exact inside the radius where the axial motion is complete).
        axial_scale: lambda at end systole, the length of the left ventricle relative to end diastole; 1 means no
            motion along the axis.
        apex_twist_degrees: rotation of the apex at end systole, positive counterclockwise seen from the apex.
        base_twist_degrees: (early, late): the base turns by early sin(pi s) + late s² over systole.
        end_systole: phase of end systole.
        cycle_ms: length of the beat, the RR interval.
        rest_radius_mm: distance from the axis beyond which the body is at rest.
        base_rest_mm: distance above the base (at end diastole) beyond which the body is at rest.
        apex_rest_mm: distance below the apex over which the twist fades.
        centre_mm: LPS point halfway between base and apex.
        axes: 3 x 3, its columns the heart frame's x (towards the right ventricle), y (x turned 90 degrees
            counterclockwise seen from the apex) and z (base to apex) as LPS unit vectors. The default lies along the
            scanner's axes: right ventricle to the patient's right, apex at the feet.
        anatomy_seed: seed of the fine texture.

    Raises:
        InvalidInputError: a parameter is out of range; the message says which.
    """

    shape: HeartShape = field(default_factory=HeartShape)
    ejection_fraction: float = 0.60
    right_ejection_fraction: float = 0.50
    axial_scale: float = 0.85
    apex_twist_degrees: float = 10.0
    base_twist_degrees: tuple[float, float] = (2.0, -3.0)
    end_systole: float = 0.37
    cycle_ms: float = 900.0
    rest_radius_mm: float = 78.0
    base_rest_mm: float = 60.0
    apex_rest_mm: float = 30.0
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    axes: tuple[tuple[float, ...], ...] = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
    anatomy_seed: int = 0
    name = "beating heart phantom"

    def __post_init__(self) -> None:
        self._require("ejection_fraction", 0.0 <= self.ejection_fraction <= 0.9, "from 0 to 0.9")
        self._require("right_ejection_fraction", 0.0 <= self.right_ejection_fraction <= 0.9, "from 0 to 0.9")
        self._require("axial_scale", 0.5 <= self.axial_scale <= 1.0, "from 0.5 to 1")
        self._require("end_systole", 0.1 <= self.end_systole <= 0.9, "a phase from 0.1 to 0.9")
        self._require("cycle_ms", 0 < self.cycle_ms < math.inf, "a positive number of ms")
        reach = self.shape.reach_mm
        self._require("rest_radius_mm", reach < self.rest_radius_mm < math.inf, f"more than {reach:.1f} mm")
        self._require("base_rest_mm", 0 < self.base_rest_mm < math.inf, "a positive number of mm")
        self._require("apex_rest_mm", 0 < self.apex_rest_mm < math.inf, "a positive number of mm")
        self._require("apex_twist_degrees", abs(self.apex_twist_degrees) <= 90, "an angle from -90 to 90 degrees")
        twists = np.abs(self.base_twist_degrees)
        self._require("base_twist_degrees", twists.shape == (2,) and (twists <= 90).all(), "two angles of -90 to 90")
        self._require("centre_mm", np.shape(self.centre_mm) == (3,) and np.isfinite(self.centre_mm).all(), "a point")
        matrix = np.asarray(self.axes, dtype=float)
        rotation = matrix.shape == (3, 3) and np.allclose(matrix.T @ matrix, np.eye(3), atol=1e-9)
        self._require("axes", rotation and np.linalg.det(matrix) > 0, "a 3 x 3 rotation matrix")

    def _require(self, parameter: str, valid: bool | np.bool_, what: str) -> None:
        if not valid:
            raise InvalidInputError(f"BeatingHeart's {parameter} must be {what}, got {getattr(self, parameter)}.")

    def in_plane(self) -> BeatingHeart:
        """Return the same heart without motion along its axis, so that one short-axis slice shows all of the motion."""
        return replace(self, axial_scale=1.0)

    def forward(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the spatial points (..., 3) at `phase` of material points, LPS mm.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        scales = self._scales(phase)
        x, y, height = self._to_heart_frame(points_mm)
        radius2 = x * x + y * y
        z = self._move_along(height, radius2, scales)
        layers = self._layers(x, y, z, scales)
        moved2 = layers.apply(radius2)
        stretch = _root_of_ratio(moved2, radius2)
        x, y = _rotate(stretch * x, stretch * y, self._twist(z, moved2, layers.moved_radii2()[1], scales))
        return self._from_heart_frame(x, y, z)

    def inverse(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the material points (..., 3) that lie at spatial points at `phase`, LPS mm; exact.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        return self._from_heart_frame(*self._material_heart_frame(points_mm, self._scales(phase)))

    def material_jacobian(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the determinant of `forward`'s derivative at material points, (...): 1 in the wall.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        scales = self._scales(phase)
        x, y, height = self._to_heart_frame(points_mm)
        radius2 = x * x + y * y
        base = self._base_descent(radius2, scales)
        along = np.where(height < 0, 1.0 + base / self.base_rest_mm, 1.0 - base / self.shape.length_mm)
        along = np.where((height < -self.base_rest_mm) | (height >= self.shape.length_mm), 1.0, along)
        z = self._move_along(height, radius2, scales)
        return along * self._layers(x, y, z, scales).slope_at(radius2)

    def heart_mask(self, geometry: Geometry, phase: float) -> np.ndarray:
        """Return the voxels whose centres lie in the left ventricle at `phase`, wall or cavity, (K, J, I) bool.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        scales = self._scales(phase)
        mask = np.empty(geometry.shape, bool)
        for slab in slabs(geometry.shape):
            x, y, z = self._material_heart_frame(slab_points(geometry, slab), scales)
            mask[slab] = (x * x + y * y < self.shape.squared_radii(x, y, z).epicardium) & (z >= 0)
        return mask

    def region_of_interest(self, geometry: Geometry, phase: float) -> np.ndarray:
        """Return the left ventricle, wall and cavity (`heart_mask`): the background at rest would dilute an error."""
        return self.heart_mask(geometry, phase)

    def intensity(self, points_mm: np.ndarray, phase: float, *, blood_gain: float = 1.0) -> np.ndarray:
        """Return the brightness at spatial points, (...) float32: that of the tissue which lies there at `phase`.

        Args:
            points_mm: (..., 3), LPS.
            phase: from 0 to 1.
            blood_gain: factor on the brightness of blood; with 1 the brightness moves with the tissue, unchanged.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        x, y, z = self._material_heart_frame(points_mm, self._scales(phase))
        value, blood = draw_heart(x, y, z, self.shape, self.anatomy_seed)
        return value * (1.0 + np.float32(blood_gain - 1.0) * blood)

    def _scales(self, phase: float) -> _Scales:
        state = cycle_state(phase, self.end_systole)
        axial = 1.0 - (1.0 - self.axial_scale) * state.shortening
        early, late = self.base_twist_degrees
        return _Scales(
            axial=axial,
            cavity=(1.0 - self.ejection_fraction * state.ejection) / axial,
            right=(1.0 - self.right_ejection_fraction * state.ejection) / axial,
            apex_twist=math.radians(self.apex_twist_degrees * state.apex_twist),
            base_twist=math.radians(early * state.base_early + late * state.base_late),
        )

    def _to_heart_frame(self, points_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        local = (np.asarray(points_mm, dtype=float) - self.centre_mm) @ np.asarray(self.axes)
        return local[..., 0], local[..., 1], local[..., 2] + self.shape.length_mm / 2

    def _from_heart_frame(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        local = np.stack([x, y, z - self.shape.length_mm / 2], axis=-1)
        return local @ np.asarray(self.axes).T + self.centre_mm

    def _material_heart_frame(
        self, points_mm: np.ndarray, scales: _Scales
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Undo the twist at given r and z, then the radial motion at given z and angle, then the axial at given R."""
        x, y, z = self._to_heart_frame(points_mm)
        moved2 = x * x + y * y
        # the twist needs no angle, but the layers do
        epicardium2 = self._layers(x, y, z, scales).moved_radii2()[1]
        x, y = _rotate(x, y, -self._twist(z, moved2, epicardium2, scales))
        radius2 = self._layers(x, y, z, scales).reversed().apply(moved2)
        shrink = _root_of_ratio(radius2, moved2)
        return shrink * x, shrink * y, self._move_back_along(z, radius2, scales)

    def _base_descent(self, radius2: np.ndarray, scales: _Scales) -> np.ndarray:
        """Return the descent of the base, mm: full inside the heart, zero beyond the rest radius."""
        inner2, outer2 = self.shape.epicardial_radius_mm**2, self.rest_radius_mm**2
        # the inlet of the right ventricle descends with that of the left: the shear lies in the outer half of the ring
        weight = smoothstep(2.0 * (outer2 - radius2) / (outer2 - inner2))
        return self.shape.length_mm * (1.0 - scales.axial) * weight

    def _move_along(self, height: np.ndarray, radius2: np.ndarray, scales: _Scales) -> np.ndarray:
        """Return z for material heights: linear from rest above the base to the base, and from there to the apex."""
        base, rest, length = self._base_descent(radius2, scales), self.base_rest_mm, self.shape.length_mm
        above = -rest + (height + rest) * (rest + base) / rest
        below = length - (length - height) * (length - base) / length
        return np.where((height < -rest) | (height > length), height, np.where(height < 0, above, below))

    def _move_back_along(self, z: np.ndarray, radius2: np.ndarray, scales: _Scales) -> np.ndarray:
        base, rest, length = self._base_descent(radius2, scales), self.base_rest_mm, self.shape.length_mm
        above = -rest + (z + rest) * rest / (rest + base)
        below = length - (length - z) * length / (length - base)
        return np.where((z < -rest) | (z > length), z, np.where(z < base, above, below))

    def _layers(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, scales: _Scales) -> _Layers:
        """Return the surfaces at the height z (after the axial motion) and the angle of points."""
        height = self._move_back_along(z, np.zeros_like(z), scales)
        share = smoothstep(1.0 + height / self.base_rest_mm)  # of the motion: it fades above the base
        radii2 = (*self.shape.squared_radii(x, y, height), np.asarray(self.rest_radius_mm**2))
        cavity, wall, right = (1.0 + (f - 1.0) * share for f in (scales.cavity, 1.0 / scales.axial, scales.right))
        moved = _Layers(radii2[:3], (cavity, wall, right)).moved_radii2()[-1]
        return _Layers(radii2, (cavity, wall, right, (radii2[3] - moved) / (radii2[3] - radii2[2])))

    def _twist(self, z: np.ndarray, moved2: np.ndarray, epicardium2: np.ndarray, scales: _Scales) -> np.ndarray:
        """Return the rotation in radians at the height z and squared radius after the other motions."""
        height, length = self._move_back_along(z, np.zeros_like(z), scales), self.shape.length_mm
        along = scales.base_twist + (scales.apex_twist - scales.base_twist) * np.clip(height / length, 0.0, 1.0)
        beyond = np.where(height < 0, -height / self.base_rest_mm, (height - length) / self.apex_rest_mm)
        rest2 = self.rest_radius_mm**2
        return along * smoothstep(1.0 - beyond) * smoothstep((rest2 - moved2) / (rest2 - epicardium2))


def _root_of_ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Return sqrt(numerator / denominator), and 1 on the axis, where both are zero and nothing is stretched."""
    ratio = np.divide(numerator, denominator, out=np.ones_like(denominator), where=denominator > 0)
    return np.sqrt(ratio)


def _rotate(x: np.ndarray, y: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * x - sine * y, sine * x + cosine * y
