"""The cubic blend: which cubic it is, where neighbours are missing, and which frames it says it was made from."""

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline

from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.cubic_blend import CubicBlend, cubic_weights

TIMES = np.array([0.0, 30.0, 100.0, 140.0, 150.0])
"""Uneven."""


def cine_of(values, times=TIMES, dtype="float64"):
    """A cine of one row of voxels: `values` is (frame, voxel)."""
    return Sequence.from_numpy(np.asarray(values, dtype)[:, None, None, :], times=times)


def noise(count=5, voxels=6, seed=0):
    return np.random.default_rng(seed).normal(0, 100, (count, voxels))


def synthesised(cine, times, gap=None):
    return np.array([frame.volume.array.ravel() for frame in CubicBlend().prepare(cine).at(times, gap=gap)])


def three_point_slopes(values, times):
    """The slope at every frame: of the parabola through three frames, at both ends of the gap there."""
    h, s = np.diff(times)[:, None], np.diff(values, axis=0) / np.diff(times)[:, None]
    inner = (h[:-1] * s[1:] + h[1:] * s[:-1]) / (h[:-1] + h[1:])
    return np.concatenate([s[:1], inner, s[-1:]])


def test_it_is_the_cubic_with_the_slopes_of_three_points_at_uneven_times():
    values, times = noise(), np.linspace(0, 150, 41)
    spline = CubicHermiteSpline(TIMES, values, three_point_slopes(values, TIMES))
    np.testing.assert_allclose(synthesised(cine_of(values), times), spline(times), atol=1e-9)


def test_at_even_times_it_is_catmull_rom():
    a, b, c, d = values = noise(4)
    (middle,) = synthesised(cine_of(values, [0, 10, 20, 30]), [15])
    np.testing.assert_allclose(middle, (-a + 9 * b + 9 * c - d) / 16)


def test_parabolas_are_reproduced_between_inner_frames():
    def parabola(t):
        return np.stack([3 + 0.2 * t - 0.01 * t**2, 1 - t + 0.02 * t**2], axis=-1)

    times = np.linspace(30, 140, 23)
    np.testing.assert_allclose(synthesised(cine_of(parabola(TIMES)), times), parabola(times), atol=1e-9)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_two_frames_alone_are_blended_linearly(dtype):
    cine = cine_of(np.random.default_rng(1).integers(0, 200, (2, 500)), [0, 10], dtype)
    for time in (1.0, 3.0, 5.0, 9.0):
        cubic, linear = (engine().prepare(cine).at(time).volume.array for engine in (CubicBlend, LinearBlend))
        np.testing.assert_array_equal(cubic, linear)


def test_a_loop_goes_on_over_its_ends():
    values, period = noise(), 200.0
    loop = cine_of(values).as_loop(period)
    unrolled = np.concatenate([TIMES[-2:] - period, TIMES, TIMES[:2] + period])
    wound = np.concatenate([values[-2:], values, values[:2]])
    spline = CubicHermiteSpline(unrolled, wound, three_point_slopes(wound, unrolled))
    times = np.linspace(0, period, 37)
    np.testing.assert_allclose(synthesised(loop, times), spline(times), atol=1e-9)


@pytest.mark.parametrize(("bad", "time", "frames"), [(0, 50.0, (30, 100, 140)), (3, 50.0, (30, 100, 0))])
def test_a_neighbour_that_shows_nothing_counts_as_missing(bad, time, frames):
    values = noise()
    spoilt = values.copy()
    spoilt[bad] = np.nan
    without = cine_of(values)[1:] if bad == 0 else cine_of(values)[:3]
    frame = CubicBlend().prepare(cine_of(spoilt)).at(time)
    np.testing.assert_array_equal(frame.volume.array, CubicBlend().prepare(without).at(time).volume.array)
    assert frame.provenance.frames == frames


@pytest.mark.parametrize("bad", range(4))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("error")
def test_where_a_frame_has_no_number_it_is_the_linear_blend_of_those_that_do(bad, value):
    values = noise()
    spoilt = values.copy()
    spoilt[bad, 2] = value
    frame = CubicBlend().prepare(cine_of(spoilt)).at(50.0).volume.array.ravel()
    whole = CubicBlend().prepare(cine_of(values)).at(50.0).volume.array.ravel()
    t = (50.0 - 30.0) / 70.0
    linear = {1: values[2, 2], 2: values[1, 2]}.get(bad, (1 - t) * values[1, 2] + t * values[2, 2])
    assert frame[2] == pytest.approx(linear)
    np.testing.assert_array_equal(np.delete(frame, 2), np.delete(whole, 2))


def test_nothing_is_clipped_but_what_the_scalar_type_cannot_hold():
    values = np.array([[0], [200], [204], [4]])
    assert synthesised(cine_of(values, range(4)), [1.5]) == 227
    assert synthesised(cine_of(values, range(4), "int16"), [1.5]) == 227
    assert synthesised(cine_of(values + 50, range(4), "uint8"), [1.5]) == 255


@pytest.mark.parametrize(
    ("time", "frames"),
    [
        (101.0, (100, 140, 30, 150)),
        (110.0, (100, 140, 150, 30)),  # the shorter gap soon has the more weight
        (130.0, (140, 100, 150, 30)),
        (15.0, (0, 30, 100)),
        (145.0, (140, 150, 100)),
    ],
)
def test_it_names_the_frames_it_was_made_from_by_their_weight(time, frames):
    frame = CubicBlend().prepare(cine_of(noise())).at(time)
    assert frame.provenance.frames == frames


@pytest.mark.parametrize(("count", "frames"), [(2, (10, 0)), (3, (20, 0, 10)), (4, (30, 0, 20, 10))])
def test_in_a_loop_the_first_frames_follow_the_last_and_none_is_named_twice(count, frames):
    loop = cine_of(noise(count), 10.0 * np.arange(count)).as_loop()
    assert CubicBlend().prepare(loop).at(10.0 * count - 6).provenance.frames == frames


def test_weights_have_a_sum_of_one_and_are_those_of_the_frames_at_both_ends():
    for before, after in ((0.5, 3.0), (0.0, 2.0), (1.0, 0.0)):
        assert cubic_weights(0.0, before, after) == (0, 1, 0, 0)
        assert cubic_weights(1.0, before, after) == pytest.approx((0, 0, 1, 0))
        assert sum(cubic_weights(0.3, before, after)) == pytest.approx(1)
