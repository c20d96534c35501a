"""Still frames to draw tracking on, and strains to draw."""

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.figures.view import View

OBLIQUE = Geometry((3, 80, 100), (1.0, 1.5, 8.0), (5.0, -7.0, 9.0), ((0, 0, 1), (-1, 0, 0), (0, -1, 0)))
FLAT = Geometry((1, 80, 100), (1.0, 1.0, 8.0))
WHOLE = View(0, slice(0, 80), slice(0, 100), FLAT)
RADIAL = np.outer([0.0, 0.1, 0.3, 0.2, 0.0], np.linspace(0.0, 2.0, 11))
CIRCUMFERENTIAL = np.outer([0.0, -0.05, -0.1, -0.2, 0.02], np.ones(11))
STRAINS = {"radial": RADIAL, "circumferential": CIRCUMFERENTIAL}


def sequence_of(geometry=FLAT, count=4, notes=()):
    """Still frames: dark noise, and a bright band along the bottom."""
    array = np.random.default_rng(0).integers(0, 30, geometry.shape).astype(np.uint8)
    array[:, -8:] = 255
    return Sequence([Volume(array, geometry)] * count, [40.0 * n for n in range(count)], notes=notes)
