"""Points follow composed fields, from any frame to any other; drift is measured, and taken out of a cycle."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking import trajectories
from temporal_interp.tracking.fields import voxel_points
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.trajectories import displacement_from, drift_of, follow_points
from tracked_grids import OBLIQUE, VOLUME, centre, points_near_the_middle

SLICE = Geometry((1, 12, 16), (1.5, 2.5, 4.0), (10.0, -20.0, 30.0), OBLIQUE)
STEPS = ((1.0, 0.5, -0.25), (-2.0, 1.0, 0.75), (0.5, 0.25, 1.5))
ANGLES = (0.05, 0.11, -0.03, 0.07)


def motion_of(geometry, forward, backward, **changes):
    """A motion whose pairs are given as functions of points (..., 3), LPS mm."""
    points = voxel_points(geometry)
    values = changes.pop("times", range(len(forward) + (0 if changes.get("closed") else 1)))
    forward, backward = ([field(points) + 0 * points for field in fields] for fields in (forward, backward))
    return SequenceMotion(geometry, values, "time", "ms", forward, backward, **changes)


def translations(geometry, steps, **changes):
    forward = [lambda points, step=step: np.array(step) for step in steps]
    backward = [lambda points, step=step: -np.array(step) for step in steps]
    return motion_of(geometry, forward, backward, **changes)


def turned(points, angle, geometry):
    """Points turned in the slice's plane about its middle, from I towards J."""
    along_i, along_j, _ = np.asarray(geometry.direction).T
    relative = points - centre(geometry)
    i, j = relative @ along_i, relative @ along_j
    turned_i, turned_j = np.cos(angle) * i - np.sin(angle) * j, np.sin(angle) * i + np.cos(angle) * j
    return points + (turned_i - i)[..., None] * along_i + (turned_j - j)[..., None] * along_j


def rotations(geometry, angles=ANGLES, **changes):
    forward = [lambda points, a=a: turned(points, a, geometry) - points for a in angles]
    backward = [lambda points, a=a: turned(points, -a, geometry) - points for a in angles]
    return motion_of(geometry, forward, backward, **changes)


@pytest.mark.parametrize("geometry", [VOLUME, SLICE])
@pytest.mark.parametrize("reference", [0, 2, 3])
def test_translations_add_up_after_the_reference_and_come_off_before_it(geometry, reference):
    places = np.concatenate([[[0.0, 0.0, 0.0]], np.cumsum(STEPS, axis=0)])
    points = points_near_the_middle(geometry)
    followed = follow_points(translations(geometry, STEPS), points, reference)
    np.testing.assert_allclose(followed, points + (places - places[reference])[:, None], atol=1e-5)


@pytest.mark.parametrize("geometry", [VOLUME, SLICE])
@pytest.mark.parametrize("reference", [0, 2, 4])
def test_rotations_compose_to_the_sum_of_their_angles(geometry, reference):
    angles = np.concatenate([[0.0], np.cumsum(ANGLES)])
    points = points_near_the_middle(geometry)
    exact = [turned(points, angle - angles[reference], geometry) for angle in angles]
    np.testing.assert_allclose(follow_points(rotations(geometry), points, reference), exact, atol=1e-5)


@pytest.mark.parametrize("closing", [False, True])
def test_displacements_are_those_of_the_voxels_followed_and_zero_at_the_reference(closing, monkeypatch):
    monkeypatch.setattr(trajectories, "SLAB_VOXELS", 2 * 12 * 16)  # three slabs of 2, 2 and 1 slices
    motion = rotations(VOLUME, times=(0, 10, 20, 30), closed=True)
    points = voxel_points(VOLUME)
    fields = displacement_from(motion, 1, closing=closing)
    followed = follow_points(motion, points.reshape(-1, 3), 1, closing=closing)
    assert [(field.shape, field.dtype) for field in fields] == [((5, 12, 16, 3), np.float32)] * 4
    assert not fields[1].any()
    np.testing.assert_allclose(np.stack(fields) + points, followed.reshape(4, *points.shape), atol=1e-5)


def test_a_displacement_brings_its_frame_onto_the_reference():
    motion = rotations(SLICE)
    field, points = displacement_from(motion, 1)[4], voxel_points(SLICE)
    inner = (slice(None), slice(3, 9), slice(4, 12))  # what does not leave the picture
    frame = lambda angle: lambda x: np.sin(turned(x, -angle, SLICE) @ (0.3, 0.2, 0.1))  # noqa: E731 - tissue turned
    reference, later = frame(ANGLES[0]), frame(sum(ANGLES))
    np.testing.assert_allclose(later(points + field)[inner], reference(points)[inner], atol=1e-4)


@pytest.mark.parametrize("reference", [0, 2])
@pytest.mark.parametrize("values", [(0, 20, 40, 60), (0, 5, 40, 60)])
def test_closing_removes_a_constant_drift_exactly(reference, values):
    places = np.array([(0, 0, 0), (1, 0.5, -0.25), (-1, 1.5, 0.5), (-0.5, 2, 1)])
    drift = np.array([0.01, -0.02, 0.005])  # mm per unit of the index
    true = np.roll(places, -1, axis=0) - places
    plain = translations(VOLUME, true, times=values, closed=True)
    forward = true + drift * np.array(plain.pair_durations)[:, None]
    drifting = translations(VOLUME, forward, times=values, closed=True)
    points = points_near_the_middle(VOLUME)
    exact = points + (places - places[reference])[:, None]
    followed = follow_points(drifting, points, reference, closing=True)
    np.testing.assert_allclose(followed, exact, atol=1e-5)
    np.testing.assert_array_equal(followed[reference], points)
    assert np.abs(follow_points(drifting, points, reference) - exact).max() > 0.5


def test_before_the_reference_a_cycle_is_followed_backward_unless_it_is_closed():
    still = [lambda points: np.zeros(3)] * 3
    onward = [lambda points: np.array([1.0, 0.0, 0.0])] * 3
    motion = motion_of(VOLUME, onward, still, closed=True)
    point = centre(VOLUME)[None]
    np.testing.assert_allclose(follow_points(motion, point, 1)[:, 0, 0] - point[0, 0], [0, 0, 1], atol=1e-6)
    closed = follow_points(motion, point, 1, closing=True)
    np.testing.assert_allclose(closed[:, 0, 0] - point[0, 0], [0, 0, 0], atol=1e-6)  # steps of 1, all of them drift


def test_drift_is_the_distance_between_the_ways_there_and_back():
    there = [lambda points: np.array([3.0, 0.0, 0.0]), lambda points: np.array([0.0, 1.0, 0.0])]
    back = [lambda points: np.array([-3.0, 0.5, 0.0]), lambda points: np.array([0.0, -1.0, -1.2])]
    motion = motion_of(VOLUME, there, back)
    first = drift_of(motion, 0)
    np.testing.assert_allclose(first.forward_backward_mean_mm, (0, 0.5, 1.3), atol=1e-5)
    np.testing.assert_allclose(drift_of(motion, 1).forward_backward_mean_mm, (0.5, 0, 1.2), atol=1e-5)
    assert first.closing_mean_mm is None


def test_drift_of_true_rotations_is_none_where_tissue_stays_in_the_picture():
    mask = np.zeros(VOLUME.shape, bool)
    mask[:, 4:8, 5:11] = True
    assert max(drift_of(rotations(VOLUME, mask=mask), 2).forward_backward_mean_mm) < 1e-5


def test_closing_error_is_what_one_way_round_misses():
    motion = translations(VOLUME, [(1, 0, 0), (0, 1, 0), (-1, -1, 2)], closed=True)
    drift = drift_of(motion, 1)
    assert drift.closing_mean_mm == pytest.approx(2.0, abs=1e-5)
    assert max(drift.forward_backward_mean_mm) < 1e-5


def test_drift_is_measured_over_the_mask_and_not_over_more_points_than_needed(monkeypatch):
    there = [lambda points: np.where(points[..., :1] > centre(VOLUME)[0], 1.0, 0.0) * np.array([0.0, 0.0, 1.0])]
    still = [lambda points: np.zeros(3)]
    mask = voxel_points(VOLUME)[..., 0] > centre(VOLUME)[0]
    assert drift_of(motion_of(VOLUME, there, still, mask=mask)).forward_backward_mean_mm[1] == pytest.approx(1.0)
    assert drift_of(motion_of(VOLUME, there, still, mask=~mask)).forward_backward_mean_mm[1] == pytest.approx(0.0)
    monkeypatch.setattr(trajectories, "DRIFT_POINTS", 7)
    lengths = []
    follow = trajectories.follow_points
    monkeypatch.setattr(
        trajectories, "follow_points", lambda m, points, r: lengths.append(len(points)) or follow(m, points, r)
    )
    drift_of(motion_of(VOLUME, there, still, mask=mask))
    assert lengths == [7]


def test_one_frame_stays_where_it_is():
    motion = SequenceMotion(SLICE, [0], "time", "ms", [], [])
    points = points_near_the_middle(SLICE)
    np.testing.assert_array_equal(follow_points(motion, points), points[None])
    assert not displacement_from(motion)[0].any()
    assert drift_of(motion).forward_backward_mean_mm == (0.0,)


def test_no_points_give_no_points():
    assert follow_points(rotations(VOLUME), np.empty((0, 3)), 1).shape == (5, 0, 3)


def test_beyond_the_grid_the_border_is_repeated():
    edge = [lambda points: points - centre(VOLUME)]  # grows outwards
    motion = motion_of(VOLUME, edge, edge)
    last, beyond = VOLUME.physical_point((4, 11, 15)), VOLUME.physical_point((9, 30, 40))
    steps = np.diff(follow_points(motion, np.stack([last, beyond])), axis=0)[0]
    np.testing.assert_allclose(steps[1], steps[0], rtol=1e-6)


@pytest.mark.parametrize("points", [[[0.0, np.nan, 0.0]], [[0.0, 1.0]], [0.0, 1.0, 2.0]])
def test_points_that_are_none_are_refused(points):
    with pytest.raises(InvalidInputError, match="points to follow"):
        follow_points(rotations(VOLUME), points)


@pytest.mark.parametrize("reference", [-1, 5])
@pytest.mark.parametrize("closing", [False, True])
def test_a_reference_that_is_not_there_is_refused(reference, closing):
    motion = rotations(VOLUME, (*ANGLES, 0.0), closed=True)
    for call in (displacement_from, lambda m, r, closing: follow_points(m, [[0, 0, 0]], r, closing=closing)):
        with pytest.raises(InvalidInputError, match=f"The reference is frame {reference}"):
            call(motion, reference, closing=closing)
    with pytest.raises(InvalidInputError, match=f"The reference is frame {reference}"):
        drift_of(motion, reference)


def test_only_a_closed_motion_can_be_closed():
    with pytest.raises(InvalidInputError, match="no pair from the last frame to the first"):
        displacement_from(rotations(VOLUME), closing=True)
