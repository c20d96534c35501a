"""Motion in a stack counts as far as slices that exist confirm it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError
from temporal_interp.simulation.random_volume import make_random_volume
from temporal_interp.slices import motion
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.motion import move_slices
from temporal_interp.slices.slice_course import slice_course
from temporal_interp.slices.trust import Shares, tried_shares
from temporal_interp.tensors.metrics import psnr


def course_of(*stacks):
    array = np.stack(stacks)
    geometry = Geometry(array.shape[1:], (1.0, 1.0, 4.0))
    return slice_course(array, geometry, IntensityRange(float(array.min()), float(array.max())))


def drifting(slices=9, step=3.0):
    """A texture that drifts from slice to slice."""
    texture = gaussian_filter(np.random.default_rng(0).random((80, 80)), 2.5)
    rows = np.arange(40)[:, None] + 20
    return np.stack([texture[rows, np.arange(36) + 4 + round(step * k)] for k in range(slices)]).astype(np.float32)


def test_motion_that_explains_the_slices_is_trusted():
    shares = tried_shares(course_of(drifting(step=2.0)))
    assert shares.motion > 0.9
    assert shares.spline < 0.1


def test_slices_that_share_nothing_are_not_moved():
    noise = gaussian_filter(np.random.default_rng(1).random((9, 40, 36)).astype(np.float32), (0, 1.5, 1.5))
    assert tried_shares(course_of(noise)).motion < 0.5


@pytest.mark.parametrize("slices", [2, 1])
def test_without_a_slice_between_two_others_motion_is_all(slices):
    assert tried_shares(course_of(drifting(slices))) == Shares(1.0, 0.0)


@pytest.mark.parametrize("slices", [3, 4])
def test_the_least_number_of_slices_is_tried(slices):
    assert 0.9 < tried_shares(course_of(drifting(slices, 2.0), drifting(slices, 2.0))).motion <= 1


def test_equal_slices_leave_nothing_to_choose():
    still = np.repeat(drifting(1), 5, axis=0)
    assert 0 <= tried_shares(course_of(still)).motion <= 1


def test_the_trial_can_be_stopped():
    with pytest.raises(CancelledError):
        tried_shares(course_of(drifting()), progress=cancel_beyond(-1.0))


@pytest.mark.parametrize(("index", "factor"), [(2, 2), (0, 4)])
def test_random_tissues_hardly_lose_against_linear_interpolation(index, factor, monkeypatch):
    """Slices of which 4 mm apart show other things: there motion alone loses."""
    truth = make_random_volume(5, index, (33, 32, 32)).array
    thick = Volume(truth[::factor].copy(), Geometry(truth[::factor].shape, (1.0, 1.0, float(factor))))
    stack = Sequence([thick], [0.0], "frame", "")
    made = move_slices(stack, factor)[0].array
    monkeypatch.setattr(motion, "tried_shares", lambda *_, **__: Shares())
    trusting = move_slices(stack, factor)[0].array
    linear = interpolate_slices(thick, factor, Classical.LINEAR).array
    assert psnr(made, truth) > psnr(linear, truth) - 0.15
    assert psnr(made, truth) > psnr(trusting, truth) + 0.1
