"""Small sequences, and subjects made of them."""

from collections.abc import Callable

import numpy as np
import pytest

from random_subjects import SLICE
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.training.datasets.random_subject_samples import RandomSubjectSamples
from temporal_interp.training.datasets.subject import Case, LoadedSubject


@pytest.fixture
def make_sequence() -> Callable[..., Sequence]:
    """Function that makes frames of noise around 1000 times the number of the frame, so that each tells which it is."""

    def make(count=6, shape=(3, 10, 12), dtype="uint16", spacing=(1.5, 1.25, 4.0), values=None, **changes):
        rng = np.random.default_rng(1)
        geometry = Geometry(shape, spacing)
        frames = [Volume((1000 * n + rng.integers(0, 500, shape)).astype(dtype), geometry) for n in range(count)]
        return Sequence(frames, range(count) if values is None else values, **changes)

    return make


@pytest.fixture
def subject_of() -> Callable[..., LoadedSubject]:
    """Function that makes a subject of a sequence, with its first and last frame as endpoints."""

    def make(sequence, name="somebody", first=0, last=None, truth=None) -> LoadedSubject:
        return LoadedSubject(Case(name, sequence, first, len(sequence) - 1 if last is None else last, truth))

    return make


@pytest.fixture(scope="module")
def slices():
    return RandomSubjectSamples(SLICE)
