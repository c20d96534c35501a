"""Voxel grids through the beating heart that only tests need."""

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.simulation import BeatingHeart, short_axis_stack
from temporal_interp.simulation.geometries import TOWARDS_RIGHT_MM


def heart_volume(heart: BeatingHeart) -> Geometry:
    """Return a volume of nearly cubic voxels around the heart, 32 x 96 x 96 of 3.5 x 2 x 2 mm."""
    return short_axis_stack(heart, shape=(32, 96, 96), spacing_mm=(2.0, 2.0, 3.5))


def long_axis_slice(heart: BeatingHeart) -> Geometry:
    """Return a slice through all four chambers, 1 x 128 x 128 of 1.5 mm: apex at the top, right ventricle left."""
    x, y, z = np.asarray(heart.axes).T
    directions = np.stack([-x, -z, -y], axis=1)
    middle = np.asarray(heart.centre_mm) + TOWARDS_RIGHT_MM * x
    origin = middle - directions @ (np.array([127, 127, 0]) * 1.5 / 2)
    return Geometry((1, 128, 128), (1.5, 1.5, 8.0), tuple(origin), tuple(map(tuple, directions)))
