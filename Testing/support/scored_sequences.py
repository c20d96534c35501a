"""Sequences of noise to score on, and an engine that claims a fixed motion."""

import numpy as np

from stand_in_engines import StandIn, shifted
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume


def make_sequence(count=5, shape=(2, 12, 14), values=None, dtype=np.uint16, seed=0):
    rng = np.random.default_rng(seed)
    arrays = rng.integers(0, 200, (count, *shape)).astype(dtype)
    geometry = Geometry(shape, (1.5, 1.5, 8.0))
    return Sequence([Volume(a, geometry) for a in arrays], values or range(0, 10 * count, 10))


def shift_engine(vector=(0.0, 0.0, 0.0), jacobian=1.0, **named):
    """Repeats the first frame and claims that everything moved by a fixed vector in mm."""
    return StandIn(shifted(vector, jacobian), **({"name": "shift"} | named))
