"""Which frames around the endpoints a sample shows."""

import numpy as np
import pytest

from temporal_interp.training.datasets.neighbour_choice import Around, choose_around, frames_around

TIMES = (0.0, 30.0, 60.0, 100.0, 130.0, 160.0)


def named(sides):
    return [[(one.frame, pytest.approx(one.distance)) for one in side] for side in sides]


def test_frames_on_both_sides_are_the_nearest_first_with_their_distances():
    assert named(frames_around(TIMES, None, range(6), 2, 3)) == [[(1, 0.75), (0, 1.5)], [(4, 0.75), (5, 1.5)]]


def test_only_allowed_frames_are_shown():
    assert named(frames_around(TIMES, None, (0, 2, 3, 5), 2, 3)) == [[(0, 1.5)], [(5, 1.5)]]


def test_frames_between_the_endpoints_are_never_shown():
    assert named(frames_around(TIMES, None, range(6), 1, 4)) == [[(0, 0.3)], [(5, 0.3)]]


def test_at_the_ends_of_a_sequence_there_may_be_none():
    assert named(frames_around(TIMES, None, range(6), 0, 5)) == [[], []]


def test_a_loop_goes_on_on_both_sides():
    before, after = frames_around(TIMES, 200.0, (0, 1, 4, 5), 1, 4)
    assert named([before, after]) == [[(0, 0.3), (5, 0.7)], [(5, 0.3), (0, 0.7)]]


def test_what_is_too_far_away_tells_nothing():
    assert named(frames_around((0.0, 50.0, 60.0, 70.0, 75.0), None, range(5), 1, 2)) == [[], [(3, 1.0), (4, 1.5)]]


SIDES = [Around(3, 0.25), Around(2, 0.5), Around(1, 1.0), Around(0, 2.0)], [Around(9, 0.5)]


def drawn(beside, count=2000):
    rng = np.random.default_rng(0)
    return [choose_around(SIDES, beside, rng) for _ in range(count)]


def test_even_distances_and_the_next_frames_are_the_most_frequent_and_all_occur():
    frames = [before.frame for before, _ in drawn("kept")]
    shares = {frame: frames.count(frame) / len(frames) for frame in set(frames)}
    assert set(shares) == {0, 1, 2, 3}
    assert min(shares[1], shares[3]) > 0.4


def test_kept_ones_are_all_there():
    assert all(before is not None and after is not None for before, after in drawn("kept"))


def test_drawn_ones_are_left_out_at_random_one_or_both():
    kinds = [(before is not None, after is not None) for before, after in drawn("drawn")]
    shares = {kind: kinds.count(kind) / len(kinds) for kind in set(kinds)}
    assert shares == {
        (True, True): pytest.approx(0.6, abs=0.05),
        (True, False): pytest.approx(0.1, abs=0.03),
        (False, True): pytest.approx(0.1, abs=0.03),
        (False, False): pytest.approx(0.2, abs=0.04),
    }


def test_without_them_nothing_is_drawn():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert choose_around(SIDES, "none", rng) == (None, None)
    assert rng.bit_generator.state == before


def test_a_side_without_frames_has_none():
    assert choose_around(([], SIDES[1]), "kept", np.random.default_rng(0)) == (None, SIDES[1][0])
