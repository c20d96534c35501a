"""A volume of noise, and a training of slice synthesis that takes a moment."""

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.slices.settings import SliceTrainingSettings

QUICK = SliceTrainingSettings(steps=1, slices=5, side=12, batch=2, wavelets=1.0)


def a_volume(shape=(10, 16, 18), spacing=(1.0, 1.0, 2.0), seed=0) -> Volume:
    return Volume(np.random.default_rng(seed).random(shape).astype(np.float32), Geometry(shape, spacing))
