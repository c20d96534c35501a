"""How long a tracking takes, from a few steps of its fits."""

import time
from dataclasses import replace

import numpy as np
import pytest

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking import duration
from temporal_interp.tracking.duration import STEPS, seconds_to_track
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.track import track

SETTINGS = TrackingSettings(passes=(10, 10, 8, 8), refinement_passes=8)


def cine(frames=6, side=96, slices=2):
    random = np.random.default_rng(1)
    texture = random.normal(size=(1, slices, side, side)).repeat(frames, 0)
    moved = [np.roll(frame, n, axis=-1) for n, frame in enumerate(texture)]
    return Sequence.from_numpy(np.stack(moved).astype(np.float32), spacing=(1.5, 1.5, 10.0), slice_thickness=6.0)


@pytest.fixture
def by_processor(monkeypatch):
    """Seconds of this process, so that other work on the machine does not matter."""
    monkeypatch.setattr(duration.time, "perf_counter", time.process_time)


def test_it_tells_about_the_time_that_the_tracking_takes(by_processor):
    sequence = cine()
    seconds_to_track(sequence, SETTINGS)  # the first fit of a process is slower
    told = seconds_to_track(sequence, SETTINGS)
    start = time.process_time()
    track(sequence, SETTINGS)
    assert told == pytest.approx(time.process_time() - start, rel=0.6)


@pytest.fixture
def counted(monkeypatch):
    """Every fit takes a second a step; the conversion of its fields takes none."""
    clock = [0.0]

    def run(fit, *, progress):
        for level in range(len(duration.levels_of(tuple(fit.pairs.frames.shape[2:]), fit.spacing, fit.settings))):
            for step in range(STEPS):
                progress(0.0, "")
                clock[0] += 1.0 + 5.0 * (level == step == 0)  # the first also prepares
        progress(1.0, "")

    monkeypatch.setattr(duration.PairVelocityFit, "run", run)
    monkeypatch.setattr(duration.time, "perf_counter", lambda: clock[0])


def test_steps_count_as_often_as_they_are_taken(counted):
    settings = replace(SETTINGS, scales=(2, 1), passes=(7, 5), refinement=(1,), refinement_passes=3)
    sequence = cine(frames=4, side=64, slices=1)  # so small that all pairs are fitted at once
    assert seconds_to_track(sequence, settings) == pytest.approx(7 + 5 + 3)
    assert seconds_to_track(sequence, replace(settings, refinement=())) == pytest.approx(7 + 5)


def test_a_mask_makes_it_shorter_and_more_frames_longer(by_processor):
    few, many = cine(frames=3, side=160), cine(frames=12, side=160)
    mask = np.zeros((2, 160, 160), bool)
    mask[:, 70:90, 70:90] = True
    seconds_to_track(few, SETTINGS)
    assert seconds_to_track(many, SETTINGS) > 2 * seconds_to_track(few, SETTINGS)
    assert seconds_to_track(many, SETTINGS, mask=mask) < 0.7 * seconds_to_track(many, SETTINGS)


def test_one_frame_and_networks_are_refused():
    with pytest.raises(InvalidInputError, match="only one"):
        seconds_to_track(cine(frames=1))
    with pytest.raises(InvalidInputError, match="'nmsr'"):
        seconds_to_track(cine(), TrackingSettings(method="nmsr"))
