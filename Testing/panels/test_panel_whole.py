"""The panel as a whole: what it says ends with the scene, and whatever it says, it keeps its width."""

import pytest
import qt
import slicer
from panels.panel_helpers import parameters_of

WIDEST = 340
"""Pixels that Slicer gives a panel beside the slice views on a small screen."""

LONG = "A very long message that somebody wrote without a thought for the narrow panel that it is shown in. " * 6
LONG_NAME = "Sequence_of_a_scanner_that_loves_long_names_" * 4


def texts(widget) -> dict[str, object]:
    """What every label, button and bar says, and whether a label shows a picture."""
    said = {}
    for kind in (qt.QLabel, qt.QPushButton, qt.QToolButton, qt.QCheckBox):
        for part in widget.parent.findChildren(kind):
            if part.objectName:
                said[part.objectName] = part.text
    for label in widget.parent.findChildren(qt.QLabel):
        if label.objectName:
            said[f"{label.objectName}: picture"] = label.pixmap is not None and not label.pixmap.isNull()
    for bar in widget.parent.findChildren(qt.QProgressBar):
        said[bar.objectName] = bar.isHidden()
    return said


@pytest.fixture
def used(cine, repeated, stand_in, open_panel, process_events_until):
    """The panel after everything in it was used."""
    widget = open_panel()
    widget.ui.timeSlider.value = 0.4
    for section in ("interpolate", "check", "slices", "track"):
        work = widget.panel.sections[section].work
        work.button.click()
        process_events_until(lambda work=work: not work.running, 60)
        slicer.app.processEvents()
    for label in widget.parent.findChildren(qt.QLabel):  # what only an error would say
        if label.objectName.endswith(("Message", "Status")):
            label.text = LONG
    return widget


def test_what_was_said_ends_with_the_scene(scene, open_panel, used):
    scene.Clear(0)
    slicer.app.processEvents()
    after = texts(used)
    used.cleanup()
    fresh = open_panel()
    slicer.app.processEvents()
    assert after == texts(fresh)


def _constant_labels(widget) -> set[str]:
    """Names of the labels in front of a field, whose short texts never change: only those do not wrap their words."""
    labels = widget.parent.findChildren(qt.QLabel)
    return {label.objectName for label in labels if label.text and not label.wordWrap}


@pytest.mark.parametrize("said", ["", LONG, LONG_NAME], ids=["nothing", "long", "one word"])
def test_the_panel_keeps_its_width_whatever_it_says(used, said):
    constant = _constant_labels(used)
    for button in used.parent.findChildren("ctkCollapsibleButton"):
        button.collapsed = False
    for label in used.parent.findChildren(qt.QLabel):
        if label.objectName and label.objectName not in constant:
            label.visible = True
            if said:
                label.text = said
    for box in used.parent.findChildren(qt.QComboBox):
        if said:
            box.addItem(said)
    slicer.app.processEvents()
    too_wide = [
        (part.objectName, part.minimumSizeHint.width())
        for part in used.parent.findChildren(qt.QWidget)
        if part.objectName and part.minimumSizeHint.width() > WIDEST - 40 and not part.isHidden()
    ]
    assert used.parent.minimumSizeHint.width() <= WIDEST, too_wide
    assert used.parent.sizeHint.width() <= WIDEST, too_wide


def test_the_labels_of_a_player_keep_their_room(open_panel):
    (label,) = open_panel().ui.seekWidget.findChildren(qt.QLabel)
    assert label.sizePolicy.horizontalPolicy() != qt.QSizePolicy.Ignored


def test_closed_sections_leave_no_empty_lines(cine, open_panel):
    widget = open_panel()
    for button in widget.parent.findChildren("ctkCollapsibleButton"):
        button.collapsed = True
    heights = [button.sizeHint.height() for button in widget.parent.findChildren("ctkCollapsibleButton")]
    assert max(heights) < 40


def test_sections_come_in_the_order_of_the_work(open_panel):
    widget = open_panel()
    order = [name for name in widget.panel.sections if name != "packages"]
    assert order.index("sequence") < order.index("preview") < order.index("interpolate") < order.index("deformation")
    assert order.index("interpolate") < order.index("check") < order.index("clean_up")
    assert order[-1] == "clean_up"
    opened = [name for name, section in widget.panel.sections.items() if section.title and not section.collapsed]
    assert opened == ["sequence", "preview", "interpolate"]
    assert parameters_of(widget).sequence is None
