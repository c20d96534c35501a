"""Flow: velocity in mm per second, the divergence of a source and the vorticity of a vortex."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.fields import voxel_points
from temporal_interp.tracking.flow import divergence, in_plane_vorticity, velocity, vorticity
from temporal_interp.tracking.motion import SequenceMotion

OBLIQUE = ((-0.6, 0.0, 0.8), (0.8, 0.0, 0.6), (0.0, 1.0, 0.0))
LEFT_HANDED = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
VOLUME = Geometry((4, 6, 7), (1.5, 2.5, 4.0), (10.0, -20.0, 30.0), OBLIQUE)
SLICE = Geometry((1, 6, 7), (1.5, 2.5, 4.0), (10.0, -20.0, 30.0), OBLIQUE)
SPEED = np.array([3.0, -2.0, 1.0])
OMEGA = np.array([0.5, -1.5, 2.0])


def moved(positions, times, unit, closed=False):
    """All tissue goes from place to place (N, 3) at the times; in a cycle to the first place at the end."""
    steps = np.diff([*positions, positions[0]] if closed else positions, axis=0)
    forward = [np.broadcast_to(step, (*VOLUME.shape, 3)) for step in steps]
    return SequenceMotion(VOLUME, times, "time", unit, forward, [-field for field in forward], closed=closed)


def relative_points(geometry):
    return (voxel_points(geometry) - geometry.physical_point((0, 2, 3))).astype(np.float32)


@pytest.mark.parametrize(("unit", "second"), [("s", 1.0), ("ms", 1000.0)])
def test_steady_motion_has_one_velocity_however_frames_are_spaced(unit, second):
    times = np.array([0.0, 0.1, 0.15, 0.4])
    fields = velocity(moved(times[:, None] * SPEED, times * second, unit))
    assert len(fields) == 4
    for field in fields:
        assert field.dtype == np.float32
        np.testing.assert_allclose(field, np.broadcast_to(SPEED, field.shape), rtol=1e-5)


def test_velocity_is_central_inside_and_one_sided_at_the_ends():
    times = np.arange(4) * 0.5
    fields = velocity(moved(times[:, None] ** 2 * SPEED, times, "s"))  # velocity 2 t
    for field, expected in zip(fields, (0.5, 1.0, 2.0, 2.5), strict=True):
        np.testing.assert_allclose(field, np.broadcast_to(expected * SPEED, field.shape), rtol=1e-5)


def test_velocity_is_central_all_round_a_cycle():
    places = np.array([0.0, 2.0, 5.0, 1.0])
    fields = velocity(moved(places[:, None] * SPEED, np.arange(4) * 0.5, "s", closed=True))
    for field, expected in zip(fields, (1.0, 5.0, -1.0, -5.0), strict=True):
        np.testing.assert_allclose(field, np.broadcast_to(expected * SPEED, field.shape), rtol=1e-5)


def test_velocity_takes_both_directions_into_account():
    still, step = np.zeros((*VOLUME.shape, 3)), np.broadcast_to(SPEED, (*VOLUME.shape, 3))
    fields = velocity(SequenceMotion(VOLUME, (0, 1, 2), "time", "s", [still, step], [-3 * step, still]))
    for field, expected in zip(fields, (0.0, 2.0, 0.0), strict=True):
        np.testing.assert_allclose(field, np.broadcast_to(expected * SPEED, field.shape))


@pytest.mark.parametrize("unit", ["", "%", "min"])
def test_without_time_there_is_no_velocity(unit):
    with pytest.raises(InvalidInputError, match="ms or s"):
        velocity(moved(np.zeros((3, 3)), range(3), unit))


def test_one_frame_has_no_velocity():
    with pytest.raises(InvalidInputError, match="two frames"):
        velocity(moved(np.zeros((1, 3)), (0,), "s"))


def test_a_source_diverges_and_does_not_turn():
    source = 0.7 * relative_points(VOLUME)
    np.testing.assert_allclose(divergence(source, VOLUME), 2.1, rtol=1e-5)
    np.testing.assert_allclose(vorticity(source, VOLUME), 0, atol=1e-5)


def test_in_a_slice_a_source_diverges_in_two_directions():
    np.testing.assert_allclose(divergence(0.7 * relative_points(SLICE), SLICE), 1.4, rtol=1e-5)


@pytest.mark.parametrize("direction", [OBLIQUE, LEFT_HANDED])
def test_a_vortex_turns_twice_its_angular_velocity_and_does_not_diverge(direction):
    geometry = Geometry(VOLUME.shape, VOLUME.spacing, VOLUME.origin, direction)
    vortex = np.cross(OMEGA, relative_points(geometry))
    np.testing.assert_allclose(vorticity(vortex, geometry), np.broadcast_to(2 * OMEGA, vortex.shape), atol=1e-5)
    np.testing.assert_allclose(divergence(vortex, geometry), 0, atol=1e-5)
    along_k = 2 * OMEGA @ np.asarray(direction)[:, 2]
    np.testing.assert_allclose(in_plane_vorticity(vortex, geometry), along_k, atol=1e-5)


@pytest.mark.parametrize("geometry", [VOLUME, SLICE])
def test_turning_from_i_towards_j_is_positive_in_the_plane(geometry):
    along_i, along_j, _ = np.asarray(geometry.direction).T
    points = relative_points(geometry)
    turning = 1.5 * ((points @ along_i)[..., None] * along_j - (points @ along_j)[..., None] * along_i)
    vortex = in_plane_vorticity(turning, geometry)
    assert vortex.shape == geometry.shape
    np.testing.assert_allclose(vortex, 3.0, rtol=1e-5)


@pytest.mark.parametrize("function", [divergence, vorticity, in_plane_vorticity])
def test_a_field_of_another_grid_is_refused(function):
    with pytest.raises(InvalidInputError, match="must have shape"):
        function(relative_points(VOLUME), SLICE)
