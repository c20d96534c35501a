"""The spline through all frames: which one it is, in loops and otherwise, and what it says of itself."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from comparison.engines import ALL, BASELINES, create, why_missing
from peers.periodic_spline import PERIODIC_SPLINE, PeriodicSpline
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.cubic_blend import CubicBlend
from temporal_interp.errors import InvalidInputError

TIMES = np.array([0.0, 30.0, 100.0, 140.0, 150.0])


@pytest.fixture
def values():
    """Five frames of six voxels."""
    return np.random.default_rng(0).normal(0, 100, (5, 6))


def cine_of(values, times=TIMES, dtype="float64"):
    return Sequence.from_numpy(np.asarray(values, dtype)[:, None, None, :], times=times)


def synthesised(cine, times):
    return np.array([frame.volume.array.ravel() for frame in PeriodicSpline().prepare(cine).at(times)])


def test_through_a_sequence_it_is_the_natural_spline(values):
    times = np.linspace(0, 150, 41)
    expected = CubicSpline(TIMES, values, bc_type="natural")(times)
    np.testing.assert_allclose(synthesised(cine_of(values), times), expected, atol=1e-9)


def test_through_a_loop_it_is_periodic_with_two_derivatives(values):
    times = np.linspace(0, 200, 41)
    spline = CubicSpline([*TIMES, 200.0], [*values, values[0]], bc_type="periodic")
    np.testing.assert_allclose(synthesised(cine_of(values).as_loop(200.0), times), spline(times), atol=1e-9)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_two_frames_are_blended_linearly(dtype):
    cine = cine_of(np.random.default_rng(1).integers(0, 200, (2, 50)), [0, 10], dtype)
    spline, blend = (engine().prepare(cine).at(2.5).volume.array for engine in (PeriodicSpline, LinearBlend))
    assert spline.dtype == dtype
    np.testing.assert_allclose(spline, blend, atol=1e-4)


def test_acquired_frames_stay_and_the_others_name_all_frames(values):
    cine = cine_of(values)
    prepared = PeriodicSpline().prepare(cine)
    assert [prepared.at(time).volume for time in TIMES] == list(cine)
    named = prepared.at(90.0).provenance.frames
    assert named[:2] == (100, 30)
    assert sorted(named) == list(TIMES)


def test_a_frame_anywhere_has_to_be_finite(values):
    values[4, 2] = np.nan
    with pytest.raises(InvalidInputError, match="Frame 4 has 1 voxels"):
        PeriodicSpline().prepare(cine_of(values)).at(10.0)


@pytest.mark.parametrize(("name", "kind"), [(PERIODIC_SPLINE, PeriodicSpline), ("cubic_blend", CubicBlend)])
def test_it_is_compared_as_one_without_motion(name, kind, tmp_path):
    assert name in ALL
    assert name in BASELINES
    assert why_missing(name, tmp_path) == ""
    engine = create(name, tmp_path)
    assert isinstance(engine, kind)
    assert engine.name == name
