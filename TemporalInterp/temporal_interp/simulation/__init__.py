"""Simulated images whose motion is known exactly.

Phantoms are bodies drawn from formulas, in mm: `BeatingHeart` and `BreathingLung`, of given or of random size
(`random_bodies`). They need no PyTorch. Random subjects (`random_subject`) and random volumes (`random_volume`) are
blocks of random tissue on a grid, from which networks learn. Both kinds share the time curves and the physics of the
acquisition.
"""

from temporal_interp.simulation.acquisition import CLINICAL, Acquisition
from temporal_interp.simulation.beating_heart import BeatingHeart
from temporal_interp.simulation.breathing_lung import BreathingLung
from temporal_interp.simulation.cine import PHANTOM_KEY, PhantomCine, even_phases, make_heart_cine, make_lung_cine
from temporal_interp.simulation.geometries import (
    chest_volume,
    coronal_slice,
    short_axis_slice,
    short_axis_stack,
)
from temporal_interp.simulation.heart_shape import HeartShape

__all__ = [
    "CLINICAL",
    "PHANTOM_KEY",
    "Acquisition",
    "BeatingHeart",
    "BreathingLung",
    "HeartShape",
    "PhantomCine",
    "chest_volume",
    "coronal_slice",
    "even_phases",
    "make_heart_cine",
    "make_lung_cine",
    "short_axis_slice",
    "short_axis_stack",
]
