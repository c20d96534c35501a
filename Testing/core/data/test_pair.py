"""A pair knows the gaps around it, as far as their frames can be used."""

import numpy as np
import pytest

from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Sequence


def pair_of(cine, gap):
    return Pair(cine, cine.gaps[gap])


@pytest.fixture
def cine():
    return Sequence.from_numpy(np.zeros((4, 1, 2, 3)), times=[0, 10, 30, 60])


def test_the_gaps_around_a_pair_are_those_of_the_sequence(cine):
    pair = pair_of(cine, 1)
    assert (pair.gap_before, pair.gap_after) == (cine.gaps[0], cine.gaps[2])


def test_there_is_none_beyond_the_ends_but_in_a_loop(cine):
    assert pair_of(cine, 0).gap_before is pair_of(cine, 2).gap_after is None
    loop = cine.as_loop(80.0)
    assert pair_of(loop, 0).gap_before == pair_of(loop, 2).gap_after == loop.gaps[3]


@pytest.mark.parametrize(("bad", "left"), [(0, (None, 2)), (3, (0, None)), (1, (0, 2))])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gap_whose_far_frame_shows_nothing_counts_as_missing(cine, bad, left, value):
    cine[bad].array[:] = value
    pair = pair_of(cine, 1)
    assert tuple(gap and gap.number for gap in (pair.gap_before, pair.gap_after)) == left


def test_a_gap_whose_far_frame_shows_something_counts(cine):
    cine[0].array[0, 1, 1] = np.nan
    assert pair_of(cine, 1).gap_before is not None


def test_what_one_frame_does_not_show_both_have_from_the_other():
    frames = np.arange(24.0).reshape(2, 1, 3, 4)
    frames[0, 0, 0, 0] = np.nan
    frames[1, 0, 1, 1] = np.inf
    frames[:, 0, 2, 3] = np.nan
    pair = pair_of(Sequence.from_numpy(frames), 0)
    first, last = pair.centred
    assert np.isfinite(first).all()
    assert np.isfinite(last).all()
    assert first[0, 0, 0] == last[0, 0, 0] == 12 - np.float32(pair.intensity_range.low)
    assert first[0, 1, 1] == last[0, 1, 1] == 5 - np.float32(pair.intensity_range.low)
    assert first[0, 2, 3] == first[0, 2, 2]  # the nearest one: neither shows the place
    assert [int((~seen).sum()) for seen in pair.seen] == [2, 2]
