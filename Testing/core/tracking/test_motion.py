"""A motion holds one field for each pair of frames, both ways, and refuses what does not fit."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.motion import SequenceMotion

GEOMETRY = Geometry((2, 4, 5))


def fields(count, shape=(2, 4, 5, 3)):
    return [np.full(shape, n, float) for n in range(count)]


def motion(frames=4, pairs=3, **changes):
    values = {"forward": fields(pairs), "backward": fields(pairs), **changes}
    return SequenceMotion(GEOMETRY, [100.0 * n for n in range(frames)], "time", "ms", **values)


def test_fields_are_float32_tuples_and_the_length_is_that_of_the_frames():
    kept = motion()
    assert len(kept) == 4
    assert isinstance(kept.forward, tuple)
    assert {field.dtype for field in kept.forward + kept.backward} == {np.dtype(np.float32)}


def test_a_closed_motion_has_one_pair_more():
    assert len(motion(pairs=4, closed=True).forward) == 4
    with pytest.raises(InvalidInputError, match="4 frames in a cycle have 4 pairs, got 3 forward"):
        motion(pairs=3, closed=True)
    with pytest.raises(InvalidInputError, match="4 frames have 3 pairs, got 4 forward"):
        motion(pairs=4)


def test_one_frame_has_no_pair():
    assert motion(frames=1, pairs=0).forward == ()
    with pytest.raises(InvalidInputError, match="two frames"):
        motion(frames=1, pairs=1, closed=True)


def test_the_pair_that_closes_a_cycle_takes_as_long_as_most():
    values = (0.0, 10.0, 20.0, 50.0)
    assert dataclasses.replace(motion(), times=values).pair_durations == (10.0, 10.0, 30.0)
    closed = motion(pairs=4, closed=True)
    assert dataclasses.replace(closed, times=values).pair_durations == (10.0, 10.0, 30.0, 10.0)


@pytest.mark.parametrize("values", [(), (0, 0, 1, 2), (0, 2, 1, 3), (0, 1, 2, np.nan)])
def test_index_values_must_rise(values):
    with pytest.raises(InvalidInputError):
        dataclasses.replace(motion(), times=values)


@pytest.mark.parametrize("name", ["forward", "backward"])
def test_a_field_of_another_shape_or_with_a_nan_is_refused_by_name(name):
    with pytest.raises(InvalidInputError, match=f"{name} field 0 must have shape"):
        motion(**{name: fields(3, (2, 4, 5, 2))})
    broken = fields(3)
    broken[2][1, 2, 3, 0] = np.nan
    with pytest.raises(InvalidInputError, match=f"{name} field 2 has displacements that are NaN"):
        motion(**{name: broken})


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((2, 4, 5), np.uint8), "bool"),
        (np.ones((4, 5), bool), "bool"),
        (np.zeros((2, 4, 5), bool), "empty"),
    ],
)
def test_a_mask_must_be_bool_on_the_grid_and_not_empty(mask, message):
    assert motion(mask=np.ones((2, 4, 5), bool)).mask.all()
    with pytest.raises(InvalidInputError, match=message):
        motion(mask=mask)


@pytest.mark.parametrize("number", [-1, 4])
def test_a_frame_that_is_not_there_is_refused(number):
    motion().require_frame(3, "The reference")
    with pytest.raises(InvalidInputError, match=f"The reference is frame {number}, but the motion has frames 0 to 3"):
        motion().require_frame(number, "The reference")


def test_motion_and_all_that_follows_from_it_need_no_torch():
    modules = ("motion", "trajectories", "contour", "strain", "flow")
    imports = ", ".join(f"temporal_interp.tracking.{name}" for name in modules)
    code = f"import sys, {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
