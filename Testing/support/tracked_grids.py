"""An oblique volume to track in, and points in it."""

import numpy as np

from temporal_interp.data.geometry import Geometry

OBLIQUE = ((-0.6, 0.0, 0.8), (0.8, 0.0, 0.6), (0.0, 1.0, 0.0))
VOLUME = Geometry((5, 12, 16), (1.5, 2.5, 4.0), (10.0, -20.0, 30.0), OBLIQUE)


def centre(geometry):
    return geometry.physical_point([(n - 1) / 2 for n in geometry.shape])


def points_near_the_middle(geometry, count=40):
    offsets = np.random.default_rng(0).uniform(-5, 5, (count, 3))
    return centre(geometry) + offsets * (np.array(geometry.shape[::-1]) > 1) @ np.asarray(geometry.direction).T
