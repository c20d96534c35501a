"""The frames around a pair that a student with context is shown."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs.outer_frames import outer_frames

SHAPE = (1, 4, 5)


def numbered(times, **more):
    """Frames whose every voxel is the number of the frame, but for one that tells the range."""
    frames = [np.full(SHAPE, number, np.float32) for number in range(len(times))]
    for frame in frames:
        frame[0, 0, :2] = 0, len(times)
    return Sequence([Volume(frame, Geometry(SHAPE)) for frame in frames], times, **more)


def around(sequence, gap):
    """The number and the distance of the frame on either side."""
    sides = outer_frames(Pair(sequence, sequence.gaps[gap]))
    return [None if side is None else (side.frame, pytest.approx(side.distance)) for side in sides]


def test_they_are_the_next_ones_at_their_distance_in_lengths_of_the_gap():
    assert around(numbered([0, 30, 80, 180]), 1) == [(0, 0.6), (3, 2.0)]


def test_at_the_ends_of_a_sequence_there_is_none():
    assert around(numbered([0, 30, 80]), 0) == [None, (2, pytest.approx(50 / 30))]
    assert around(numbered([0, 30]), 0) == [None, None]


def test_a_loop_goes_on():
    loop = numbered([0, 30, 80]).as_loop(100)
    assert around(loop, 2) == [(1, 2.5), (1, 1.5)]
    assert around(loop, 0) == [(2, pytest.approx(20 / 30)), (2, pytest.approx(50 / 30))]


@pytest.mark.parametrize("gap", [0, 1], ids=["from first to last", "back to the first"])
def test_the_other_end_of_a_gap_does_not_lie_around_it(gap):
    assert around(numbered([0, 40]).as_loop(100), gap) == [None, None]
    hidden = numbered([0, 10, 30, 40]).as_loop(100).hiding([1, 2])
    assert around(hidden, gap) == [None, None]


def test_one_that_is_far_away_tells_nothing():
    assert around(numbered([0, 90, 100, 110]), 1) == [None, (3, 1.0)]


def test_one_that_shows_nothing_is_none():
    sequence = numbered([0, 30, 60, 90])
    sequence[0].array[:] = np.nan
    assert around(sequence, 1) == [None, (3, 1.0)]


def test_voxels_are_scaled_and_what_a_frame_does_not_show_is_that_of_the_end_beside_it():
    sequence = numbered([0, 30, 60, 90])
    sequence[0].array[0, 2, 2] = np.nan
    pair = Pair(sequence, sequence.gaps[1])
    before, after = outer_frames(pair)
    for side, number in ((before, 0), (after, 3)):
        assert side.voxels.dtype == np.float32
        np.testing.assert_allclose(side.voxels[0, 3], pair.intensity_range.normalise(np.float32(number)), atol=1e-6)
    assert before.voxels[0, 2, 2] == pair.normalised[0][0, 2, 2]
