"""The choice of phases A and B among the acquired frames."""

import numpy as np
import pytest
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, put_in_scene, sequence_of, volume_node
from panels.panel_helpers import ids, parameters_of, pick, preview_of

from TemporalInterpLib.sequence_conversion import set_attributes

MARK = {"TemporalInterp.Synthetic": "true"}


def phases(widget) -> tuple[int, int]:
    return parameters_of(widget).firstPhase, parameters_of(widget).lastPhase


def test_the_phases_farthest_apart_are_proposed(cine, open_panel):
    widget = open_panel()
    assert phases(widget) == (0, 4)
    assert widget.ui.firstPhase.currentText == "0 ms (0)"
    assert widget.ui.lastPhase.currentText == "50 ms (4)"
    assert widget.ui.lastPhase.count == 5


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


def test_another_sequence_gets_phases_of_its_own(cine, scene, blob_frames, open_panel):
    widget = open_panel()
    other = scene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [1, 2, 4]))
    gestures.choose(widget.ui.sequenceSelector, other)
    assert parameters_of(widget).sequence is other
    assert phases(widget) == (0, 2)
    assert widget.ui.lastPhase.count == 3
    assert widget.ui.lastPhase.currentText == "4 ms (2)"


def test_synthetic_frames_are_no_phases(cine, scene, blob_frames, open_panel):
    for number in (0, 4):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    widget = open_panel()
    texts = [widget.ui.firstPhase.itemText(n) for n in range(widget.ui.firstPhase.count)]
    assert texts == ["12.5 ms (1)", "25 ms (2)", "37.5 ms (3)"]
    assert phases(widget) in ((1, 3), (1, 2))
    pick(widget.ui.lastPhase, 1)
    assert phases(widget) == (1, 2)


@pytest.mark.parametrize(("unit", "shown"), [("", "12.5 (1)"), ("%", "12.5 % (1)")])
def test_index_values_are_shown_in_the_unit_of_the_sequence(cine, open_panel, unit, shown):
    cine.sequence.SetIndexUnit(unit)
    assert open_panel().ui.firstPhase.itemText(1) == shown


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


def test_an_item_added_later_becomes_a_phase(cine, blob_frames, open_panel):
    widget = open_panel()
    cine.sequence.SetDataNodeAtValue(volume_node(blob_frames(5)[0], OBLIQUE), "62.5")
    widget.exit()
    widget.enter()
    assert widget.ui.lastPhase.count == 6
    assert widget.ui.lastPhase.itemText(5) == "62.5 ms (5)"


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
