"""Synthetic frames, and the fields made with them, can be taken back."""

import numpy as np
import pytest
import slicer
from mrml_helpers import (
    interpolate_between_items,
    item_arrays,
    item_values,
    known_motion,
    multiply_item_rate,
    sequence_of,
    snapshot,
    synthetic_marks,
)

from temporal_interp.data.geometry import Geometry
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.remove_generated import remove_generated_frames

MOTION = known_motion(lambda points: np.broadcast_to([1.0, 0.0, 0.0], points.shape))


def ids(scene):
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def test_acquired_frames_are_left_as_they_were(cine):
    added = multiply_item_rate(cine.sequence, 3, LinearBlend())
    assert remove_generated_frames(added.sequence) == 8
    assert item_values(added.sequence) == item_values(cine.sequence)
    for left, acquired in zip(item_arrays(added.sequence), item_arrays(cine.sequence), strict=True):
        assert left.tobytes() == acquired.tobytes()
    assert added.sequence.GetNthDataNode(1).GetName() == "Phase 1"


def test_companions_go_with_all_that_belongs_to_them(cine, scene):
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)  # which Slicer always has
    before = ids(scene)
    added = interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, companions=list(Companion))
    kept = {added.sequence.GetID(), added.browser.GetID(), added.proxy.GetID(), added.proxy.GetDisplayNodeID()}
    added.browser.GetProxyNode(added.companions[Companion.DISPLACEMENT_FIRST_TO_T]).AddDefaultStorageNode()
    remove_generated_frames(added.sequence)
    assert ids(scene) == before | kept
    assert added.browser.GetNumberOfSynchronizedSequenceNodes(True) == 1


def test_companions_of_another_run_stay(cine):
    first = interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, companions=[Companion.JACOBIAN_FIRST_TO_T])
    second = multiply_item_rate(first.sequence, 2, MOTION, companions=[Companion.JACOBIAN_FIRST_TO_T])
    remove_generated_frames(second.sequence)
    assert second.companions[Companion.JACOBIAN_FIRST_TO_T].GetScene() is None
    assert first.companions[Companion.JACOBIAN_FIRST_TO_T].GetNumberOfDataNodes() == 5
    assert first.browser.GetProxyNode(first.companions[Companion.JACOBIAN_FIRST_TO_T]) is not None


def test_sequence_with_our_reference_but_without_our_mark_stays(cine, scene):
    added = interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, companions=[Companion.JACOBIAN_FIRST_TO_T])
    mine = added.companions[Companion.JACOBIAN_FIRST_TO_T]
    mine.RemoveAttribute("TemporalInterp.Companion")
    remove_generated_frames(added.sequence)
    assert mine.GetScene() is scene


@pytest.mark.parametrize(("selected", "left_at"), [(0, 0.0), (3, 12.5), (1, 0.0), (2, 12.5), (12, 50.0)])
def test_browser_stays_at_its_time_or_goes_to_the_nearest(cine, selected, left_at):
    added = multiply_item_rate(cine.sequence, 3, LinearBlend())
    added.browser.SetSelectedItemNumber(selected)
    remove_generated_frames(added.sequence)
    number = added.browser.GetSelectedItemNumber()
    assert item_values(added.sequence)[number] == left_at
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(added.proxy), item_arrays(added.sequence)[number])


@pytest.mark.parametrize("playing", [True, False])
def test_playback_continues(cine, playing):
    added = interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, companions=list(Companion))
    added.browser.SetPlaybackActive(playing)
    remove_generated_frames(added.sequence)
    assert added.browser.GetPlaybackActive() == playing


def test_other_sequences_of_the_browser_keep_their_place(cine):
    added = interpolate_between_items(cine.sequence, 0, 4, 3, MOTION)
    cine.browser.AddSynchronizedSequenceNode(added.sequence)
    remove_generated_frames(added.sequence)
    assert cine.browser.GetSelectedItemNumber() == 2
    assert cine.browser.IsSynchronizedSequenceNode(added.sequence)


def test_sequence_without_synthetic_frames_is_not_touched(cine, scene):
    before = snapshot(scene)
    assert remove_generated_frames(cine.sequence) == 0
    assert snapshot(scene) == before


def test_user_items_that_only_look_alike_stay(cine):
    added = interpolate_between_items(cine.sequence, 0, 4, 3, LinearBlend())
    added.sequence.GetNthDataNode(2).RemoveAttribute("TemporalInterp.Synthetic")
    added.sequence.GetNthDataNode(0).SetAttribute("TemporalInterp.Synthetic", "false")
    assert remove_generated_frames(added.sequence) == 2
    assert item_values(added.sequence) == [0, 25, 50]


def test_sequence_of_synthetic_frames_alone_is_refused(cine, scene):
    added = interpolate_between_items(cine.sequence, 0, 4, 2, LinearBlend())
    for text in ("0", "50"):
        added.sequence.RemoveDataNodeAtValue(text)
    assert synthetic_marks(added.sequence) == [True, True]
    before = snapshot(scene)
    with pytest.raises(InvalidInputError, match="'Interpolated 0-50 ms of cine' is synthetic"):
        remove_generated_frames(added.sequence)
    assert snapshot(scene) == before


def test_sequence_outside_the_scene_works():
    sequence = sequence_of([np.zeros((1, 2, 3), "uint8")] * 2, Geometry((1, 2, 3)), [0, 1])
    sequence.GetNthDataNode(1).SetAttribute("TemporalInterp.Synthetic", "true")
    assert remove_generated_frames(sequence) == 1


def test_index_that_would_hang_slicer_is_refused():
    sequence = sequence_of([np.zeros((1, 2, 3), "uint8")], Geometry((1, 2, 3)), ["nan"])
    with pytest.raises(InvalidInputError, match="nan"):
        remove_generated_frames(sequence)
