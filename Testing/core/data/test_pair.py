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
def test_a_gap_whose_far_frame_is_not_finite_counts_as_missing(cine, bad, left, value):
    cine[bad].array[0, 1, 1] = value
    pair = pair_of(cine, 1)
    assert tuple(gap and gap.number for gap in (pair.gap_before, pair.gap_after)) == left
