"""Automatic, measured: the engine that predicts hidden frames best, and the blend where none does."""

import numpy as np
import pytest

import temporal_interp as ti
from stand_in_engines import StandIn, blended
from temporal_interp.engines import registry
from temporal_interp.engines.pairwise import Synthesised
from temporal_interp.workflows import measured_choice
from temporal_interp.workflows.measured_choice import measure_engines


def cine(count=9, step=2.0):
    j, i = np.mgrid[:32, :32]
    frames = [np.exp(-((i - 8 - step * n) ** 2 + (j - 16) ** 2) / 8) for n in range(count)]
    return ti.Sequence.from_numpy(np.float32(frames), times=[30.0 * n for n in range(count)])


def rolled(pair, t):
    """Return the truth: everything moves by two voxels in 30 ms."""
    return Synthesised(pair.first.with_array(np.roll(pair.first.array, round(t * pair.gap.length / 15), axis=-1)))


@pytest.fixture
def two_engines(monkeypatch):
    """The blend, and one that knows the motion in the place of the velocity field."""
    specs = registry.engine_specs()
    there = [specs["velocity_field"], specs["linear_blend"]]
    made = {"velocity_field": StandIn(rolled, "velocity_field"), "linear_blend": StandIn(blended, "linear_blend")}
    monkeypatch.setattr(measured_choice, "candidates", lambda *args, **named: (list(there), {}))
    monkeypatch.setattr(measured_choice, "create_engine", lambda name, device: made[name])


def test_the_best_is_taken_with_its_table(two_engines):
    choice = measure_engines(cine())
    assert choice.name == "velocity_field"
    assert "4 of its acquired frames hidden" in choice.reason
    assert [row["engine"] for row in choice.rows] == ["velocity_field", "linear_blend"]
    assert choice.rows[0]["gain"] > 0.1
    assert choice.rows[1]["gain"] == 0
    assert len(choice.in_lines()) == 2


def test_where_none_beats_the_blend_it_blends_and_says_so(two_engines):
    noise = np.random.default_rng(0).random((9, 1, 24, 24))
    choice = measure_engines(ti.Sequence.from_numpy(noise))
    assert choice.name == "linear_blend"
    assert "no engine is ahead" in choice.reason


def test_too_few_frames_leave_the_declared_choice():
    choice = measure_engines(cine(5))
    assert choice.rows == ()
    assert "there are 2" in choice.reason
    assert "Automatic is" in choice.reason
    assert measure_engines(cine(2)).rows == ()


def test_an_engine_that_would_take_too_long_is_left_out(two_engines, monkeypatch):
    ticks = iter(range(0, 100_000, 7))
    monkeypatch.setattr(measured_choice.time, "monotonic", lambda: float(next(ticks)))
    choice = measure_engines(cine(), patience=10.0)
    assert choice.name == "linear_blend"
    assert [row["engine"] for row in choice.rows] == ["linear_blend"]
    assert "Left out: the velocity field (it would be measured for about" in choice.reason


def test_synthetic_frames_are_not_measured_on(two_engines):
    smooth = ti.interpolate(cine(), factor=2, engine="linear_blend")
    assert "4 of its acquired" in measure_engines(smooth).reason


def test_a_measurement_can_be_cancelled(two_engines):
    def stop(fraction, message):
        if fraction > 0.5:
            raise ti.CancelledError("stop")

    with pytest.raises(ti.CancelledError):
        measure_engines(cine(), progress=stop)


def test_interpolate_takes_what_was_measured(two_engines):
    smooth = ti.interpolate(cine(), factor=2, engine="auto-measured")
    assert smooth.item_attributes[1]["TemporalInterp.Engine"] == "velocity_field"


def test_it_is_no_engine_of_its_own():
    with pytest.raises(ti.InvalidInputError, match="depends on the sequence"):
        ti.engine("auto-measured")
