"""The section that chooses the sequence."""

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, item_arrays, item_values, put_in_scene, sequence_of, volume_node
from panels.panel_helpers import ids, parameters_of, picture

from TemporalInterpLib import sample_cine

MARK = {"TemporalInterp.Synthetic": "true"}


def phases(widget) -> tuple[int, int]:
    return parameters_of(widget).firstPhase, parameters_of(widget).lastPhase


def test_the_first_sequence_of_volumes_is_chosen(cine, open_panel):
    widget = open_panel()
    assert parameters_of(widget).sequence is cine.sequence
    assert not widget.ui.sequenceMessage.visible or widget.ui.sequenceMessage.text == ""


def background() -> str | None:
    return slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID()


def test_what_is_chosen_on_entering_is_shown_where_the_views_are_empty(cine, open_panel):
    open_panel()
    assert background() == cine.proxy.GetID()


def test_views_that_show_something_stay(cine, scene, open_panel):
    other = scene.AddNode(volume_node(np.zeros((2, 3, 4), np.float32), OBLIQUE))
    slicer.util.setSliceViewerLayers(background=other)
    open_panel()
    assert background() == other.GetID()


def test_opening_changes_nothing_in_the_scene_but_the_parameters(cine, scene, slicer_session, open_panel):
    slicer.util.setSliceViewerLayers(background=cine.proxy)
    before = picture(scene)
    open_panel()
    assert picture(scene) == before


def test_an_empty_scene_says_what_to_do(open_panel):
    widget = open_panel()
    assert "load a cine" in widget.ui.sequenceMessage.text
    assert not widget.ui.timeSlider.enabled
    assert not widget.ui.interpolateButton.enabled
    assert not widget.ui.checkButton.enabled
    assert not widget.ui.adaptButton.enabled
    assert widget.ui.changeCurve.isHidden()


def test_only_sequences_of_volumes_are_offered(cine, scene, open_panel):
    transforms = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "poses")
    transforms.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
    scene.AddNewNodeByClass("vtkMRMLSequenceNode", "empty")
    selector = open_panel().ui.sequenceSelector
    assert [selector.nodeFromIndex(n).GetName() for n in range(selector.nodeCount())] == ["cine"]


def one_frame(frames):
    return sequence_of(frames[:1], OBLIQUE, [0])


def no_frames(frames):
    sequence = one_frame(frames)
    sequence.RemoveAllDataNodes()
    return sequence


def text_index(frames):
    sequence = slicer.vtkMRMLSequenceNode()
    sequence.SetIndexType(slicer.vtkMRMLSequenceNode.TextIndex)
    for number, name in enumerate(("diastole", "systole")):
        sequence.SetDataNodeAtValue(volume_node(frames[number], OBLIQUE), name)
    return sequence


def two_grids(frames):
    return sequence_of([frames[0], frames[1][:, :, 1:]], OBLIQUE, [0, 1])


def two_types(frames):
    return sequence_of([frames[0], frames[1].astype("float32")], OBLIQUE, [0, 1])


BAD = {
    one_frame: "has one frame",
    text_index: "is text",
    two_grids: "differ in size",
    two_types: "32-bit real numbers",
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("after_a_good_one", [False, True])
def test_a_sequence_that_cannot_be_used_says_so_and_nothing_happens(
    scene, blob_frames, open_panel, make, after_a_good_one
):
    good = put_in_scene(blob_frames(5), OBLIQUE, [0, 12.5, 25, 37.5, 50]) if after_a_good_one else None
    widget = open_panel()
    if good:
        widget.ui.timeSlider.value = 0.0
    bad = scene.AddNode(make(blob_frames(2)))
    bad.SetName("bad")
    shown = [widget.panel.sections["preview"].preview.node] if good else []
    mine = {
        n.GetID()
        for node in shown
        for n in (node, node.GetDisplayNode(), node.GetNodeReference("TemporalInterp.MadeFrom"))
    }
    before = {key: value for key, value in picture(scene).items() if key not in mine and "SliceComposite" not in key}
    parameters_of(widget).sequence = bad
    assert BAD[make] in widget.ui.sequenceMessage.text
    assert not widget.ui.sequenceMessage.isHidden()
    assert not widget.ui.timeSlider.enabled
    assert not widget.ui.proposeButton.enabled
    assert not widget.ui.firstPhase.enabled
    assert widget.ui.firstPhase.count < 2
    assert widget.ui.changeCurve.isHidden()
    assert widget.ui.instantLabel.text == ""
    assert {key: value for key, value in picture(scene).items() if key in before} == before


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("button", ["interpolateButton", "adaptButton", "checkButton", "trackButton"])
def test_buttons_are_off_for_a_sequence_that_cannot_be_used_and_say_why(
    scene, blob_frames, open_panel, dialogs, make, button
):
    parameters = parameters_of(widget := open_panel())
    parameters.sequence = scene.AddNode(make(blob_frames(2)))
    before = picture(scene)
    assert not getattr(widget.ui, button).enabled
    assert getattr(widget.ui, button).toolTip == widget.panel.context.in_use.refusal
    getattr(widget.ui, button).click()
    assert dialogs.shown == []
    assert picture(scene) == before


def test_a_sequence_that_loses_its_frames_says_so(cine, open_panel):
    widget = open_panel()
    cine.sequence.RemoveAllDataNodes()
    slicer.app.processEvents()
    assert "empty" in widget.ui.sequenceMessage.text
    assert not widget.ui.timeSlider.enabled
    assert not widget.ui.interpolateButton.enabled


def test_a_frame_of_nan_is_reported_where_it_matters(scene, blob_frames, open_panel, dialogs):
    frames = [frame.astype("float32") for frame in blob_frames(5)]
    for frame in frames[1:]:
        frame[:] = np.nan
    put_in_scene(frames, OBLIQUE, [0, 12.5, 25, 37.5, 50])
    widget = open_panel()
    before = ids(scene)
    widget.ui.timeSlider.value = 0.3
    assert "NaN" in widget.ui.previewStatus.text
    assert ids(scene) == before
    assert dialogs.shown == []


@pytest.fixture
def small_sample(monkeypatch):
    monkeypatch.setattr(sample_cine, "PHASES", 2)


@pytest.mark.usefixtures("small_sample")
class TestSample:
    def test_the_button_draws_a_beating_heart_and_chooses_it(self, open_panel, process_events_until):
        widget = open_panel()
        widget.ui.sampleButton.click()
        assert not widget.ui.sampleButton.enabled
        assert "Drawing" in widget.ui.sequenceMessage.text
        process_events_until(lambda: parameters_of(widget).sequence is not None, 60)
        process_events_until(lambda: widget.ui.sampleButton.enabled)
        sequence = parameters_of(widget).sequence
        assert (sequence.GetName(), sequence.GetIndexUnit()) == ("Beating heart phantom", "ms")
        assert len(item_values(sequence)) == 2
        first, last = item_arrays(sequence)
        assert first.std() > 0
        assert (first != last).mean() > 0.01
        assert phases(widget) == (0, 1)

    def test_closing_the_scene_stops_the_drawing(self, scene, open_panel, process_events_until):
        widget = open_panel()
        widget.ui.sampleButton.click()
        slicer.app.processEvents()
        scene.Clear(0)
        process_events_until(lambda: widget.ui.sampleButton.enabled)
        for _ in range(20):
            slicer.app.processEvents()
        assert slicer.util.getNodesByClass("vtkMRMLSequenceNode") == []
