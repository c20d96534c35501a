"""The error to expect of synthetic slices: large where slices do not follow from their neighbours."""

import numpy as np
import pytest

from stand_ins import cancel_beyond
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.slices.expected_error import expected_error

SIDE = 48
ODD = (slice(8, 18), slice(30, 40))


def a_stack(slices=6):
    """A disc that stays, and a corner that is another in every slice."""
    j, i = np.mgrid[:SIDE, :SIDE]
    array = np.repeat((600 / (1 + np.exp(np.hypot(j - 30, i - 18) - 9)))[None], slices, 0).astype(np.float32)
    array[(slice(None), *ODD)] += np.random.default_rng(0).uniform(0, 500, (slices, 1, 1)).astype(np.float32)
    return Sequence.from_numpy(array[None], spacing=(1.0, 1.0, 4.0))


def test_it_is_large_where_slices_do_not_follow_from_their_neighbours():
    error = expected_error(a_stack(), 3)[0]
    assert (error.geometry.shape, error.geometry.spacing) == ((16, SIDE, SIDE), (1.0, 1.0, 4 / 3))
    assert error.array.dtype == np.float32
    assert (error.array[::3] == 0).all(), "acquired slices are what they are"
    between = error.array[np.arange(16) % 3 != 0]
    assert between[(slice(None), *ODD)].mean() > 40
    assert between[:, 26:36, 12:24].max() < 2, "the disc stays"


def test_it_is_largest_half_way():
    array = expected_error(a_stack(), 4)[0].array[(slice(None), *ODD)].mean((1, 2))
    assert array[4] == 0 < array[5] < array[6] > array[7] > array[8] == 0


def test_every_frame_of_a_cine_has_its_own_and_nan_stays():
    one, other = a_stack()[0], a_stack()[0].array.copy()
    other[:, :4] = np.nan
    cine = Sequence([one, one.with_array(other)], [0, 40])
    made = expected_error(cine, 2)
    assert made.times == cine.times
    assert np.isfinite(made[0].array).all()
    np.testing.assert_array_equal(np.isnan(made[1].array), np.isnan(np.repeat(other[:1], 11, 0)))


def test_a_constant_stack_has_none():
    assert (expected_error(Sequence.from_numpy(np.ones((1, 4, 8, 8))), 2)[0].array == 0).all()


def test_two_slices_tell_nothing():
    with pytest.raises(InvalidInputError, match="there must be three"):
        expected_error(a_stack(2), 2)
    assert expected_error(a_stack(3), 2)[0].array[(1, *ODD)].mean() > 10


def test_work_can_be_stopped():
    with pytest.raises(CancelledError):
        expected_error(a_stack(), 2, progress=cancel_beyond(0.4))
