"""The instant: its slider in the unit of the sequence, the curve, the whole sequence, and what the views show."""

import time

import numpy as np
import pytest
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, FailingEngine, item_arrays, put_in_scene
from panels.panel_helpers import SHIFT, blend, parameters_of, pick, preview_of
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QApplication

from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.parameter_node import MIDDLE, Span
from TemporalInterpLib.sequence_conversion import set_attributes

WIDTH = 212
"""Of the curve, whose axis is 200 pixels long."""


def voxels(widget) -> np.ndarray:
    return slicer.util.arrayFromVolume(preview_of(widget))


def place_of(widget, instant: float, low: float = 0.0, high: float = 50.0) -> float:
    """Where a time of the test's cine is on the curve."""
    return 6 + (instant - low) / (high - low) * (WIDTH - 12)


def resize(widget, width: int) -> None:
    """Give the curve a width; Qt tells a widget that is not shown only later."""
    label = widget.ui.changeCurve._qt
    before = label.size()
    label.resize(width, before.height())
    QApplication.sendEvent(label, QResizeEvent(label.size(), before))


def mouse(widget, kind, place: float) -> None:
    label, position = widget.ui.changeCurve._qt, QPointF(place, 30)
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    QApplication.sendEvent(label, QMouseEvent(kind, position, position, button, held, Qt.KeyboardModifier.NoModifier))


def click(widget, place: float) -> None:
    mouse(widget, QEvent.Type.MouseButtonPress, place)
    mouse(widget, QEvent.Type.MouseButtonRelease, place)


def drag(widget, *places: float) -> None:
    mouse(widget, QEvent.Type.MouseButtonPress, places[0])
    for place in places[1:]:
        mouse(widget, QEvent.Type.MouseMove, place)
    mouse(widget, QEvent.Type.MouseButtonRelease, places[-1])


def press_key(widget, key) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget.ui.changeCurve._qt, event)


@pytest.fixture
def panel(cine, open_panel):
    """The panel on five frames every 12.5 ms, with a curve of a known width."""
    widget = open_panel()
    resize(widget, WIDTH)
    return widget


@pytest.fixture
def whole(panel):
    parameters_of(panel).span = Span.WHOLE
    return panel


@pytest.fixture
def answered(process_events_until):
    def wait(widget) -> None:
        preview = widget.panel.sections["preview"].preview
        process_events_until(lambda: preview.frame.provenance.engine == SHIFT.name and not preview.doing, 30)

    return wait


class TestSlider:
    def test_it_goes_from_phase_a_to_phase_b_in_the_unit_of_the_sequence(self, panel):
        slider, box = panel.ui.timeSlider, panel.ui.instantBox
        assert (slider.minimum, slider.maximum, slider.singleStep, slider.pageStep) == (0, 50, 0.5, 12.5)
        assert (box.minimum, box.maximum, box.suffix, box.decimals) == (0, 50, " ms", 1)
        pick(panel.ui.lastPhase, 2)
        assert (slider.minimum, slider.maximum) == (0, 25)

    def test_the_middle_is_chosen_at_first(self, panel):
        assert parameters_of(panel).instant == 25
        assert panel.ui.timeSlider.value == panel.ui.instantBox.value == 25
        assert preview_of(panel) is None

    @pytest.mark.parametrize("instant", [MIDDLE, -0.1, 50.1, 1e9])
    def test_an_instant_outside_becomes_the_middle(self, panel, instant):
        parameters_of(panel).instant = instant
        assert parameters_of(panel).instant == 25

    def test_slider_and_box_follow_one_another(self, panel):
        panel.ui.timeSlider.value = 30.5
        assert (panel.ui.instantBox.value, parameters_of(panel).instant) == (30.5, 30.5)
        panel.ui.instantBox.value = 11.3
        assert (panel.ui.timeSlider.value, parameters_of(panel).instant) == (11.3, 11.3)

    def test_the_instant_stays_between_phases_that_are_moved(self, panel):
        panel.ui.timeSlider.value = 30
        pick(panel.ui.lastPhase, 2)
        assert parameters_of(panel).instant == 25
        pick(panel.ui.firstPhase, 1)
        assert parameters_of(panel).instant == 25
        assert voxels(panel).tobytes() == item_arrays(parameters_of(panel).sequence)[2].tobytes()

    def test_another_sequence_keeps_it_inside(self, panel, blob_frames):
        panel.ui.timeSlider.value = 30
        other = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        gestures.choose(panel.ui.sequenceSelector, other.sequence)
        assert (panel.ui.timeSlider.minimum, panel.ui.timeSlider.maximum) == (0, 2)
        assert parameters_of(panel).instant == 1

    def test_in_percent_and_without_a_unit(self, cine, panel):
        cine.sequence.SetIndexUnit("%")
        assert panel.ui.instantBox.suffix == " %"
        cine.sequence.SetIndexUnit("")
        assert panel.ui.instantBox.suffix == ""

    def test_beside_an_acquired_time_that_frame_is_shown(self, scene, blob_frames, open_panel):
        cine = put_in_scene(blob_frames(3), OBLIQUE, [0, 100 / 3, 200 / 3])
        widget = open_panel()
        parameters_of(widget).span = Span.WHOLE
        widget.ui.timeSlider.value = 33.0
        assert parameters_of(widget).instant == pytest.approx(100 / 3, abs=1e-9)
        assert voxels(widget).tobytes() == item_arrays(cine.sequence)[1].tobytes()
        assert widget.ui.instantLabel.text == "acquired 33.33 ms"

    def test_buttons_go_one_step(self, panel):
        panel.ui.nextInstant.click()
        assert parameters_of(panel).instant == 25.5
        panel.ui.previousInstant.click()
        panel.ui.previousInstant.click()
        assert parameters_of(panel).instant == 24.5

    def test_they_stop_at_the_ends(self, panel):
        panel.ui.timeSlider.value = 50
        panel.ui.nextInstant.click()
        assert parameters_of(panel).instant == 50

    @pytest.mark.parametrize("name", ["timeSlider", "instantBox", "previousInstant", "nextInstant", "span"])
    def test_an_unfit_sequence_leaves_nothing_to_move(self, scene, blob_frames, open_panel, name):
        widget = open_panel()
        parameters_of(widget).sequence = put_in_scene(blob_frames(1), OBLIQUE, [0]).sequence
        control = getattr(widget.ui, name)
        assert not control.enabled
        assert control.toolTip == widget.panel.context.in_use.refusal != ""


class TestCurve:
    def test_it_is_as_wide_as_its_place(self, panel):
        assert panel.ui.changeCurve.pixmap.width() == WIDTH
        resize(panel, 150)
        assert panel.ui.changeCurve.pixmap.width() == 150

    def test_it_is_drawn_again_in_other_colours(self, panel):
        before = panel.ui.changeCurve.pixmap.toImage()
        palette = QPalette()
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):  # in a section, which is a button
            palette.setColor(role, QColor("#eeeeee"))
        panel.ui.changeCurve._qt.setPalette(palette)
        assert panel.ui.changeCurve.pixmap.toImage() != before

    def test_phases_and_the_instant_are_marked(self, panel):
        before = panel.ui.changeCurve.pixmap.toImage()
        pick(panel.ui.lastPhase, 3)
        phases_moved = panel.ui.changeCurve.pixmap.toImage()
        assert phases_moved != before
        panel.ui.timeSlider.value = 10
        assert panel.ui.changeCurve.pixmap.toImage() != phases_moved

    def test_the_line_lies_at_the_instant(self, panel):
        for instant in (10.0, 40.0):
            panel.ui.timeSlider.value = instant
            image = panel.ui.changeCurve.pixmap.toImage()
            orange = [x for x in range(WIDTH) if QColor(image.pixelColor(x, 15)._qt).saturation() > 200]
            assert np.mean(orange) == pytest.approx(place_of(panel, instant), abs=1)

    def test_a_click_on_a_frame_makes_it_the_nearer_phase(self, panel):
        click(panel, place_of(panel, 12.5) + 5)
        assert (parameters_of(panel).firstPhase, parameters_of(panel).lastPhase) == (1, 4)
        click(panel, place_of(panel, 37.5) - 5)
        assert (parameters_of(panel).firstPhase, parameters_of(panel).lastPhase) == (1, 3)
        assert parameters_of(panel).instant == 25

    def test_a_click_between_frames_goes_there(self, panel):
        click(panel, place_of(panel, 18.5))
        assert (parameters_of(panel).firstPhase, parameters_of(panel).lastPhase) == (0, 4)
        assert parameters_of(panel).instant == 18.5

    def test_a_click_on_a_phase_shows_it(self, cine, panel):
        click(panel, place_of(panel, 50))
        assert (parameters_of(panel).firstPhase, parameters_of(panel).lastPhase) == (0, 4)
        assert voxels(panel).tobytes() == item_arrays(cine.sequence)[4].tobytes()

    def test_a_click_on_a_synthetic_frame_makes_it_no_phase(self, cine, panel):
        set_attributes(cine.sequence.GetNthDataNode(1), {"TemporalInterp.Synthetic": "true"})
        cine.sequence.Modified()
        click(panel, place_of(panel, 12.5))
        assert (parameters_of(panel).firstPhase, parameters_of(panel).lastPhase) == (0, 4)

    def test_dragging_moves_the_instant(self, panel):
        drag(panel, *(place_of(panel, instant) for instant in (12.5, 20, 30.5)))
        assert (parameters_of(panel).firstPhase, parameters_of(panel).lastPhase) == (0, 4)
        assert parameters_of(panel).instant == 30.5

    def test_dragged_beyond_the_phases_it_stays_between_them(self, panel):
        pick(panel.ui.lastPhase, 2)
        drag(panel, place_of(panel, 20), place_of(panel, 49))
        assert parameters_of(panel).instant == 25

    def test_the_mouse_that_only_passes_does_nothing(self, panel):
        mouse(panel, QEvent.Type.MouseMove, place_of(panel, 40))
        assert parameters_of(panel).instant == 25
        assert preview_of(panel) is None

    def test_keys_go_one_step(self, panel):
        press_key(panel, Qt.Key.Key_Right)
        assert parameters_of(panel).instant == 25.5
        press_key(panel, Qt.Key.Key_Left)
        press_key(panel, Qt.Key.Key_Left)
        assert parameters_of(panel).instant == 24.5
        press_key(panel, Qt.Key.Key_A)
        assert parameters_of(panel).instant == 24.5

    def test_nothing_happens_where_there_is_no_sequence(self, cine, scene, panel):
        scene.RemoveNode(cine.sequence)
        slicer.app.processEvents()
        drag(panel, 20, 100)
        press_key(panel, Qt.Key.Key_Right)
        assert panel.ui.changeCurve.isHidden()

    def test_a_tick_draws_the_line_alone(self, panel):
        curve = panel.panel.sections["preview"].curve
        times, ticks = curve._times, []
        for number in range(50):
            started = time.perf_counter()
            curve.show(times, 0.5 * number)
            ticks.append(time.perf_counter() - started)
        assert np.median(ticks) < 0.005


class TestWholeSequence:
    def test_the_slider_covers_it(self, whole):
        assert (whole.ui.timeSlider.minimum, whole.ui.timeSlider.maximum) == (0, 50)
        assert not whole.ui.firstPhase.enabled
        assert "no phases" in whole.ui.firstPhase.toolTip

    def test_of_a_loop_also_the_gap_to_the_first_frame(self, cine, whole):
        cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
        assert whole.ui.timeSlider.maximum == 60
        cine.sequence.SetAttribute("TemporalInterp.Period", None)
        whole.ui.cyclic.click()
        assert whole.ui.timeSlider.maximum == 62.5

    @pytest.mark.parametrize("number", range(5))
    def test_at_acquired_times_that_frame_is_shown_bit_for_bit(self, cine, whole, number):
        whole.ui.timeSlider.value = 20
        whole.ui.timeSlider.value = 12.5 * number
        assert voxels(whole).tobytes() == item_arrays(cine.sequence)[number].tobytes()
        assert whole.ui.instantLabel.text == f"acquired {12.5 * number:g} ms"
        assert preview_of(whole).GetName() == whole.ui.instantLabel.text

    def test_between_them_the_two_frames_around_give_the_answer(self, cine, whole, answered):
        whole.ui.timeSlider.value = 30
        frames = item_arrays(cine.sequence)
        np.testing.assert_array_equal(voxels(whole), blend(frames[2], frames[3], 0.4))
        answered(whole)
        assert whole.ui.previewStatus.text == "By the known motion; from 25, 37.5 ms."
        assert whole.ui.instantLabel.text == "SYNTHETIC 30 ms"
        assert SHIFT.prepared[-1].sequence.times == (0.0, 12.5, 25.0, 37.5, 50.0)

    def test_the_gap_that_closes_a_loop(self, cine, whole, answered):
        cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
        whole.ui.timeSlider.value = 55
        frames = item_arrays(cine.sequence)
        np.testing.assert_array_equal(voxels(whole), blend(frames[4], frames[0], 0.5))
        answered(whole)
        assert "from 50, 0 ms" in whole.ui.previewStatus.text
        whole.ui.timeSlider.value = 60
        assert voxels(whole).tobytes() == frames[0].tobytes()
        assert whole.ui.instantLabel.text == "acquired 0 ms"

    def test_synthetic_frames_of_the_sequence_do_not_count(self, cine, whole, answered):
        set_attributes(cine.sequence.GetNthDataNode(2), {"TemporalInterp.Synthetic": "true"})
        cine.sequence.Modified()
        whole.ui.timeSlider.value = 24
        answered(whole)
        assert "from 12.5, 37.5 ms" in whole.ui.previewStatus.text
        assert whole.ui.instantLabel.text == "SYNTHETIC 24 ms"

    def test_each_gap_is_prepared_when_it_is_first_needed_by_the_same_engine(self, engines, whole, answered):
        held = engines.hold()
        held.let_go()
        preview = whole.panel.sections["preview"].preview
        for count, instant in enumerate((5.0, 20.0, 8.0), 1):
            whole.ui.timeSlider.value = instant
            while preview.doing:
                slicer.app.processEvents()
            assert preview.frame.provenance.engine == "held"
            assert held.prepared == min(count, 2), "the first gap is still there at the end"
        assert len(engines.made) == 1

    def test_a_gap_that_is_left_is_given_up(self, engines, whole, process_events_until):
        held = engines.hold()
        whole.ui.timeSlider.value = 5
        process_events_until(lambda: held.prepared == 1, 30)
        whole.ui.timeSlider.value = 20
        process_events_until(lambda: held.prepared == 2)
        assert held.asked == []
        held.let_go()
        preview = whole.panel.sections["preview"].preview
        process_events_until(lambda: not preview.doing)
        assert held.asked == [pytest.approx(0.6)]
        assert preview.frame.time == 20

    def test_the_engine_is_made_anew_for_another_engine_alone(self, engines, whole, answered):
        whole.ui.timeSlider.value = 5
        answered(whole)
        parameters_of(whole).span = Span.BETWEEN
        answered(whole)
        assert engines.made == [("student", "cpu")]
        parameters_of(whole).engine = "cubic_blend"
        answered(whole)
        assert [name for name, _ in engines.made] == ["student", "cubic_blend"]

    def test_a_click_goes_to_the_frame(self, cine, whole):
        click(whole, place_of(whole, 37.5) + 4)
        assert parameters_of(whole).instant == 37.5
        assert (parameters_of(whole).firstPhase, parameters_of(whole).lastPhase) == (0, 4)

    def test_side_by_side_are_the_frames_around(self, cine, whole):
        whole.ui.timeSlider.value = 30
        whole.ui.sideBySide.click()

        def names():
            manager = slicer.app.layoutManager()
            ids = (
                manager.sliceWidget(tag).mrmlSliceCompositeNode().GetBackgroundVolumeID()
                for tag in ("PhaseA", "PhaseB")
            )
            return [slicer.mrmlScene.GetNodeByID(node_id).GetName() for node_id in ids]

        assert names() == ["acquired 25 ms", "acquired 37.5 ms"]
        whole.ui.timeSlider.value = 5
        assert names() == ["acquired 0 ms", "acquired 12.5 ms"]
        [node] = [
            n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if n.GetName() == "acquired 12.5 ms"
        ]
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), item_arrays(cine.sequence)[1])

    def test_an_engine_that_fails_at_one_gap_is_tried_at_another(self, engines, whole, process_events_until, answered):
        engines.engine = FailingEngine(SHIFT, 0)
        whole.ui.timeSlider.value = 5
        process_events_until(lambda: "The engine failed" in whole.ui.previewStatus.text, 30)
        assert whole.ui.instantLabel.text == "SYNTHETIC 5 ms"
        engines.engine = SHIFT
        whole.ui.timeSlider.value = 7
        for _ in range(20):
            slicer.app.processEvents()
        assert "The engine failed" in whole.ui.previewStatus.text
        whole.ui.timeSlider.value = 20
        answered(whole)
        assert "failed" not in whole.ui.previewStatus.text


class TestWhatTheViewsShow:
    def test_before_anything_is_moved_it_names_what_is_there(self, cine, panel):
        show_in_slice_views(cine.proxy, fit=True)
        slicer.app.processEvents()
        assert panel.ui.instantLabel.text == f"The slice views show '{cine.proxy.GetName()}'."
        panel.ui.showInstant.click()
        assert panel.ui.instantLabel.text == "SYNTHETIC 25 ms"
        assert panel.ui.showInstant.isHidden()

    def test_something_else_in_the_views_is_named_and_the_slider_brings_the_instant_back(self, cine, panel):
        panel.ui.timeSlider.value = 20
        assert panel.ui.instantLabel.text == "SYNTHETIC 20 ms"
        cine.proxy.SetName("SYNTHETIC result")
        show_in_slice_views(cine.proxy, fit=False)
        slicer.app.processEvents()
        assert panel.ui.instantLabel.text == "The slice views show 'SYNTHETIC result'."
        assert panel.ui.previewStatus.text == ""
        assert not panel.ui.showInstant.isHidden()
        panel.ui.timeSlider.value = 21
        assert panel.ui.instantLabel.text == "SYNTHETIC 21 ms"
        composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        assert composite.GetBackgroundVolumeID() == preview_of(panel).GetID()

    def test_while_something_else_is_shown_another_choice_does_not_compute(self, cine, panel, engines):
        panel.ui.timeSlider.value = 20
        show_in_slice_views(cine.proxy, fit=False)
        slicer.app.processEvents()
        before = preview_of(panel).GetMTime()
        pick(panel.ui.lastPhase, 3)
        assert preview_of(panel).GetMTime() == before

    def test_the_button_brings_the_same_instant_back(self, cine, panel):
        panel.ui.timeSlider.value = 20
        show_in_slice_views(cine.proxy, fit=False)
        slicer.app.processEvents()
        panel.ui.showInstant.click()
        assert panel.ui.instantLabel.text == "SYNTHETIC 20 ms"
        assert panel.ui.showInstant.isHidden()

    def test_a_preview_that_the_user_deletes_is_no_longer_named(self, scene, panel):
        panel.ui.timeSlider.value = 20
        scene.RemoveNode(preview_of(panel))
        slicer.app.processEvents()
        assert "SYNTHETIC" not in panel.ui.instantLabel.text
        assert not panel.ui.showInstant.isHidden()

    def test_a_large_volume_is_acquired_until_its_blend_is_ready(self, cine, panel, monkeypatch, process_events_until):
        monkeypatch.setattr("TemporalInterpLib.preview.BLENDED_AT_ONCE", 0)
        panel.ui.timeSlider.value = 20
        assert panel.ui.instantLabel.text == "acquired 0 ms, phase A"
        assert voxels(panel).tobytes() == item_arrays(cine.sequence)[0].tobytes()
        process_events_until(lambda: panel.ui.instantLabel.text == "SYNTHETIC 20 ms", 30)

    def test_a_large_volume_follows_the_slider_after_its_engine_has_failed(
        self, cine, panel, engines, monkeypatch, process_events_until
    ):
        monkeypatch.setattr("TemporalInterpLib.preview.BLENDED_AT_ONCE", 0)
        engines.engine = FailingEngine(SHIFT, 0)
        panel.ui.timeSlider.value = 20
        process_events_until(lambda: "The engine failed" in panel.ui.previewStatus.text, 30)
        panel.ui.timeSlider.value = 30
        process_events_until(lambda: panel.ui.instantLabel.text == "SYNTHETIC 30 ms", 30)
