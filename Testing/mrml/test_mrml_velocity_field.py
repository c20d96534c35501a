"""The engine that finds motion, through the scene: what Slicer's own transform does with its fields."""

import numpy as np
import pytest
import slicer
from mrml_helpers import interpolate_between_items

from phantom_regions import wall_mask
from temporal_interp.engines.velocity_field import VelocityFieldEngine
from temporal_interp.registration.settings import VelocitySettings
from temporal_interp.simulation import BeatingHeart, make_heart_cine, short_axis_slice
from TemporalInterpLib.add_sequence import add_sequence_to_scene
from TemporalInterpLib.companions import Companion

FAST = VelocityFieldEngine(registration=VelocitySettings(max_voxels=5_000, levels=(2, 1), iterations=(80, 40)))


@pytest.fixture(scope="module")
def heart_cine():
    heart = BeatingHeart().in_plane()
    phases = [s * heart.end_systole for s in (0.0, 0.5, 1.0)]
    return make_heart_cine(heart, short_axis_slice(heart), phases)


def test_fields_of_a_fitted_motion_point_from_the_synthetic_frame_to_the_acquired_tissue(scene, heart_cine):
    source = add_sequence_to_scene(heart_cine.sequence, "heart")
    added = interpolate_between_items(
        source.sequence, 0, 2, 3, FAST, companions=[Companion.DISPLACEMENT_FIRST_TO_T, Companion.JACOBIAN_FIRST_TO_T]
    )
    assert added.sequence.GetNumberOfDataNodes() == 5
    last = added.companions[Companion.DISPLACEMENT_FIRST_TO_T].GetNthDataNode(4)
    geometry, body = heart_cine.geometry, heart_cine.body
    mask = wall_mask(body, geometry, heart_cine.phases[2])
    truth = heart_cine.displacement_field(0, 2).array
    chosen = np.argwhere(mask)[::97]
    errors, lengths = [], []
    for k, j, i in chosen:
        point = geometry.physical_point((k, j, i)) * [-1, -1, 1]  # LPS to RAS
        moved = np.array(last.GetTransformFromParent().TransformPoint(point)) - point
        errors.append(np.linalg.norm(moved - truth[k, j, i] * [-1, -1, 1]))
        lengths.append(np.linalg.norm(truth[k, j, i]))
    assert np.mean(errors) < np.mean(lengths) / 3


def test_synthetic_frames_of_a_fitted_motion_are_nearer_the_truth_than_either_end(scene, heart_cine):
    source = add_sequence_to_scene(heart_cine.sequence, "heart")
    middle = heart_cine.sequence.times[1]
    added = interpolate_between_items(source.sequence, 0, 2, [middle], FAST)
    frame = slicer.util.arrayFromVolume(added.sequence.GetNthDataNode(1)).astype(float)
    first, truth, last = (v.array.astype(float) for v in heart_cine.sequence.volumes)
    error = np.abs(frame - truth).mean()
    assert error < 0.7 * min(np.abs(first - truth).mean(), np.abs(last - truth).mean())
    assert added.sequence.GetNthDataNode(1).GetAttribute("TemporalInterp.Engine") == "velocity_field"


def test_a_synthetic_item_names_the_frames_around_its_phases(scene, heart_cine):
    source = add_sequence_to_scene(heart_cine.sequence, "heart")
    added = interpolate_between_items(source.sequence, 0, 1, 1, FAST)
    rests_on = added.sequence.GetNthDataNode(1).GetAttribute("TemporalInterp.IndexValues")
    assert [float(value) for value in rests_on.split()] == pytest.approx(heart_cine.sequence.times)
    assert added.sequence.GetNumberOfDataNodes() == 3
