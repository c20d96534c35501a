"""Regions of the phantoms and their sizes, known from formulas; `BeatingHeart.heart_mask` is part of the product."""

import math
from collections.abc import Callable

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.simulation import BeatingHeart, BreathingLung, thorax
from temporal_interp.simulation.motion import slab_points
from temporal_interp.simulation.time_curves import cycle_state


def wall_mask(heart: BeatingHeart, geometry: Geometry, phase: float) -> np.ndarray:
    """Return the voxels whose centres lie in the wall of the left ventricle at `phase`, (K, J, I) bool."""
    material = heart.inverse(slab_points(geometry, slice(0, geometry.shape[0])), phase)
    x, y, z = np.moveaxis((material - heart.centre_mm) @ np.asarray(heart.axes), -1, 0)
    z = z + heart.shape.length_mm / 2
    beyond_cavity = x * x + y * y >= heart.shape.squared_radii(x, y, z).endocardium
    return heart.heart_mask(geometry, phase) & beyond_cavity


def cavity_volume_ml(heart: BeatingHeart, phase: float) -> float:
    """Return the volume of the cavity of the left ventricle at `phase`, ml."""
    # the mean of 1 - x³ over [0, 1] is 3/4
    end_diastole = 0.75 * math.pi * heart.shape.endocardial_radius_mm**2 * heart.shape.cavity_length_mm / 1000.0
    return end_diastole * (1.0 - heart.ejection_fraction * cycle_state(phase, heart.end_systole).ejection)


def in_parenchyma(points_mm: np.ndarray, lung: BreathingLung) -> np.ndarray:
    """Return whether material points (..., 3) lie in the lungs, (...) bool: with vessels and nodule, no airways."""
    chest = thorax._chest_units(points_mm, lung)
    return (thorax._lungs(chest) > 0) & (thorax._heart(chest) < 0) & (thorax._airways(chest) < 0)


def mass_and_volume(
    lung: BreathingLung, volume: Volume, phase: float, share_of_region: Callable[[np.ndarray], np.ndarray]
) -> tuple[float, float]:
    """Return the sums of HU + 1000 and of 1 over a region given by its material points, 0 to 1 each."""
    geometry = volume.geometry
    share = share_of_region(lung.inverse(slab_points(geometry, slice(0, geometry.shape[0])), phase))
    return float(((volume.array + 1000.0) * share).sum()), float(share.sum())
