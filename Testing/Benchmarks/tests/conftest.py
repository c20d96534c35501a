"""Tiny cases and made-up engines for the benchmark."""

import json
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from comparison.case_file import write_case
from comparison.cases import BenchmarkCase, CaseSet
from comparison.one_engine import SHOWN_FILE
from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.evaluation.hold_out import every

SHAPE = (1, 16, 18)


def make_case(name="blob", *, truth=True, frames=7, seed=0):
    """A blob that goes one voxel of 1.5 mm a frame along I, every third frame kept."""
    rng = np.random.default_rng(seed)
    j, i = np.mgrid[: SHAPE[1], : SHAPE[2]]
    blobs = [np.exp(-((j - 8) ** 2 + (i - 5 - n) ** 2) / 8)[None] for n in range(frames)]
    geometry = Geometry(SHAPE, (1.5, 1.5, 8.0))
    volumes = [Volume((blob + rng.normal(0, 0.01, SHAPE)).astype(np.float32), geometry) for blob in blobs]
    sequence = Sequence(volumes, [10.0 * n for n in range(frames)])

    def moved(source, number):
        return np.broadcast_to(np.float32((1.5 * (source - number), 0, 0)), (*SHAPE, 3))

    return BenchmarkCase(name, sequence, every(sequence, 3), MotionTruth(moved) if truth else None)


@pytest.fixture
def make_blob():
    return make_case


@pytest.fixture
def blob_set():
    return CaseSet("blobs", "blobs that move", lambda: [make_case("one"), make_case("two", seed=1)])


@pytest.fixture
def set_folder(tmp_path):
    """Function that writes cases as the parent process does."""

    def write(*cases, shown=(0, 2)):
        for number, case in enumerate(cases):
            write_case(case, tmp_path / f"{number:03d}.npz")
        (tmp_path / SHOWN_FILE).write_text(json.dumps(shown))
        return tmp_path

    return write


@dataclass
class MadeUp(PairwiseEngine):
    """Blends, claims that nothing moved, and counts and delays as it is told."""

    name: str = "student"
    settings: str = "made=up"
    model: str = "none 1"
    model_sha256: str = ""
    fails_on: float = float("inf")
    prepare_delay: float = 0.0
    frame_delay: float = 0.0
    calls: list = field(default_factory=list)

    def prepare_pair(self, pair, *, progress):
        self.calls.append("prepare")
        if len([call for call in self.calls if call == "prepare"]) > self.fails_on:
            raise RuntimeError("out of\n  luck")
        time.sleep(self.prepare_delay)
        return _Prepared(self, pair)


@dataclass
class _Prepared:
    engine: MadeUp
    pair: Pair

    def at(self, t, *, fields=False):
        if len(t) > 1:
            self.engine.calls.append("many")
            time.sleep(self.engine.frame_delay)
        return [self._at(share, fields) for share in t]

    def _at(self, t, fields):
        self.engine.calls.append("fields" if fields else "frame")
        time.sleep(self.engine.frame_delay)
        first, last = self.pair.first, self.pair.last
        volume = first.with_array((1 - t) * first.array + t * last.array)
        if not fields:
            return Synthesised(volume)
        still = DisplacementField(np.zeros((*SHAPE, 3), np.float32), np.ones(SHAPE, np.float32), first.geometry)
        return Synthesised(volume, still, still)


@pytest.fixture
def made_up():
    return MadeUp
