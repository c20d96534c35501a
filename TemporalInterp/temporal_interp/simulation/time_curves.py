"""How far a motion has gone at every phase of a cycle: each part of a motion follows a curve of its own."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

PHASES = 25
"""Phases of a cycle, as in a clinical cine."""


def contraction_curve(rng: np.random.Generator, delay: float = 0.0) -> np.ndarray:
    """Return the contraction of a heart at every phase, (25,), 0 at end diastole and 1 at end systole.

    Still until the ventricle ejects, s-shaped to end systole, isovolumic relaxation, early filling, diastasis and the
    kick of the atria, each of random duration and share.

    Args:
        rng: where randomness comes from.
        delay: share of the cycle by which this part of the heart lags behind.
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
    """Return how far a breath has gone at every phase, (25,): 1 - cos^2n, 0 at the end of expiration (Lujan 1999)."""
    power = 2 * int(rng.integers(1, 4))
    return 1 - np.cos(np.pi * (np.arange(PHASES) / PHASES + rng.uniform(-0.1, 0.1))) ** power


def drifting_curve(rng: np.random.Generator) -> np.ndarray:
    """Return a smooth periodic curve, (25,), zero at the first phase, of a size about 1."""
    phases = np.arange(PHASES) / PHASES
    waves = range(1, int(rng.integers(2, 5)))
    curve = sum(rng.standard_normal() / w * np.sin(2 * np.pi * (w * phases + rng.random())) for w in waves)
    return (curve - curve[0]) / 2
