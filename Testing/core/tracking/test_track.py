"""Tracking through a sequence: exact on phantoms, the same in any geometry, and careful with bad input."""

from dataclasses import replace

import numpy as np
import pytest

from exact_motion import exact_positions, exact_strain_along, mid_wall_contour
from phantom_regions import wall_mask
from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError, no_progress
from temporal_interp.simulation import BeatingHeart, even_phases, make_heart_cine, short_axis_slice
from temporal_interp.tracking.fields import voxel_points
from temporal_interp.tracking.network_file import load_network, save_network
from temporal_interp.tracking.problem import MARGIN_VOXELS, TrackingProblem
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.strain import ContourView, strain_along
from temporal_interp.tracking.track import _refined, _share_of_neighbours, track
from temporal_interp.tracking.trajectories import displacement_from, drift_of

QUICK = replace(
    TrackingSettings(),
    scales=(4, 2, 1),
    passes=(30, 30, 30),
    least_steps=150,
    widths=(8, 8),
    refinement=(),
)
BY_NETWORKS = replace(QUICK, method="nmsr")
both_methods = pytest.mark.parametrize("settings", [QUICK, BY_NETWORKS], ids=["velocity", "nmsr"])
FEW_STEPS = replace(QUICK, scales=(2, 1), passes=(2, 2), least_steps=10, refinement=(2, 1), refinement_passes=5)
"""All that a tracking goes through, but too little of it to find the motion."""
OBLIQUE = ((-0.6, 0.0, 0.8), (0.8, 0.0, 0.6), (0.0, 1.0, 0.0))
SLICE = Geometry((1, 32, 40), (1.5, 1.5, 8.0), (10.0, -20.0, 30.0), OBLIQUE)
STEP = (1.0, -0.5)
"""Voxels that tissue moves along (J, I) from frame to frame."""


def pattern(geometry, shift):
    k, j, i = np.indices(geometry.shape).astype(float)
    # neighbouring slices differ, but not as if one were the other moved, which 3D tracking could not tell from motion
    j, i = j - shift[0] + 3 * (k % 2), i - shift[1]
    return np.sin(j / 2.9) * np.cos(i / 3.7) + np.sin((j + 2 * i) / 6.1)


def drifting(geometry=SLICE, frames=4, dtype=np.float32, **choices):
    """A sequence whose whole picture moves by STEP from frame to frame."""
    pictures = [pattern(geometry, np.multiply(STEP, n)) for n in range(frames)]
    volumes = [Volume((100 + 40 * picture).astype(dtype), geometry) for picture in pictures]
    return Sequence(volumes, [30.0 * n for n in range(frames)], **choices)


def in_voxels(field, geometry):
    """Displacement in voxels along (K, J, I), mean over the middle of the grid."""
    along = field @ np.linalg.inv(geometry.voxel_to_physical).T
    return along[:, 8:-8, 8:-8].reshape(-1, 3).mean(0)[::-1]


@both_methods
@pytest.mark.parametrize(("dtype", "frames"), [(np.uint8, 2), (np.int16, 2), (np.float64, 4)])
def test_translation_is_found_in_mm_on_an_oblique_grid(dtype, frames, settings):
    result = track(drifting(frames=frames, dtype=dtype), settings)
    for forward, backward in zip(result.motion.forward, result.motion.backward, strict=True):
        assert in_voxels(forward, SLICE) == pytest.approx((0, *STEP), abs=0.12)
        assert in_voxels(backward, SLICE) == pytest.approx((0, *np.negative(STEP)), abs=0.12)
    assert in_voxels(result.displacements[-1], SLICE) == pytest.approx((0, *np.multiply(STEP, frames - 1)), abs=0.3)
    assert np.abs(forward @ np.asarray(OBLIQUE)[:, 2]).max() < 1e-6  # a single slice never moves along K


def test_displacements_start_from_the_reference():
    result = track(drifting(), QUICK, reference=2)
    assert not result.displacements[2].any()
    assert in_voxels(result.displacements[0], SLICE) == pytest.approx((0, *np.multiply(STEP, -2)), abs=0.25)
    for ours, followed in zip(result.displacements, displacement_from(result.motion, 2), strict=True):
        np.testing.assert_array_equal(ours, followed)


@both_methods
def test_slices_with_gaps_are_tracked_one_by_one(settings):
    geometry = replace(SLICE, shape=(3, 32, 40))
    sequence = drifting(geometry, frames=2, slice_thickness=3.0)
    forward = track(sequence, settings).motion.forward[0]
    for k in range(3):
        assert in_voxels(forward[k : k + 1], geometry) == pytest.approx((0, *STEP), abs=0.15)
    alone = Sequence(
        [Volume(v.array[1:2], replace(geometry, shape=(1, 32, 40))) for v in sequence.volumes], sequence.times
    )
    assert in_voxels(track(alone, settings).motion.forward[0], SLICE) == pytest.approx((0, *STEP), abs=0.15)


@pytest.mark.parametrize("settings", [replace(QUICK, passes=(40,) * 3), replace(BY_NETWORKS, passes=(20,) * 3)])
def test_volumes_are_tracked_in_3d(settings):
    geometry = Geometry((8, 24, 24), (2.0, 2.0, 2.0), (1.0, 2.0, 3.0), OBLIQUE)
    result = track(drifting(geometry, frames=2), settings)
    assert in_voxels(result.motion.forward[0], geometry) == pytest.approx((0, *STEP), abs=0.25)


def test_large_frames_are_tracked_on_a_coarser_grid_and_come_back_on_their_own():
    result = track(drifting(frames=2), replace(QUICK, max_voxels=400))
    assert result.motion.forward[0].shape == (1, 32, 40, 3)
    assert in_voxels(result.motion.forward[0], SLICE) == pytest.approx((0, *STEP), abs=0.3)


@pytest.mark.parametrize("method", ["velocity", "nmsr"])
def test_equal_frames_do_not_move(method):
    still = drifting(frames=1).volumes[0]
    result = track(Sequence([still] * 3, [0, 1, 2]), replace(FEW_STEPS, method=method))
    assert all(np.abs(field).max() < 1e-5 for field in (*result.motion.forward, *result.displacements))


def test_cycle_has_a_pair_round_its_end_and_closes():
    there_and_back = drifting(frames=3).volumes
    sequence = Sequence([*there_and_back, there_and_back[1]], [0, 30, 60, 90])
    result = track(sequence, QUICK, closed=True)
    assert len(result.motion.forward) == 4
    assert in_voxels(result.motion.forward[3], SLICE) == pytest.approx((0, *np.negative(STEP)), abs=0.15)
    followed = displacement_from(result.motion, 0, closing=True)
    np.testing.assert_array_equal(result.displacements[2], followed[2])


@both_methods
def test_what_lies_outside_the_mask_is_not_looked_at(settings):
    sequence = drifting(frames=2)
    mask = np.zeros(SLICE.shape, bool)
    mask[..., :22] = True
    noise = np.random.default_rng(0).uniform(0, 200, (1, 32, 10)).astype(np.float32)
    spoilt = [
        v.with_array(np.concatenate([v.array[..., :30], n], -1))
        for v, n in zip(sequence.volumes, (noise, noise[:, ::-1]), strict=True)
    ]
    forward = track(Sequence(spoilt, [0, 30]), settings, mask=mask).motion.forward[0]
    assert in_voxels(forward[:, :, :22], SLICE) == pytest.approx((0, *STEP), abs=0.2)


@both_methods
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.filterwarnings("error")
def test_voxels_that_are_no_numbers_are_not_looked_at(settings, value):
    sequence = drifting(frames=2)
    holed = [v.with_array(v.array.copy()) for v in sequence.volumes]
    for volume in holed:
        volume.array[:, :, 30:] = value
    holed[1].array[0, 10:13, 15] = value
    result = track(Sequence(holed, [0, 30]), settings)
    assert np.isfinite(result.displacements[1]).all()
    assert in_voxels(result.motion.forward[0][:, :, :24], SLICE) == pytest.approx((0, *STEP), abs=0.2)


def test_motion_is_known_after_every_scale():
    seen = {}
    coarse_alone = replace(BY_NETWORKS, least_steps=1, passes=(150, 1, 1))
    track(drifting(), coarse_alone, on_scale=lambda scale, motion: seen.update({scale: motion}))
    assert list(seen) == [4, 2, 1]
    assert in_voxels(seen[4].forward[0], SLICE) == pytest.approx((0, *STEP), abs=0.6)


def test_motion_by_velocities_is_known_once():
    seen = {}
    motion = track(drifting(), QUICK, on_scale=lambda scale, motion: seen.update({scale: motion})).motion
    assert list(seen) == [1]
    np.testing.assert_array_equal(seen[1].forward[0], motion.forward[0])


def test_backward_motion_undoes_the_forward_motion_of_a_velocity():
    motion = track(drifting(), QUICK).motion
    assert max(drift_of(motion).forward_backward_mean_mm) < 0.05


@pytest.mark.parametrize("method", ["velocity", "nmsr"])
def test_refinement_removes_what_the_pairs_accumulate(method):
    settings = replace(QUICK, method=method, refinement=(2, 1), refinement_passes=60)
    problem = TrackingProblem(drifting(frames=3), settings, None, "cpu")
    along = np.asarray(SLICE.voxel_to_physical)
    drifted = [along @ (*np.multiply(STEP[::-1], 0.6 * n), 0.0) for n in range(3)]
    displacements = [np.broadcast_to(np.float32(shift), (*SLICE.shape, 3)) for shift in drifted]
    refined = _refined(problem, displacements, 0, None, None, no_progress)
    assert in_voxels(refined[2], SLICE) == pytest.approx((0, *np.multiply(STEP, 2)), abs=0.25)


def test_progress_says_which_frame_is_at_work_and_rises():
    told = []
    track(drifting(), replace(QUICK, refinement=(1,)), progress=lambda *report: told.append(report))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    messages = list(dict.fromkeys(message for _, message in told))
    count = len(drifting())
    assert messages[0] == f"finding the motion, frame 1 of {count - 1}"
    assert f"correcting the drift, frame {count - 1} of {count - 1}" in messages
    assert {message.partition(",")[0] for message in messages} == {"finding the motion", "correcting the drift"}


def test_progress_is_shared_by_the_work():
    """As many passes over as many pairs take as long."""
    settings = replace(QUICK, scales=(2, 1), passes=(8, 4), refinement=(2, 1), refinement_passes=6)
    assert _share_of_neighbours(settings, 10, 10, 2) == pytest.approx(6 / (6 + 7.5))
    assert _share_of_neighbours(replace(settings, refinement=()), 10, 10, 2) == 1.0


def test_network_to_start_from_needs_networks():
    with pytest.raises(InvalidInputError, match="nmsr"):
        track(drifting(), QUICK, start_from={})


def test_tracking_starts_from_the_network_of_another(tmp_path):
    one_scale = replace(BY_NETWORKS, scales=(1,), passes=(30,))
    save_network(track(drifting(), one_scale).network, tmp_path / "network.safetensors")
    few = replace(one_scale, passes=(1,), least_steps=1)
    kept = track(drifting(frames=3), few, start_from=load_network(tmp_path / "network.safetensors")).motion.forward[0]
    fresh = track(drifting(frames=3), few).motion.forward[0]
    errors = [np.abs(in_voxels(field, SLICE)[1:] - STEP).max() for field in (kept, fresh)]
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.parametrize("method", ["velocity", "nmsr"])
def test_stopped_tracking_resumes_from_its_checkpoint(tmp_path, method):
    settings = replace(FEW_STEPS, method=method)
    whole = track(drifting(), settings)
    with pytest.raises(CancelledError):
        track(drifting(), settings, checkpoint=tmp_path, progress=cancel_beyond(0.8))
    shares = []
    again = track(drifting(), settings, checkpoint=tmp_path, progress=lambda share, message: shares.append(share))
    assert min(shares) >= _share_of_neighbours(settings, 2, 2, 2) > 0.2  # the pairs were not fitted again
    np.testing.assert_array_equal(again.displacements[3], whole.displacements[3])


def not_a_number():
    sequence = drifting()
    volumes = list(sequence.volumes)
    volumes[2] = volumes[2].with_array(np.full_like(volumes[2].array, np.nan))
    return replace(sequence, volumes=volumes)


def flat():
    return Sequence([Volume(np.ones(SLICE.shape, np.float32), SLICE)] * 2, [0, 1])


BAD = {
    "one frame": (lambda: drifting(frames=1), {}, "only one"),
    "NaN": (not_a_number, {}, "Frame 2"),
    "constant": (flat, {}, "constant"),
    "no such reference": (drifting, {"reference": 4}, "reference"),
    "mask of another shape": (drifting, {"mask": np.ones((1, 2, 2), bool)}, "mask"),
    "mask of numbers": (drifting, {"mask": np.ones(SLICE.shape)}, "mask"),
    "empty mask": (drifting, {"mask": np.zeros(SLICE.shape, bool)}, "mask"),
}


@pytest.mark.parametrize(("sequence", "choices", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused(sequence, choices, message):
    with pytest.raises(InvalidInputError, match=message):
        track(sequence(), QUICK, **choices)


def cut_to_the_wall(geometry, heart, margin=14):
    """The part of a slice that holds the wall at the first phase, and so many voxels around it."""
    _, rows, columns = np.nonzero(wall_mask(heart, geometry, 0.0))
    corner = (0, int(rows.min()) - margin, int(columns.min()) - margin)
    shape = (1, *(int(np.ptp(along)) + 1 + 2 * margin for along in (rows, columns)))
    return replace(geometry, shape=shape, origin=tuple(float(x) for x in geometry.physical_point(corner)))


@pytest.fixture(scope="module")
def beat():
    """A whole beat of the heart phantom, tracked with the default settings, and its truth."""
    heart = BeatingHeart().in_plane()
    cine = make_heart_cine(heart, cut_to_the_wall(short_axis_slice(heart), heart), even_phases(10))
    return heart, cine, track(cine.sequence, closed=True)


def end_point_errors(cine, displacements, mask):
    """Mean distance from the truth in pixels for each frame, over the voxels of a mask in frame 0."""
    points = voxel_points(cine.geometry)[mask]
    followed = np.stack([points + field[mask] for field in displacements])
    return np.linalg.norm(followed - exact_positions(cine, points), axis=-1).mean(1) / cine.geometry.spacing[0]


@pytest.mark.slow
def test_points_stay_within_half_a_pixel_over_a_whole_beat(beat):
    heart, cine, result = beat
    wall = wall_mask(heart, cine.geometry, 0.0)
    followed = end_point_errors(cine, displacement_from(result.motion), wall)
    refined = end_point_errors(cine, result.displacements, wall)
    assert followed.max() < 0.5  # frame after frame, nothing taken out
    assert refined.mean() < 0.25
    assert refined.max() < 0.4


@pytest.mark.slow
def test_strain_at_end_systole_is_that_of_the_phantom(beat):
    heart, cine, result = beat
    middle = mid_wall_contour(heart)
    asked = (middle.contour, ContourView.SHORT_AXIS, middle.thickness_mm)
    tracked = strain_along(result.displacements, cine.geometry, *asked).curves()
    exact = exact_strain_along(cine, *asked).curves()
    end_systole = int(np.argmax(exact["radial"]))
    assert exact["radial"][end_systole] > 0.3
    for name in ("radial", "circumferential"):
        assert tracked[name][end_systole] == pytest.approx(exact[name][end_systole], abs=0.02)


def test_small_mask_costs_less_and_its_field_is_that_of_the_whole():
    geometry = replace(SLICE, shape=(1, 80, 120))
    mask = np.zeros(geometry.shape, bool)
    mask[:, 36:44, 90:100] = True
    problem = TrackingProblem(drifting(geometry, frames=2), QUICK, mask, "cpu")
    assert problem.frames.shape[2:] == (8 + 2 * MARGIN_VOXELS, 10 + MARGIN_VOXELS + 20)
    forward = track(drifting(geometry, frames=2), QUICK, mask=mask).motion.forward[0]
    assert forward.shape == (*geometry.shape, 3)
    along = forward[mask] @ np.linalg.inv(geometry.voxel_to_physical).T
    assert along.mean(0)[::-1] == pytest.approx((0, *STEP), abs=0.2)
    np.testing.assert_array_equal(forward[0, 0, 0], forward[0, 36 - MARGIN_VOXELS, 90 - MARGIN_VOXELS])


def test_fields_go_to_voxels_of_the_box_and_back():
    mask = np.zeros(SLICE.shape, bool)
    mask[:, 30:, 35:] = True
    problem = TrackingProblem(drifting(frames=2), QUICK, mask, "cpu")
    field = np.random.default_rng(0).normal(size=(*SLICE.shape, 3))
    field -= (field @ np.asarray(OBLIQUE)[:, 2])[..., None] * np.asarray(OBLIQUE)[:, 2]  # in the plane
    (back,) = problem.in_mm(problem.in_voxels([field]))
    np.testing.assert_allclose(back[:, 6:, 11:], field[:, 6:, 11:], atol=1e-5)
