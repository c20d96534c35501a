"""Volumes of balls to fit slice synthesis to: with all their slices, and with every second one."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume


def balls(shape, spacing, seed=0):
    """Balls of even brightness with soft edges, of which every view shows the same."""
    generator = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(*(np.arange(n) * s for n, s in zip(shape, spacing, strict=True)), indexing="ij"), -1)
    image = np.zeros(shape, np.float32)
    extent = np.array(shape) * spacing
    for _ in range(40):
        distance = np.linalg.norm(places - generator.uniform(0, extent), axis=-1)
        image += generator.uniform(-1, 1) / (1 + np.exp((distance - generator.uniform(2, 6)) / 0.35))
    return image


@pytest.fixture(scope="module")
def thin():
    return Volume(balls((41, 48, 48), (1.0, 1.0, 1.0)), Geometry((41, 48, 48)))


@pytest.fixture(scope="module")
def thick(thin):
    return Volume(thin.array[::2].copy(), Geometry((21, 48, 48), (1.0, 1.0, 2.0)))
