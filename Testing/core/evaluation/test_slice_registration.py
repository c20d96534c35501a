"""Slices between slices by the registration of others: where tissue lands, and which way fields go."""

import numpy as np
import pytest

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, no_progress
from temporal_interp.evaluation.pairwise_demons import fast_symmetric_demons
from temporal_interp.evaluation.slice_registration import RegisteredSlices

SPACING = (0.5, 2.0, 4.0)
"""Along I, J, K in mm: all three differ, so that none can be taken for another."""


def blob(row, column, shape=(20, 40)):
    j, i = np.indices(shape)
    return np.exp(-(((j - row) / 3) ** 2) - ((i - column) / 3) ** 2).astype(np.float32)


def stack(*slices):
    array = np.stack(slices)
    return Volume(array, Geometry(array.shape, SPACING))


def centre(image):
    j, i = np.indices(image.shape)
    return float((image * j).sum() / image.sum()), float((image * i).sum() / image.sum())


def known(down, across):
    """A registration that knows by how many voxels the second slice lies further, and notes its calls.

    Its field resamples the moving slice into the fixed one, in mm along (x, y).
    """
    calls = []

    def register(fixed, moving, spacing, initial):
        calls.append((fixed, moving, spacing))
        later = centre(moving)[1] > centre(fixed)[1]
        sign = 1 if later else -1
        shift = np.array([across * spacing[0], down * spacing[1]]) * sign
        return np.broadcast_to(shift, (*fixed.shape, 2)).copy()

    return register, calls


def add(method, given, factor=2, progress=no_progress):
    return method.add(given, factor, keep_given=True, progress=progress)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_both_slices_are_moved_to_the_place_between(factor):
    given = stack(blob(8, 14), blob(12, 22), blob(16, 30))
    register, calls = known(down=4, across=8)
    made = add(RegisteredSlices("some", register), given, factor)
    assert made.geometry.shape == (2 * factor + 1, 20, 40)
    assert made.geometry.spacing == (0.5, 2.0, 4.0 / factor)
    for number, image in enumerate(made.array):
        row, column = 8 + 4 * number / factor, 14 + 8 * number / factor
        assert centre(image) == pytest.approx((row, column), abs=0.3)
        assert image.max() > 0.9  # moved, not blended
    np.testing.assert_array_equal(made.array[::factor], given.array)
    assert len(calls) == 4  # both ways, once a gap
    assert {spacing for _, _, spacing in calls} == {(0.5, 2.0)}


def test_slices_without_contrast_are_blended():
    register, calls = known(0, 0)
    made = add(RegisteredSlices("some", register), stack(np.zeros((20, 40), np.float32), blob(8, 14)))
    np.testing.assert_allclose(made.array[1], blob(8, 14) / 2, atol=1e-6)
    assert not calls


def test_what_no_slice_shows_stays_unknown():
    given = stack(blob(8, 14), blob(8, 14), blob(8, 14))
    given.array[:2, 0] = np.nan
    made = add(RegisteredSlices("some", known(0, 0)[0]), given)
    assert np.isnan(made.array[1, 0]).all()
    assert np.isfinite(made.array[3]).all()  # the third shows it


def test_integers_become_floats():
    given = stack((blob(8, 14) * 100).astype(np.int16), (blob(8, 14) * 100).astype(np.int16))
    assert add(RegisteredSlices("some", known(0, 0)[0]), given).array.dtype == np.float32


def test_it_names_itself_and_its_slices_and_can_be_stopped():
    given, told = stack(blob(8, 14), blob(8, 14), blob(8, 14)), []
    method = RegisteredSlices("some", known(0, 0)[0])
    add(method, given, progress=lambda fraction, message: told.append((fraction, message)))
    assert told == [(0.0, "some: slices 0 and 1"), (0.5, "some: slices 1 and 2")]
    with pytest.raises(CancelledError):
        add(method, given, progress=cancel_beyond(0.4))


def test_demons_move_the_right_way():
    given = stack(blob(9, 17), blob(10, 21))
    made = add(RegisteredSlices("demons", fast_symmetric_demons), given)
    assert centre(made.array[1]) == pytest.approx((9.5, 19), abs=0.6)
