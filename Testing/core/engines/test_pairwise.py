"""The adapter that lifts engines of pairs to sequences: what is prepared, when, and how long it is kept."""

from dataclasses import replace

import numpy as np
import pytest

from stand_in_engines import StandIn, blended
from stand_ins import cancel
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines import pairwise
from temporal_interp.engines.pairwise import Synthesised
from temporal_interp.errors import CancelledError, InvalidInputError


@pytest.fixture
def cine():
    return Sequence.from_numpy(np.arange(4 * 6, dtype=float).reshape(4, 1, 2, 3), times=[0, 10, 30, 60])


def gaps_of(engine):
    return [pair.gap.number for pair in engine.prepared]


def test_a_gap_is_prepared_when_first_asked_for_and_then_kept(cine):
    engine = StandIn(blended)
    prepared = engine.prepare(cine)
    assert gaps_of(engine) == []
    prepared.at([45.0, 50.0, 5.0])
    assert gaps_of(engine) == [2, 0]
    prepared.at(40.0)
    prepared.prepare_gap(0)
    assert gaps_of(engine) == [2, 0]


def test_acquired_frames_prepare_nothing(cine):
    engine = StandIn(blended)
    assert [frame.volume for frame in engine.prepare(cine).at([0, 10, 30, 60])] == list(cine.volumes)
    assert gaps_of(engine) == []


def test_the_gaps_asked_for_last_are_kept_and_no_more_than_fit(cine, monkeypatch):
    monkeypatch.setattr(pairwise, "KEPT_GAPS", 2)
    engine = StandIn(blended)
    prepared = engine.prepare(cine)
    for time in (5, 20, 6, 45, 7, 20):
        prepared.at(time)
    assert gaps_of(engine) == [0, 1, 2, 1]


def test_times_of_a_gap_are_asked_for_together_and_ends_only_for_their_fields(cine):
    engine = StandIn(blended)
    prepared = engine.prepare(cine)
    prepared.at([5.0, 10.0, 20.0, 2.5])
    assert engine.asked == [(0.5, False), (0.25, False), (0.5, False)]
    engine.asked.clear()
    prepared.at([0.0, 10.0], fields=True, gap=0)
    assert engine.asked == [(0.0, True), (1.0, True)]


def test_a_gap_that_failed_is_prepared_anew(cine):
    engine = StandIn(blended)
    prepared = engine.prepare(cine)
    with pytest.raises(CancelledError):
        prepared.prepare_gap(1, progress=cancel)
    prepared.at(20.0)
    assert gaps_of(engine) == [1, 1]


def test_pairs_know_what_is_known_of_the_sequence(cine):
    engine = StandIn(blended)
    engine.prepare(cine.hiding([1, 2])).at(30.0)
    (pair,) = engine.prepared
    assert (pair.first, pair.last) == (cine[0], cine[3])
    assert pair.intensity_range == cine.intensity_range
    assert pair.independent
    assert pair.normalised[0] is cine.scaled.normalised(cine[0])  # scaled once for all


def test_a_gap_can_be_given_up(cine):
    engine = StandIn(blended)
    prepared = engine.prepare(cine)
    prepared.at(5.0)
    prepared.forget_gap(0)
    prepared.forget_gap(2)  # was never prepared
    prepared.at(5.0)
    assert gaps_of(engine) == [0, 0]


@pytest.mark.parametrize("number", [-1, 3])
def test_a_gap_that_is_not_there_is_refused(cine, number):
    prepared = StandIn(blended).prepare(cine)
    with pytest.raises(InvalidInputError, match=f"no gap {number}; the sequence has gaps 0 to 2"):
        prepared.prepare_gap(number)
    with pytest.raises(InvalidInputError, match="no gap"):
        prepared.at(5.0, gap=number)


def test_only_frames_that_are_looked_at_have_to_show_something(cine):
    cine[3].array[:] = np.nan
    engine = StandIn(blended)
    prepared = engine.prepare(cine)
    assert np.isfinite(prepared.at(5.0).volume.array).all()
    with pytest.raises(InvalidInputError, match="The frame at 60 ms is NaN"):
        engine.prepare(cine.hiding([0])).at(50.0)


def test_nan_comes_back_whatever_the_engine_makes_of_the_place(cine):
    for number in (0, 1):
        cine[number].array[0, 0, 0] = np.nan
    cine[1].array[0, 1, 1] = np.inf
    engine = StandIn(lambda pair, t: Synthesised(pair.first.with_array(np.full_like(pair.first.array, 7.0))))
    made = engine.prepare(cine).at(5.0).volume.array
    assert np.isnan(made[0, 0, 0])
    assert np.count_nonzero(made == 7.0) == made.size - 1


@pytest.mark.parametrize(
    ("time", "frames"), [(14.0, (10, 30)), (20.0, (10, 30)), (20.0 + 1e-9, (10, 30)), (26.0, (30, 10))]
)
def test_a_frame_names_the_two_it_was_made_from_the_nearer_first(cine, time, frames):
    assert StandIn(blended).prepare(cine).at(time).provenance.frames == frames


def test_further_frames_follow_by_their_index_values_and_none_twice(cine):
    engine = StandIn(lambda pair, t: replace(blended(pair, t), context=(3, 0, 1, 3)))
    prepared = engine.prepare(cine)
    assert prepared.at(14.0).provenance.frames == (10, 30, 60, 0)
    assert prepared.at(14.0).attributes["TemporalInterp.IndexValues"] == "10 30 60 0"
    assert engine.prepare(cine.as_loop(80.0)).at(75.0).provenance.frames == (0, 60, 10)


def test_one_frame_has_no_gap(cine):
    with pytest.raises(InvalidInputError, match="one frame"):
        StandIn(blended).prepare(cine[:1])
