"""Whatever goes wrong half-way leaves the scene as it was."""

import numpy as np
import pytest
from mrml_helpers import (
    OBLIQUE,
    EngineFailureError,
    FailingEngine,
    interpolate_between_items,
    known_motion,
    multiply_item_rate,
    sequence_of,
    snapshot,
)

from temporal_interp.errors import CancelledError
from TemporalInterpLib import add_sequence, interpolate_sequence, sequence_browser
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.scene_transaction import scene_transaction

MOTION = known_motion(lambda points: np.broadcast_to([1.0, 0.0, 0.0], points.shape))


@pytest.fixture(params=[False, True], ids=["undo off", "undo on"])
def undo(request, cine, scene):
    if request.param:
        scene.SetUndoOn()
        scene.SaveStateForUndo()
    return request.param


@pytest.mark.parametrize("at_frame", [0, 1, 3])
def test_failing_engine_leaves_no_trace(cine, scene, undo, at_frame):
    before = snapshot(scene)
    with pytest.raises(EngineFailureError):
        multiply_item_rate(cine.sequence, 2, FailingEngine(MOTION, at_frame), companions=list(Companion))
    assert snapshot(scene) == before


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95, 1.0])
def test_cancel_leaves_no_trace(cine, scene, undo, share):
    def cancel(fraction, message):
        if fraction >= share:
            raise CancelledError

    before = snapshot(scene)
    with pytest.raises(CancelledError):
        interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, companions=list(Companion), progress=cancel)
    assert snapshot(scene) == before


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (interpolate_sequence, "copy_place"),
        (interpolate_sequence, "add_browsed_sequence"),
        (add_sequence, "add_proxy"),
        (add_sequence, "show_like"),
        (add_sequence, "mark_companion"),
        (add_sequence, "show_companion"),
        (add_sequence, "add_browser"),
        (add_sequence, "AddedSequence"),
    ],
)
def test_failure_while_adding_leaves_no_trace(cine, scene, undo, monkeypatch, module, step):
    def fail(*arguments, **options):
        raise OSError("no more memory")

    monkeypatch.setattr(module, step, fail)
    before = snapshot(scene)
    with pytest.raises(OSError, match="no more memory"):
        interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, companions=list(Companion))
    assert snapshot(scene) == before


def add_browsed_by_slicer(scene, sequence):
    scene.AddNode(sequence)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    assert browser.GetProxyNode(sequence) is not None
    raise OSError("late")


def test_proxies_that_slicer_made_itself_are_removed_too(cine, scene, blob_frames):
    before = snapshot(scene)
    with pytest.raises(OSError, match="late"), scene_transaction(scene):
        add_browsed_by_slicer(scene, sequence_of(blob_frames(2), OBLIQUE, [0, 1]))
    assert snapshot(scene) == before


def test_nodes_appear_in_one_batch(cine, scene, monkeypatch):
    seen = []
    original = sequence_browser.add_browser
    monkeypatch.setattr(
        add_sequence, "add_browser", lambda *args: (seen.append(scene.IsBatchProcessing()), original(*args))[1]
    )
    interpolate_between_items(cine.sequence, 0, 1, 1, MOTION)
    assert seen == [True]
    assert not scene.IsBatchProcessing()


def test_work_succeeds_after_a_failure(cine):
    with pytest.raises(EngineFailureError):
        interpolate_between_items(cine.sequence, 0, 4, 3, FailingEngine(MOTION, 2))
    added = interpolate_between_items(cine.sequence, 0, 4, 3, MOTION)
    assert added.sequence.GetName() == "Interpolated 0-50 ms of cine"
