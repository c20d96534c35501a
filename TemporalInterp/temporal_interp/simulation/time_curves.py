"""How far a motion has gone at every phase of a cycle: the beat, the breath, and random variants of both.

A phase is a share of the cycle, from 0 to 1. Each part of a motion follows a curve of its own, so no part of a motion
is another one scaled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from temporal_interp.simulation.motion import require_phase, smoothstep

PHASES = 25
"""Phases of a random curve, evenly spaced over one cycle as in a clinical cine."""


@dataclass(frozen=True)
class CycleState:
    """Shares of the full motion of a heart, 0 at end diastole; at end systole each is 1 but `base_early`, which is 0.

    Attributes:
        ejection: share of the stroke volume that has left the cavities.
        shortening: share of the longitudinal shortening.
        apex_twist: share of the rotation of the apex.
        base_early: share of the first, short rotation of the base, in the direction of the apex.
        base_late: share of the later rotation of the base, against the apex.
    """

    ejection: float
    shortening: float
    apex_twist: float
    base_early: float
    base_late: float


def cycle_state(phase: float, end_systole: float) -> CycleState:
    """Return how far the motion of a heart has gone at a phase of the beat.

    Systole runs from phase 0 to `end_systole`. With s from 0 to 1 over systole, the ejection is sin²(pi s / 2), the
    apex turns with s^1.3, and the base turns with sin(pi s) and s². The shortening runs ahead of the ejection:
    sin²(pi s^0.8 / 2) (our choice). Diastole (our choice, after the normal mitral inflow) starts with the untwisting;
    early filling, diastasis and the atrial contraction follow. The atrial contraction gives back 30 % of the stroke
    volume.

    >>> cycle_state(0.37, end_systole=0.37).ejection
    1.0

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
    return float(smoothstep(np.asarray((u - start) / (stop - start))))


def inhaled(phase: float | np.ndarray, exponent: int) -> np.ndarray:
    """Return the curve of a breath, cos^2n(pi phase): 1 at full inhalation (phase 0), 0 at full exhalation (0.5).

    Source: Lujan et al., Medical Physics 26(5), 1999, "A method for incorporating organ motion due to breathing into
    3D dose calculations", Eq. 1.

    >>> inhaled(np.array([0.0, 0.25, 0.5]), exponent=1).round(3)
    array([1. , 0.5, 0. ])

    Args:
        phase: a number, or an array of numbers (...); the curve is periodic.
        exponent: n; the higher, the longer the pause at exhalation.
    """
    return np.cos(np.pi * np.asarray(phase)) ** (2 * exponent)


def contraction_curve(rng: np.random.Generator, delay: float = 0.0) -> np.ndarray:
    """Return the contraction of a random heart, (25,): 0 at end diastole, 1 at end systole.

    The heart rests until it ejects. An s-shaped rise leads to end systole; isovolumic relaxation, early filling,
    diastasis and the atrial kick follow, each of random length and share (our choice).

    Args:
        rng: source of randomness.
        delay: share of the cycle by which this part of the heart lags behind the rest.
    """
    onset = rng.uniform(0.02, 0.08) + max(0.0, delay)
    systole = onset + rng.uniform(0.24, 0.38)
    relaxation = systole + rng.uniform(0.03, 0.08)
    filling = relaxation + rng.uniform(0.12, 0.20)
    kick = max(rng.uniform(0.84, 0.92), filling + 0.02)
    early = rng.uniform(0.55, 0.92)  # share of the filling before the kick
    times = np.maximum.accumulate([0.0, onset, systole, relaxation, filling, kick, 1.02]) + np.arange(7) * 1e-3
    values = [0.0, 0.0, 1.0, 1 - rng.uniform(0, 0.1), 1 - early, 1 - early - rng.uniform(0, 0.05), 0.0]
    curve = PchipInterpolator(times, values)(np.arange(PHASES) / PHASES)
    return np.clip(curve, 0, 1) ** rng.uniform(0.8, 1.3)


def breathing_curve(rng: np.random.Generator) -> np.ndarray:
    """Return how far a random breath has gone, (25,): from 0 at full inhalation to 1 at full exhalation.

    It is 1 - `inhaled` with a random exponent; the cycle starts within a tenth of full inhalation (our choice).
    """
    exponent = int(rng.integers(1, 4))
    return 1 - inhaled(np.arange(PHASES) / PHASES + rng.uniform(-0.1, 0.1), exponent)


def drifting_curve(rng: np.random.Generator) -> np.ndarray:
    """Return a smooth, random, periodic curve, (25,): 0 at the first phase, of size about 1 (our choice)."""
    phases = np.arange(PHASES) / PHASES
    curve = np.zeros(PHASES)
    for waves in range(1, int(rng.integers(2, 5))):
        curve += rng.standard_normal() / waves * np.sin(2 * np.pi * (waves * phases + rng.random()))
    return (curve - curve[0]) / 2
