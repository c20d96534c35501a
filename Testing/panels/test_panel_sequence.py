"""The section that chooses the sequence and its two phases."""

import numpy as np
import pytest
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, item_arrays, item_values, put_in_scene, sequence_of, volume_node
from panels.panel_helpers import ids, parameters_of, pick, picture, preview_of

from TemporalInterpLib import sample_cine
from TemporalInterpLib.sequence_conversion import set_attributes

MARK = {"TemporalInterp.Synthetic": "true"}


def phases(widget) -> tuple[int, int]:
    return parameters_of(widget).firstPhase, parameters_of(widget).lastPhase


def test_the_first_sequence_of_volumes_is_chosen_and_the_phases_farthest_apart(cine, open_panel):
    widget = open_panel()
    assert parameters_of(widget).sequence is cine.sequence
    assert phases(widget) == (0, 4)
    assert widget.ui.firstPhase.currentText == "0 ms  (frame 0)"
    assert widget.ui.lastPhase.currentText == "50 ms  (frame 4)"
    assert widget.ui.lastPhase.count == 5
    assert not widget.ui.sequenceMessage.visible or widget.ui.sequenceMessage.text == ""


def test_the_curve_of_change_is_drawn_with_both_phases(cine, open_panel):
    widget = open_panel()
    assert not widget.ui.changeCurve.isHidden()
    before = widget.ui.changeCurve.pixmap.toImage()
    pick(widget.ui.lastPhase, 2)
    assert widget.ui.changeCurve.pixmap.toImage() != before, "the mark of phase B has not moved"
    assert before.width() <= 300


def test_opening_changes_nothing_in_the_scene_but_the_parameters(cine, scene, slicer_session, open_panel):
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


def test_phases_are_picked_by_index_value(cine, open_panel):
    widget = open_panel()
    pick(widget.ui.firstPhase, 1)
    pick(widget.ui.lastPhase, 3)
    assert phases(widget) == (1, 3)
    assert widget.ui.firstPhase.currentText.startswith("12.5 ms")
    assert widget.ui.lastPhase.currentText.startswith("37.5 ms")
    widget.ui.proposeButton.click()
    assert phases(widget) == (0, 4)


@pytest.mark.parametrize(("box", "index"), [("firstPhase", 4), ("lastPhase", 0)])
def test_phases_are_never_the_wrong_way_round(cine, open_panel, box, index):
    widget = open_panel()
    pick(getattr(widget.ui, box), index)
    first, last = phases(widget)
    assert 0 <= first < last <= 4
    assert widget.ui.firstPhase.currentIndex == first
    assert widget.ui.lastPhase.currentIndex == last


def test_only_sequences_of_volumes_are_offered(cine, scene, open_panel):
    transforms = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "poses")
    transforms.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
    scene.AddNewNodeByClass("vtkMRMLSequenceNode", "empty")
    selector = open_panel().ui.sequenceSelector
    assert [selector.nodeFromIndex(n).GetName() for n in range(selector.nodeCount())] == ["cine"]


def test_another_sequence_gets_phases_of_its_own(cine, scene, blob_frames, open_panel):
    widget = open_panel()
    other = scene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [1, 2, 4]))
    gestures.choose(widget.ui.sequenceSelector, other)
    assert parameters_of(widget).sequence is other
    assert phases(widget) == (0, 2)
    assert widget.ui.lastPhase.count == 3
    assert widget.ui.lastPhase.currentText == "4 ms  (frame 2)"


def test_synthetic_frames_are_no_phases(cine, scene, blob_frames, open_panel):
    for number in (0, 4):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    widget = open_panel()
    texts = [widget.ui.firstPhase.itemText(n) for n in range(widget.ui.firstPhase.count)]
    assert texts == ["12.5 ms  (frame 1)", "25 ms  (frame 2)", "37.5 ms  (frame 3)"]
    assert phases(widget) in ((1, 3), (1, 2))
    pick(widget.ui.lastPhase, 1)
    assert phases(widget) == (1, 2)


@pytest.mark.parametrize(("unit", "shown"), [("", "12.5  (frame 1)"), ("%", "12.5 %  (frame 1)")])
def test_index_values_are_shown_in_the_unit_of_the_sequence(cine, open_panel, unit, shown):
    cine.sequence.SetIndexUnit(unit)
    assert open_panel().ui.firstPhase.itemText(1) == shown


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
    one_frame: "fewer than two acquired frames",
    text_index: "is text",
    two_grids: "item 1",
    two_types: "float32",
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
    before = picture(scene)
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
@pytest.mark.parametrize("button", ["interpolateButton", "checkButton", "adaptButton"])
def test_buttons_on_a_sequence_that_cannot_be_used_answer_in_words(
    scene, blob_frames, open_panel, dialogs, make, button
):
    parameters = parameters_of(widget := open_panel())
    parameters.sequence = scene.AddNode(make(blob_frames(2)))
    before = picture(scene)
    getattr(widget.ui, button).click()
    ((level, text),) = dialogs.shown
    assert level == "error"
    assert "Something went wrong" not in text
    assert picture(scene) == before


def test_a_sequence_that_loses_its_frames_says_so(cine, scene, open_panel, dialogs):
    widget = open_panel()
    cine.sequence.RemoveAllDataNodes()
    slicer.app.processEvents()
    assert "empty" in widget.ui.sequenceMessage.text
    assert not widget.ui.timeSlider.enabled
    widget.ui.interpolateButton.click()
    assert "empty" in dialogs.shown[-1][1]


def test_nan_voxels_spoil_neither_the_curve_nor_the_preview(scene, blob_frames, open_panel, dialogs):
    frames = [frame.astype("float32") for frame in blob_frames(5)]
    frames[1][0, 0, 0] = np.nan
    for frame in frames:
        frame[2, 3, 4] = np.nan
    put_in_scene(frames, OBLIQUE, [0, 12.5, 25, 37.5, 50])
    widget = open_panel()
    assert phases(widget) == (0, 4)
    before = ids(scene)
    widget.ui.timeSlider.value = 0.3
    shown = slicer.util.arrayFromVolume(preview_of(widget))
    assert np.isnan(shown[2, 3, 4])
    assert np.isfinite(shown).sum() == shown.size - 1
    assert len(ids(scene)) > len(before)
    assert dialogs.shown == []


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


def test_an_item_added_later_becomes_a_phase(cine, blob_frames, open_panel):
    widget = open_panel()
    cine.sequence.SetDataNodeAtValue(volume_node(blob_frames(5)[0], OBLIQUE), "62.5")
    gestures.leave(widget)
    gestures.enter(widget)
    assert widget.ui.lastPhase.count == 6
    assert widget.ui.lastPhase.itemText(5) == "62.5 ms  (frame 5)"


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


@pytest.mark.parametrize(
    ("box", "item", "phases"),
    [("firstPhase", 2, (2, 4)), ("firstPhase", 4, (3, 4)), ("lastPhase", 3, (0, 3)), ("lastPhase", 0, (0, 1))],
)
def test_phase_b_stays_after_phase_a_whichever_is_chosen(cine, open_panel, box, item, phases):
    widget = open_panel()
    parameters = parameters_of(widget)
    assert (parameters.firstPhase, parameters.lastPhase) == (0, 4)
    pick(getattr(widget.ui, box), item)
    assert (parameters.firstPhase, parameters.lastPhase) == phases
    assert (widget.ui.firstPhase.currentIndex, widget.ui.lastPhase.currentIndex) == phases


def test_phase_a_pushes_phase_b_ahead(cine, open_panel):
    widget = open_panel()
    pick(widget.ui.lastPhase, 1)
    pick(widget.ui.firstPhase, 2)
    assert (parameters_of(widget).firstPhase, parameters_of(widget).lastPhase) == (2, 3)
