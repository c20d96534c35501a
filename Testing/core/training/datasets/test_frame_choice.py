"""The endpoints and targets of samples; `test_subject_samples` has what is drawn from them."""

import numpy as np
import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.training.datasets.frame_choice import (
    around,
    choose,
    endpoint_pairs,
    targets_of,
    time_of,
    triplet_pairs,
)


@pytest.fixture
def case(make_sequence, subject_of):
    return subject_of(make_sequence(7), first=1, last=5).case


def test_endpoints_are_one_pair(case):
    ((pair,),) = endpoint_pairs(case, range(7))
    assert (pair.first, pair.last, pair.between) == (1, 5, (2, 3, 4))
    assert targets_of(((pair,),)) == (2, 3, 4)


def test_triplets_are_grouped_by_their_distance(case):
    pairs = triplet_pairs(case, (0, 1, 2, 4, 6), None)
    assert [[(p.first, p.last, p.between) for p in group] for group in pairs] == [
        [(0, 2, (1,))],
        [(1, 4, (2,))],
        [(0, 4, (1, 2)), (2, 6, (4,))],
    ]
    assert targets_of(pairs) == (1, 2, 4)


def test_pairs_around_a_target_have_it_alone(case):
    pairs = around(triplet_pairs(case, range(7), 3), 3)
    assert {(p.first, p.last) for group in pairs for p in group} == {(2, 4), (1, 4), (2, 5)}
    assert {choose(pairs, np.random.default_rng(seed))[1] for seed in range(20)} == {3}
    assert around(pairs, 6) == ()


def test_the_time_of_a_target_is_its_share_of_the_way(case):
    ((pair,),) = endpoint_pairs(case, range(7))
    assert time_of((0, 10, 12, 15, 18, 20, 30), pair, 2) == pytest.approx(0.2)


def test_too_few_frames_are_refused(case):
    with pytest.raises(InvalidInputError, match="the endpoints, frames 1 and 5"):
        endpoint_pairs(case, (1, 5))
    with pytest.raises(InvalidInputError, match="within a gap of 1 frames"):
        triplet_pairs(case, range(7), 1)
