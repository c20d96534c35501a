"""Settings of small random subjects, and samples drawn of them."""

import numpy as np
import torch

from temporal_interp.simulation.random_subject_settings import SyntheticSettings

SLICE = SyntheticSettings(shape=(1, 32, 40), subjects=3, margin=8)
STACK = SyntheticSettings(shape=(3, 32, 32), subjects=2, margin=8)


def draw(source, index=0, seed=0):
    return source.draw(index, np.random.default_rng(seed))


def equal(one, other):
    tensors = ("first", "last", "target", "displacements")
    return all(torch.equal(getattr(one, n), getattr(other, n)) for n in tensors) and one.t == other.t
