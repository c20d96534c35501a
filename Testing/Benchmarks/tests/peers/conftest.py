"""A pair of volumes whose motion is known, on a grid on which a wrong order, sign, unit or direction shows."""

from dataclasses import dataclass

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import TemporalInterpError

ROTATION = np.radians(30)
OBLIQUE = (
    (np.cos(ROTATION), -np.sin(ROTATION), 0.0),
    (np.sin(ROTATION), np.cos(ROTATION), 0.0),
    (0.0, 0.0, 1.0),
)


@dataclass(frozen=True, eq=False)
class KnownPair:
    """Two volumes, the frame half-way, both true fields (K, J, I, 3) LPS mm, and where the blob moves."""

    first: Volume
    last: Volume
    middle: np.ndarray
    first_to_last: np.ndarray
    last_to_first: np.ndarray
    moving: np.ndarray


def moved_blob(shape, motion):
    """Return a blob in texture that moves by `motion` voxels along (I, J, K) in its middle and by less around it."""
    geometry = Geometry(shape, (3.0, 2.4, 6.0), (-40.0, 25.0, 7.0), OBLIQUE)
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij")[::-1], axis=-1)
    x = index @ geometry.voxel_to_physical.T + geometry.origin
    centre = geometry.physical_point([(n - 1) / 2 for n in shape])
    shift = geometry.voxel_to_physical @ motion
    rng = np.random.default_rng(0)
    seeds = centre + rng.uniform(-1, 1, (40, 3)) * [60, 52, 32] @ np.asarray(OBLIQUE).T
    heights, sizes = rng.uniform(0.1, 0.35, 40), rng.uniform(7, 14, 40)

    def picture(points):
        value = 0.6 / (1 + np.exp((np.linalg.norm(points - centre, axis=-1) - 22.0) / 1.6))
        for seed, height, size in zip(seeds, heights, sizes, strict=True):
            value = value + height * np.exp(-((points - seed) ** 2).sum(-1) / (2 * size**2))
        return (value / 1.4).clip(0, 1)

    def motion_at(points):
        return -shift * np.exp(-((points - centre) ** 2).sum(-1, keepdims=True) / (2 * 28.0**2))

    there = motion_at(x)
    back = np.zeros_like(x)
    for _ in range(60):
        back = -motion_at(x + back)
    frames = [picture(x + t * there) for t in (0.0, 0.5, 1.0)]
    noisy = [(frame + rng.normal(0, 0.01, shape)).clip(0, 1).astype(np.float32) for frame in frames]
    moving = np.linalg.norm(there, axis=-1) > 0.5 * np.linalg.norm(shift)
    return KnownPair(Volume(noisy[0], geometry), Volume(noisy[2], geometry), frames[1], there, back, moving)


@pytest.fixture(scope="session")
def known_pair():
    """A volume of 12 x 40 x 44."""
    return moved_blob((12, 40, 44), (3.0, -1.0, 0.5))


@pytest.fixture(scope="session")
def known_slice():
    """One slice of 40 x 44, whose motion stays in it."""
    return moved_blob((1, 40, 44), (3.0, -1.0, 0.0))


@pytest.fixture
def or_skip():
    """Function that calls another and skips where a package it needs is not installed."""

    def call(make, *arguments):
        try:
            return make(*arguments)
        except TemporalInterpError as error:
            if "not installed" in str(error):
                pytest.skip(str(error))
            raise

    return call
