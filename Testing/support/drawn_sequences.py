"""A sequence to draw, and a search for a colour in a picture."""

import numpy as np
from PIL import Image

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume


def beating_square(count=5, shape=(3, 60, 80), spacing=(1.0, 1.5, 8.0), k=2, values=None):
    """A bright square in slice k that grows and shrinks around (30, 50), on a still textured ground."""
    ground = np.random.default_rng(0).integers(50, 100, shape)
    volumes = []
    for n in range(count):
        array = ground.copy()
        half = 6 + 3 * (n % 3)
        array[k, 30 - half : 30 + half, 50 - half : 50 + half] = 900
        volumes.append(Volume(array.astype(np.int16), Geometry(shape, spacing)))
    return Sequence(volumes, values or [40.0 * n for n in range(count)])


def has_colour(path, colour, *, below=0):
    """Tell whether a picture has pixels of a colour given as #RRGGBB below a row."""
    wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])
    pixels = np.asarray(Image.open(path).convert("RGB"))[below:].astype(int)
    return bool((np.abs(pixels - wanted).max(axis=-1) <= 2).any())
