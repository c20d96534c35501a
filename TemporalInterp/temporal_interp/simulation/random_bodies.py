"""Phantoms of random size and motion. The ranges span normal and diseased hearts, and quiet to deep breathing (our
choice)."""

from __future__ import annotations

import numpy as np

from temporal_interp.simulation.acquisition import Acquisition
from temporal_interp.simulation.beating_heart import BeatingHeart
from temporal_interp.simulation.breathing_lung import BreathingLung
from temporal_interp.simulation.heart_shape import HeartShape

REST_OVER_REACH = 1.2
"""Distance beyond which the body around a heart is at rest, over the reach of the heart."""


def random_heart(rng: np.random.Generator) -> BeatingHeart:
    """Return a heart of random size and motion: from a failing, dilated one to a strong, thick-walled one.

    >>> heart = random_heart(np.random.default_rng(0))
    >>> 0.25 <= heart.ejection_fraction <= 0.70
    True
    """
    endocardium = rng.uniform(19, 30)
    length = rng.uniform(80, 105)
    shape = HeartShape(
        endocardial_radius_mm=endocardium,
        epicardial_radius_mm=endocardium + rng.uniform(7, 13),
        length_mm=length,
        cavity_length_mm=length - rng.uniform(7, 11),
    )
    return BeatingHeart(
        shape,
        ejection_fraction=rng.uniform(0.25, 0.70),
        right_ejection_fraction=rng.uniform(0.25, 0.60),
        axial_scale=rng.uniform(0.80, 0.95),
        apex_twist_degrees=rng.uniform(3, 15),
        base_twist_degrees=(rng.uniform(1, 3), rng.uniform(-5, -1)),
        end_systole=rng.uniform(0.30, 0.45),
        cycle_ms=rng.uniform(650, 1150),
        rest_radius_mm=REST_OVER_REACH * shape.reach_mm,
        anatomy_seed=int(rng.integers(2**31)),
    )


def random_lung(rng: np.random.Generator) -> BreathingLung:
    """Return a lung of random motion in the drawn chest: from quiet to deep breathing."""
    return BreathingLung(
        amplitude_z_mm=rng.uniform(6, 22),
        amplitude_y_mm=rng.uniform(1, 7),
        exponent=int(rng.integers(1, 5)),
        lag=rng.uniform(0.0, 0.12),
        cycle_ms=rng.uniform(3000, 6000),
    )


def random_heart_scan(rng: np.random.Generator, *, slice_thickness_mm: float) -> Acquisition:
    """Return an acquisition of random resolution, noise, coil shading and inflow, with slices of a given thickness."""
    return Acquisition(
        slice_thickness_mm=slice_thickness_mm,
        resolution_mm=rng.uniform(1.4, 2.4),
        snr=rng.uniform(15, 50),
        bias=rng.uniform(0.05, 0.35),
        inflow=rng.uniform(-0.10, 0.15),
    )
