"""How far each part of the heart's motion has gone at a phase of the beat: every part has its own curve."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from temporal_interp.simulation.motion import require_phase, smoothstep


@dataclass(frozen=True)
class CycleState:
    """Shares of the full motion, 0 at end diastole; each is 1 at end systole but for `base_early`, which is 0 there.

    Attributes:
        ejection: of the stroke volume, out of the cavities.
        shortening: of the longitudinal shortening.
        apex_twist: of the apex's rotation.
        base_early: of the base's first, short rotation with the apex.
        base_late: of the base's later rotation against it.
    """

    ejection: float
    shortening: float
    apex_twist: float
    base_early: float
    base_late: float


def cycle_state(phase: float, end_systole: float) -> CycleState:
    """Return how far the motion has gone at `phase`.

    Systole runs from phase 0 to `end_systole`; with s from 0 to 1 over it, ejection is sin²(pi s / 2), the apex turns
    with s^1.3, the base with sin(pi s) and s². Shortening runs ahead of ejection, sin²(pi s^0.8 / 2) (our choice).
    Diastole (our choice, after the normal mitral inflow): untwisting first, then early filling, diastasis, and the
    atrial contraction, which gives back 30 % of the stroke volume.

    Raises:
        InvalidInputError: the phase is not a number from 0 to 1.
    """
    phase = require_phase(phase)
    if phase <= end_systole:
        return _systole(phase / end_systole)
    return _diastole((phase - end_systole) / (1.0 - end_systole))


def _systole(s: float) -> CycleState:
    return CycleState(
        ejection=math.sin(math.pi * s / 2) ** 2,
        shortening=math.sin(math.pi * s**0.8 / 2) ** 2,
        apex_twist=s**1.3,
        base_early=math.sin(math.pi * s),
        base_late=s**2,
    )


def _diastole(u: float) -> CycleState:
    return CycleState(
        ejection=1.0 - 0.70 * _ramp(u, 0.06, 0.42) - 0.30 * _ramp(u, 0.72, 1.0),
        shortening=1.0 - 0.65 * _ramp(u, 0.10, 0.50) - 0.35 * _ramp(u, 0.70, 1.0),
        apex_twist=1.0 - _ramp(u, 0.0, 0.45),
        base_early=0.0,
        base_late=1.0 - _ramp(u, 0.0, 0.40),
    )


def _ramp(u: float, start: float, stop: float) -> float:
    return float(smoothstep(np.float64((u - start) / (stop - start))))
