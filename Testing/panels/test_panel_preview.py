"""The time slider: the blend at once, the engine's answer after it, and nothing left behind."""

import re
import threading
import time

import numpy as np
import pytest
import slicer
import vtk
from harness import gestures
from mrml_helpers import OBLIQUE, FailingEngine, item_arrays, put_in_scene
from panels.panel_helpers import (
    SHIFT,
    attributes,
    blend,
    ids,
    parameters_of,
    pick,
    picture,
    preview_of,
    shifted,
)

from temporal_interp.engines.cubic_blend import CubicBlend
from TemporalInterpLib import engines as library_engines
from TemporalInterpLib.layout import SIDE_BY_SIDE
from TemporalInterpLib.parameter_node import Device


def voxels(widget) -> np.ndarray:
    return slicer.util.arrayFromVolume(preview_of(widget))


def slide(widget, t: float) -> None:
    """Move the slider to a place from 0, its left end, to 1."""
    slider = widget.ui.timeSlider
    slider.value = slider.minimum + t * (slider.maximum - slider.minimum)


def engine_of(widget) -> str | None:
    """Who made what the preview shows; None for an acquired frame."""
    return preview_of(widget).GetAttribute("TemporalInterp.Engine")


@pytest.fixture
def answered(process_events_until):
    """Function that waits until an engine's answer is shown."""

    def wait(widget, engine: str, timeout_s: float = 30.0) -> None:
        process_events_until(lambda: engine_of(widget) == engine, timeout_s)
        process_events_until(lambda: widget.ui.previewStatus.text.startswith("By the"), timeout_s)

    return wait


@pytest.fixture
def turns():
    """Function that gives the event loop a number of turns."""

    def take(count: int = 10) -> None:
        for _ in range(count):
            slicer.app.processEvents()

    return take


def test_nothing_is_added_before_the_slider_moves(cine, scene, open_panel, turns):
    widget = open_panel()
    before = ids(scene)
    turns()
    assert preview_of(widget) is None
    assert ids(scene) == before


def test_what_lies_around_the_phases_is_that_of_the_loop(cine, engines, open_panel, answered):
    cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
    widget = open_panel()
    slide(widget, 0.3)
    answered(widget, SHIFT.name)
    shown = SHIFT.prepared[-1].sequence
    assert (shown.times, shown.period) == ((0.0, 50.0), 60.0)


def test_what_lies_around_the_phases_is_shown_to_the_engine_and_what_lies_between_is_hidden(
    cine, engines, open_panel, answered
):
    widget = open_panel()
    pick(widget.ui.lastPhase, 3)
    pick(widget.ui.firstPhase, 1)
    slide(widget, 0.3)
    answered(widget, SHIFT.name)
    shown = SHIFT.prepared[-1].sequence
    assert (shown.times, shown.period) == ((0.0, 12.5, 37.5, 50.0), None)


def test_the_engine_looks_round_the_cycle_once_the_frames_are_said_to_be_one(
    cine, engines, open_panel, answered, process_events_until
):
    widget = open_panel()
    slide(widget, 0.3)
    answered(widget, SHIFT.name)
    assert SHIFT.prepared[-1].sequence.period is None
    widget.ui.cyclic.click()
    process_events_until(lambda: SHIFT.prepared[-1].sequence.period == 62.5)
    widget.ui.cyclic.click()
    process_events_until(lambda: SHIFT.prepared[-1].sequence.period is None)


@pytest.mark.parametrize("number", [0, 1, 4], ids=["around", "phase", "further away"])
def test_a_frame_that_was_changed_is_looked_at_again(cine, engines, open_panel, answered, process_events_until, number):
    widget = open_panel()
    pick(widget.ui.lastPhase, 2)
    pick(widget.ui.firstPhase, 1)
    slide(widget, 0.3)
    answered(widget, SHIFT.name)
    prepared = len(SHIFT.prepared)
    item = cine.sequence.GetNthDataNode(number)
    slicer.util.arrayFromVolume(item)[:] += 7
    slicer.util.arrayFromVolumeModified(item)
    slide(widget, 0.6)
    process_events_until(lambda: len(SHIFT.prepared) == prepared + 1)
    process_events_until(lambda: preview_of(widget).GetAttribute("TemporalInterp.T") == "0.6")
    answered(widget, SHIFT.name)
    np.testing.assert_array_equal(voxels(widget), shifted(cine.sequence, 1, 2, 0.6))


def test_a_change_of_the_period_is_seen(cine, engines, open_panel, answered, process_events_until):
    widget = open_panel()
    slide(widget, 0.3)
    answered(widget, SHIFT.name)
    cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
    slide(widget, 0.6)
    process_events_until(lambda: SHIFT.prepared[-1].sequence.period == 60.0)


class TestRestsOn:
    """The panel names the acquired frames that an answer was made from."""

    @pytest.fixture
    def says(self, cine, engines, open_panel, process_events_until):
        """Function that returns what is said of a place between two phases."""
        engines.engine = CubicBlend()

        def shown(first: int, last: int, t: float, choice: str = "student", *, cyclic: bool = False) -> str:
            widget = open_panel(choice)
            pick(widget.ui.lastPhase, last)
            pick(widget.ui.firstPhase, first)
            parameters_of(widget).cyclic = cyclic
            slide(widget, t)
            process_events_until(lambda: t in (0.0, 1.0) or widget.ui.previewStatus.text.startswith("By the"))
            return widget.ui.previewStatus.text

        return shown

    @pytest.mark.parametrize(
        ("first", "last", "t", "words"),
        [
            (1, 2, 0.25, "from 12.5, 25 ms; also from 0, 37.5 ms."),
            (1, 2, 0.75, "from 25, 12.5 ms; also from 37.5, 0 ms."),
            (0, 3, 0.25, "from 0, 37.5 ms; also from 50 ms."),
            (0, 4, 0.25, "from 0, 50 ms."),
        ],
    )
    def test_the_frames_that_count_most_come_first(self, says, first, last, t, words):
        assert says(first, last, t) == f"By the cubic blend; {words}"

    def test_round_the_cycle(self, says):
        assert says(0, 1, 0.25, cyclic=True).endswith("; from 0, 12.5 ms; also from 50, 25 ms.")

    def test_an_engine_of_two_frames(self, says, engines):
        engines.engine = SHIFT
        assert says(1, 2, 0.25) == "By the known motion; from 12.5, 25 ms."

    def test_the_linear_blend(self, says):
        assert says(1, 2, 0.75, "linear_blend") == "By the linear blend; from 25, 12.5 ms."

    def test_an_acquired_frame_rests_on_itself(self, says):
        assert says(1, 2, 1.0) == ""

    def test_without_a_unit(self, cine, says):
        cine.sequence.SetIndexUnit("")
        assert says(1, 2, 0.25).endswith("; from 12.5, 25; also from 0, 37.5.")


def test_the_blend_is_there_at_once_and_the_engines_answer_follows(cine, engines, open_panel, answered):
    held = engines.hold()
    widget = open_panel()
    slide(widget, 0.3)  # no event is processed from here on
    first, *_, last = item_arrays(cine.sequence)
    np.testing.assert_array_equal(voxels(widget), blend(first, last, 0.3))
    assert engine_of(widget) == "linear_blend"
    held.let_go()
    answered(widget, "held")
    np.testing.assert_array_equal(voxels(widget), shifted(cine.sequence, 0, 4, 0.3))
    assert held.asked == [0.3]


def test_the_event_loop_turns_while_the_engine_computes(cine, engines, open_panel, answered):
    held = engines.hold()
    widget = open_panel()
    slide(widget, 0.3)
    seen, started = [], time.monotonic()
    while len(seen) < 60:
        slicer.app.processEvents()
        slide(widget, 0.3 + 0.01 * (len(seen) % 60))
        seen.append(engine_of(widget))
        if len(seen) == 30:
            held.let_prepare()  # now it waits in `at`
    assert set(seen) == {"linear_blend"}, "the slider has to be followed while the engine computes"
    assert (time.monotonic() - started) / len(seen) < 0.1
    assert len(held.asked) <= 1
    held.let_go()
    answered(widget, "held")
    assert held.asked[-1] == pytest.approx(widget.ui.timeSlider.value / 50)


def test_the_preview_lies_where_the_item_lies_and_says_what_it_is(cine, open_panel, answered):
    widget = open_panel()
    slide(widget, 0.25)
    answered(widget, SHIFT.name)
    node, item, matrices = preview_of(widget), cine.sequence.GetNthDataNode(0), []
    for volume in (node, item):
        matrices.append(vtk.vtkMatrix4x4())
        volume.GetIJKToRASMatrix(matrices[-1])
    np.testing.assert_array_equal(*map(slicer.util.arrayFromVTKMatrix, matrices))
    assert node.GetParentTransformNode() is cine.parent
    assert voxels(widget).dtype == np.int16
    assert (node.GetDisplayNode().GetWindow(), node.GetDisplayNode().GetLevel()) == (80.0, 45.0)
    assert "SYNTHETIC 12.5 ms" in node.GetName()
    assert widget.ui.instantLabel.text == "SYNTHETIC 12.5 ms"
    marks = attributes(node)
    marks.pop("TemporalInterp.ProgramVersion")
    assert marks == {
        "TemporalInterp.Instant": "12.5 ms",
        "TemporalInterp.Synthetic": "true",
        "TemporalInterp.Engine": "known_motion",
        "TemporalInterp.EngineSettings": "for tests",
        "TemporalInterp.Model": "shifter 1.0",
        "TemporalInterp.FirstIndexValue": "0",
        "TemporalInterp.LastIndexValue": "50",
        "TemporalInterp.IndexValues": "0 50",
        "TemporalInterp.T": "0.25",
    }


def test_all_slice_views_show_it(cine, open_panel):
    widget = open_panel()
    slide(widget, 0.25)
    manager = slicer.app.layoutManager()
    shown = {manager.sliceWidget(n).mrmlSliceCompositeNode().GetBackgroundVolumeID() for n in manager.sliceViewNames()}
    assert shown == {preview_of(widget).GetID()}


@pytest.mark.parametrize(("t", "number", "letter"), [(0.0, 0, "A"), (1.0, 4, "B")])
def test_the_ends_are_the_acquired_frames_bit_for_bit(cine, engines, open_panel, answered, turns, t, number, letter):
    widget = open_panel()
    slide(widget, 0.7)
    answered(widget, SHIFT.name)
    slide(widget, t)
    turns()
    assert voxels(widget).tobytes() == item_arrays(cine.sequence)[number].tobytes()
    assert list(attributes(preview_of(widget))) == ["TemporalInterp.Instant"]
    assert "acquired" in preview_of(widget).GetName()
    assert "SYNTHETIC" not in preview_of(widget).GetName() + widget.ui.instantLabel.text
    assert widget.ui.instantLabel.text == f"acquired {50 * t:g} ms, phase {letter}"
    assert widget.ui.previewStatus.text == ""


def test_an_answer_to_an_instant_left_meanwhile_does_not_cover_the_acquired_frame(
    cine, engines, open_panel, process_events_until, turns
):
    held = engines.hold()
    held.let_prepare()
    widget = open_panel()
    slide(widget, 0.6)
    process_events_until(lambda: held.asked == [0.6])
    slide(widget, 0.0)
    held.let_go()
    turns(50)
    assert voxels(widget).tobytes() == item_arrays(cine.sequence)[0].tobytes()
    assert list(attributes(preview_of(widget))) == ["TemporalInterp.Instant"]
    assert widget.ui.previewStatus.text == ""


def test_only_the_latest_instant_of_a_drag_is_computed(cine, engines, open_panel, answered):
    held = engines.hold()
    held.let_prepare()
    widget = open_panel()
    gestures.drag(widget.ui.timeSlider, *[n / 2 for n in range(10, 90)])
    held.let_go()
    answered(widget, "held")
    assert held.asked[-1] == pytest.approx(0.89)
    assert len(held.asked) <= 2
    assert held.prepared == 1
    np.testing.assert_array_equal(voxels(widget), shifted(cine.sequence, 0, 4, 0.89))


def test_what_does_not_concern_the_preview_leaves_it_alone(cine, engines, open_panel, answered, turns):
    held = engines.hold()
    held.let_go()
    widget = open_panel()
    slide(widget, 0.3)
    answered(widget, "held")
    changed, count = preview_of(widget).GetMTime(), len(held.asked)
    widget.ui.frameCount.value = 7
    for number in (4, 1):
        cine.browser.SetSelectedItemNumber(number)
    cine.sequence.GetNthDataNode(1).SetName("renamed")
    turns(20)
    assert preview_of(widget).GetMTime() == changed
    assert len(held.asked) == count
    slide(widget, 0.4)
    turns(20)
    assert held.prepared == 1


@pytest.mark.parametrize("when", ["preparing", "answering"])
def test_phases_changed_while_it_computes(cine, engines, open_panel, process_events_until, answered, when):
    held = engines.hold()
    widget = open_panel()
    slide(widget, 0.4)
    if when == "answering":
        held.let_prepare()
        process_events_until(lambda: held.asked == [0.4])
    else:
        process_events_until(lambda: held.prepared == 1)
    pick(widget.ui.lastPhase, 2)
    frames = item_arrays(cine.sequence)
    np.testing.assert_array_equal(voxels(widget), blend(frames[0], frames[2], 0.8))
    held.let_go()
    answered(widget, "held")
    assert held.prepared == 2
    np.testing.assert_array_equal(voxels(widget), shifted(cine.sequence, 0, 2, 0.8))
    assert engines.made == [("student", "cpu")], "the engine is kept"
    assert "SYNTHETIC 20 ms" in preview_of(widget).GetName()
    assert preview_of(widget).GetAttribute("TemporalInterp.LastIndexValue") == "25"


@pytest.mark.parametrize("when", ["preparing", "answering", "answered"])
def test_the_sequence_is_deleted_meanwhile(cine, scene, engines, open_panel, process_events_until, turns, when):
    held = engines.hold()
    widget = open_panel()
    slide(widget, 0.4)
    if when == "preparing":
        process_events_until(lambda: held.prepared == 1)
    else:
        held.let_prepare()
        process_events_until(lambda: held.asked == [0.4])
    if when == "answered":
        held.let_go()
        process_events_until(lambda: engine_of(widget) == "held")
    scene.RemoveNode(cine.sequence)
    held.let_go()
    turns(30)
    assert parameters_of(widget).sequence is None
    assert not widget.ui.timeSlider.enabled
    assert widget.ui.instantLabel.text == ""
    slide(widget, 0.6)
    turns()


def test_the_preview_deleted_by_the_user_comes_back_with_the_slider(cine, scene, open_panel, answered, turns):
    widget = open_panel()
    slide(widget, 0.4)
    answered(widget, SHIFT.name)
    scene.RemoveNode(preview_of(widget))
    turns()
    slide(widget, 0.6)
    assert preview_of(widget).GetScene() is scene
    answered(widget, SHIFT.name)
    np.testing.assert_array_equal(voxels(widget), shifted(cine.sequence, 0, 4, 0.6))
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == preview_of(widget).GetID()


def test_another_engine_answers_again(cine, engines, open_panel, answered):
    widget = open_panel()
    slide(widget, 0.4)
    answered(widget, SHIFT.name)
    assert engines.made == [("student", "cpu")]
    parameters_of(widget).engine = "linear_blend"
    first, *_, last = item_arrays(cine.sequence)
    np.testing.assert_array_equal(voxels(widget), blend(first, last, 0.4))
    assert engine_of(widget) == "linear_blend"
    assert widget.ui.previewStatus.text == "By the linear blend; from 0, 50 ms."
    parameters_of(widget).engine = "cubic_blend"
    answered(widget, SHIFT.name)
    assert [name for name, _ in engines.made] == ["student", "cubic_blend"]


def test_a_device_that_is_not_there_is_replaced(cine, open_panel, answered):
    widget = open_panel()
    parameters_of(widget).device = Device.MPS
    slide(widget, 0.4)
    answered(widget, SHIFT.name)
    assert parameters_of(widget).device is Device.AUTO


@pytest.mark.parametrize("at_frame", [0, 1])
def test_an_engine_that_fails_leaves_the_blend_and_says_so(cine, engines, open_panel, process_events_until, at_frame):
    engines.engine = FailingEngine(SHIFT, at_frame)
    widget = open_panel()
    slide(widget, 0.4)
    process_events_until(lambda: "The engine failed" in widget.ui.previewStatus.text)
    first, *_, last = item_arrays(cine.sequence)
    np.testing.assert_array_equal(voxels(widget), blend(first, last, 0.4))
    assert engine_of(widget) == "linear_blend"
    engines.engine = SHIFT
    pick(widget.ui.lastPhase, 2)
    process_events_until(lambda: engine_of(widget) == SHIFT.name)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_scalar_types_are_kept(scene, blob_frames, open_panel, answered, dtype):
    cine = put_in_scene(blob_frames(3, dtype=dtype), OBLIQUE, [0, 1, 2])
    widget = open_panel()
    slide(widget, 0.6)
    assert voxels(widget).dtype == dtype
    answered(widget, SHIFT.name)
    assert voxels(widget).dtype == dtype
    np.testing.assert_array_equal(voxels(widget), shifted(cine.sequence, 0, 2, 0.6))


def test_the_source_is_only_read(cine, scene, open_panel, answered):
    widget = open_panel()
    before = {node_id: facts for node_id, facts in picture(scene).items() if "Slice" not in node_id}
    slide(widget, 0.6)
    answered(widget, SHIFT.name)
    voxels(widget)[:] = 99
    assert {node_id: facts for node_id, facts in picture(scene).items() if node_id in before} == before


@pytest.mark.parametrize("side_by_side", [False, True])
def test_nothing_of_it_is_left_when_the_module_is_closed(cine, scene, open_panel, answered, side_by_side):
    widget = open_panel()
    before = ids(scene)
    slide(widget, 0.6)
    answered(widget, SHIFT.name)
    if side_by_side:
        widget.ui.sideBySide.click()
    assert len(ids(scene)) > len(before)
    widget.cleanup()
    assert [i for i in ids(scene) if i not in before and "Volume" in i] == []


def test_nothing_of_it_is_saved_with_the_scene(cine, scene, open_panel, answered):
    def saved() -> list[str]:
        scene.SetSaveToXMLString(1)
        scene.Commit()
        return re.findall(r'<Volume\w*\s+id="(\w+)"', scene.GetSceneXMLString())

    widget = open_panel()
    before = saved()
    assert len(before) == 3, "the proxy, its display and its storage node"
    slide(widget, 0.6)
    answered(widget, SHIFT.name)
    assert saved() == before


class TestSideBySide:
    @pytest.fixture
    def widget(self, cine, open_panel, answered):
        widget = open_panel()
        slide(widget, 0.6)
        answered(widget, SHIFT.name)
        self.layout_before = slicer.app.layoutManager().layout
        widget.ui.sideBySide.click()
        for _ in range(3):  # the views are fitted once they have their size
            slicer.app.processEvents()
        return widget

    @staticmethod
    def view(tag):
        return slicer.app.layoutManager().sliceWidget(tag)

    def shown(self, tag):
        return slicer.mrmlScene.GetNodeByID(self.view(tag).mrmlSliceCompositeNode().GetBackgroundVolumeID())

    def test_phase_a_the_instant_and_phase_b_are_side_by_side(self, cine, widget):
        assert slicer.app.layoutManager().layout == SIDE_BY_SIDE
        frames = item_arrays(cine.sequence)
        for tag, number in (("PhaseA", 0), ("PhaseB", 4)):
            node = self.shown(tag)
            np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), frames[number])
            assert node.GetParentTransformNode() is cine.parent
        assert self.shown("Instant") is preview_of(widget)
        assert [self.shown(tag).GetName() for tag in ("PhaseA", "PhaseB")] == ["acquired 0 ms", "acquired 50 ms"]

    def test_three_views_fit_a_small_screen(self, widget):
        for tag in ("PhaseA", "Instant", "PhaseB"):
            assert not slicer.app.layoutManager().sliceWidget(tag).sliceController().sliceOffsetSlider().spinBoxVisible

    def test_other_phases_are_shown_when_chosen(self, cine, widget):
        pick(widget.ui.lastPhase, 3)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(self.shown("PhaseB")), item_arrays(cine.sequence)[3])
        assert self.shown("PhaseB").GetName() == "acquired 37.5 ms"

    def test_unticked_the_layout_of_before_is_back(self, widget):
        widget.ui.sideBySide.click()
        assert slicer.app.layoutManager().layout == self.layout_before

    def test_the_slider_keeps_zoom_and_window(self, widget):
        self.view("Instant").mrmlSliceNode().SetFieldOfView(33.0, 33.0, 1.0)
        display = self.shown("PhaseA").GetDisplayNode()
        display.SetWindowLevel(20.0, 10.0)
        slide(widget, 0.7)
        for _ in range(5):
            slicer.app.processEvents()
        assert self.view("Instant").mrmlSliceNode().GetFieldOfView()[0] == 33.0
        assert display.GetWindow() == 20.0

    def test_ticked_before_the_slider_was_moved(self, cine, open_panel):
        widget = open_panel()
        widget.ui.sideBySide.click()
        assert slicer.app.layoutManager().layout == SIDE_BY_SIDE
        assert self.shown("Instant") is preview_of(widget)


@pytest.mark.no_main_window
def test_without_a_main_window_the_preview_works(cine, open_panel, answered):
    widget = open_panel()
    widget.ui.sideBySide.click()
    slide(widget, 0.3)
    answered(widget, SHIFT.name)
    np.testing.assert_array_equal(voxels(widget), shifted(cine.sequence, 0, 4, 0.3))


def test_the_shipped_student_answers_from_a_thread_and_the_slider_stays_free(
    cine, engines, monkeypatch, open_panel, answered
):
    from temporal_interp.engines.pairs.student import PreparedStudent
    from temporal_interp.engines.registry import create_engine
    from temporal_interp.engines.student import StudentEngine
    from TemporalInterpLib.sequence_conversion import sequence_from_node

    phases = sequence_from_node(cine.sequence).hiding([1, 2, 3])
    expected = create_engine("student").prepare(phases).at(phases.gaps[0].time_of(0.4)).volume.array
    computed_by = {}
    for owner, name in ((StudentEngine, "prepare_pair"), (PreparedStudent, "at")):
        monkeypatch.setattr(owner, name, _recording_the_thread(getattr(owner, name), computed_by))
    monkeypatch.setattr(library_engines, "create_engine", create_engine)
    widget = open_panel()
    slide(widget, 0.4)
    first, *_, last = item_arrays(cine.sequence)
    np.testing.assert_array_equal(voxels(widget), blend(first, last, 0.4))
    started = time.monotonic()
    while engine_of(widget) != "student":
        assert time.monotonic() - started < 60, widget.ui.previewStatus.text
        assert "could not" not in widget.ui.previewStatus.text
        slicer.app.processEvents()
    answered(widget, "student")
    assert set(computed_by) == {"prepare_pair", "at"}
    assert threading.main_thread() not in set().union(*computed_by.values()), "the slider has to wait for it"
    np.testing.assert_array_equal(voxels(widget), expected)
    assert "synthetic-small" in preview_of(widget).GetAttribute("TemporalInterp.Model")
    assert len(preview_of(widget).GetAttribute("TemporalInterp.ModelSHA256")) == 64


def _recording_the_thread(method, threads):
    def recorded(*args, **kwargs):
        threads.setdefault(method.__name__, set()).add(threading.current_thread())
        return method(*args, **kwargs)

    return recorded


class TestLargeVolume:
    """A volume whose blend would hold up the slider: the blend comes from the thread, too."""

    @pytest.fixture(autouse=True)
    def _everything_is_large(self, monkeypatch):
        monkeypatch.setattr("TemporalInterpLib.preview.BLENDED_AT_ONCE", 0)

    def test_the_blend_comes_first_and_then_the_engine(self, cine, open_panel, engines, process_events_until):
        held = engines.hold()
        widget = open_panel()
        slide(widget, 0.25)
        assert engine_of(widget) is None
        process_events_until(lambda: engine_of(widget) == "linear_blend")
        first, *_, last = item_arrays(cine.sequence)
        np.testing.assert_array_equal(voxels(widget), blend(first, last, 0.25))
        held.let_go()
        process_events_until(lambda: engine_of(widget) == held.name)
        assert preview_of(widget).GetAttribute("TemporalInterp.T") == "0.25"

    def test_the_linear_blend_alone_follows_the_slider(self, cine, open_panel, process_events_until):
        widget = open_panel("linear_blend")
        first, *_, last = item_arrays(cine.sequence)
        for t in (0.25, 0.75):
            slide(widget, t)
            process_events_until(lambda: widget.ui.previewStatus.text.startswith("By the linear blend"))
            process_events_until(lambda t=t: preview_of(widget).GetAttribute("TemporalInterp.T") == str(t))
            np.testing.assert_array_equal(voxels(widget), blend(first, last, t))
