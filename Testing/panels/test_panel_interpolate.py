"""Interpolate: what is added, in every kind of sequence, and that a cancel leaves the scene as it was."""

import itertools
import os
import time
from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk
from harness import gestures
from mrml_helpers import (
    OBLIQUE,
    FailingEngine,
    item_arrays,
    item_values,
    put_in_scene,
    sequence_of,
    snapshot,
    synthetic_marks,
)
from panels.panel_helpers import SHIFT, attributes, blend, ids, parameters_of, pick, picture, shifted

from pairs import prepare
from temporal_interp.data.geometry import Geometry
from temporal_interp.workflows import interpolation
from TemporalInterpLib import frame_marks
from TemporalInterpLib.background import wait_for_threads
from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.parameter_node import Fill, FillWhole, Span
from TemporalInterpLib.result_folder import folder_of, folders_in, nodes_in
from TemporalInterpLib.sequence_browser import browsers_of, proxies_in


@pytest.fixture
def finish(process_events_until):
    """Function that presses Interpolate and waits for the end."""

    def run(widget) -> slicer.vtkMRMLSequenceNode:
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        slicer.app.processEvents()  # it is shown in the next turn
        return parameters_of(widget).result

    return run


@pytest.fixture
def panel(cine, open_panel):
    """The opened panel on the usual cine, without displacement fields."""
    widget = open_panel()
    parameters_of(widget).fields = False
    return widget


class TestFrames:
    def test_evenly_between_the_phases(self, cine, panel, finish):
        pick(panel.ui.firstPhase, 1)
        pick(panel.ui.lastPhase, 3)
        panel.ui.frameCount.value = 4
        result = finish(panel)
        assert item_values(result) == [12.5, 17.5, 22.5, 27.5, 32.5, 37.5]
        assert synthetic_marks(result) == [False, True, True, True, True, False]
        source, made = item_arrays(cine.sequence), item_arrays(result)
        assert made[0].tobytes() == source[1].tobytes()
        assert made[-1].tobytes() == source[3].tobytes()
        for t, array in zip((0.2, 0.4, 0.6, 0.8), made[1:-1], strict=True):
            np.testing.assert_array_equal(array, shifted(cine.sequence, 1, 3, t))
        assert panel.ui.interpolateMessage.text == (
            "Added 'Interpolated 12.5-37.5 ms of cine': 6 frames, 4 of them synthetic."
        )
        assert len({array.tobytes() for array in made[1:-1]}) == 4

    def test_at_chosen_times(self, cine, panel, finish):
        parameters_of(panel).fill = Fill.AT_TIMES
        panel.ui.times.text = " 40, 2.5,20 "
        result = finish(panel)
        assert item_values(result) == [0, 2.5, 20, 40, 50]
        np.testing.assert_array_equal(item_arrays(result)[1], shifted(cine.sequence, 0, 4, 0.05))
        item = attributes(result.GetNthDataNode(1))
        assert item["TemporalInterp.T"] == "0.05"
        assert item["TemporalInterp.Engine"] == SHIFT.name
        assert item["TemporalInterp.Model"] == "shifter 1.0"
        assert (item["TemporalInterp.FirstIndexValue"], item["TemporalInterp.LastIndexValue"]) == ("0", "50")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "Write the instants"),
            ("10; 20", "not a list of instants"),
            ("10,,20", "not a list of instants"),
            ("nan", "strictly between"),
            ("60", "strictly between"),
            ("0", "strictly between"),
            ("10, 10.0001", "no further apart than"),
        ],
    )
    def test_instants_that_make_no_sense_are_refused_at_once(self, cine, panel, text, words):
        parameters_of(panel).fill = Fill.AT_TIMES
        panel.ui.times.text = text
        assert words in panel.ui.interpolatePlan.text
        assert panel.ui.interpolateButton.toolTip == panel.ui.interpolatePlan.text
        assert not panel.ui.interpolateButton.enabled
        panel.ui.times.text = "10, 20"
        assert panel.ui.interpolateButton.enabled
        assert "Adds a new sequence" in panel.ui.interpolateButton.toolTip

    @pytest.mark.parametrize("cyclic", [False, True])
    def test_whole_sequence_at_a_higher_rate(self, cine, panel, finish, cyclic):
        parameters_of(panel).span = Span.WHOLE
        panel.ui.factor.value = 2
        if cyclic:
            panel.ui.cyclic.click()
        result = finish(panel)
        count = 10 if cyclic else 9
        assert item_values(result) == [6.25 * n for n in range(count)]
        assert synthetic_marks(result) == [n % 2 == 1 for n in range(count)]
        source = item_arrays(cine.sequence)
        for number, array in enumerate(item_arrays(result)[::2]):
            assert array.tobytes() == source[number].tobytes()
        if cyclic:
            np.testing.assert_array_equal(item_arrays(result)[9], _shifted_arrays(cine, 4, 0, 0.5))

    @pytest.mark.parametrize(
        ("cyclic", "values", "synthetic"),
        [
            (False, [0, 10, 20, 30, 40, 50], [False, True, True, True, True, False]),
            (True, [0, 62.5 / 6, 62.5 / 3, 31.25, 62.5 * 2 / 3, 62.5 * 5 / 6], [False, True, True, True, True, True]),
        ],
        ids=["from first to last", "round the cycle"],
    )
    def test_whole_sequence_as_a_number_of_frames(self, cine, panel, finish, cyclic, values, synthetic):
        parameters_of(panel).span = Span.WHOLE
        parameters_of(panel).fillWhole = FillWhole.IN_ALL
        panel.ui.framesInAll.value = 6
        if cyclic:
            panel.ui.cyclic.click()
        result = finish(panel)
        assert item_values(result) == pytest.approx(values)
        assert synthetic_marks(result) == synthetic
        assert item_arrays(result)[0].tobytes() == item_arrays(cine.sequence)[0].tobytes()
        assert result.GetName().startswith("Interpolated 6 frames of cine")
        if cyclic:
            np.testing.assert_array_equal(item_arrays(result)[5], _shifted_arrays(cine, 4, 0, (values[5] - 50) / 12.5))

    @pytest.mark.parametrize("cyclic", [False, True])
    def test_a_loop_is_filled_round_ticked_or_not(self, cine, panel, finish, cyclic):
        cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
        parameters_of(panel).span = Span.WHOLE
        panel.ui.factor.value = 2
        if cyclic:
            panel.ui.cyclic.click()
        result = finish(panel)
        assert item_values(result) == [*(6.25 * n for n in range(9)), 55.0]
        np.testing.assert_array_equal(item_arrays(result)[9], _shifted_arrays(cine, 4, 0, 0.5))
        assert result.GetAttribute("TemporalInterp.Period") == "60.0"

    @pytest.mark.parametrize(("ticked", "period"), [(False, None), (True, 62.5)])
    def test_between_two_phases_the_engine_sees_what_lies_around(self, cine, panel, finish, ticked, period):
        pick(panel.ui.lastPhase, 3)
        pick(panel.ui.firstPhase, 1)
        if ticked:
            panel.ui.cyclic.click()
        result = finish(panel)
        shown = SHIFT.prepared[-1].sequence
        assert (shown.times, shown.period) == ((0.0, 12.5, 37.5, 50.0), period)
        assert result.GetAttribute("TemporalInterp.Period") is None

    def test_only_what_belongs_to_the_kind_is_shown(self, panel):
        ui, parameters = panel.ui, parameters_of(panel)
        kinds = {
            (Span.BETWEEN, Fill.EVENLY): {"fillSelector", "fillLabel", "frameCount", "frameCountLabel"},
            (Span.BETWEEN, Fill.AT_TIMES): {"fillSelector", "fillLabel", "times", "timesLabel"},
            (Span.WHOLE, FillWhole.FACTOR): {"fillWhole", "fillWholeLabel", "factor", "factorLabel"},
            (Span.WHOLE, FillWhole.IN_ALL): {"fillWhole", "fillWholeLabel", "framesInAll", "framesInAllLabel"},
        }
        for (span, fill), shown in kinds.items():
            parameters.span = span
            if span is Span.BETWEEN:
                parameters.fill = fill
            else:
                parameters.fillWhole = fill
            assert {name for name in set().union(*kinds.values()) if not getattr(ui, name).isHidden()} == shown

    def test_it_says_before_what_will_be_made(self, panel):
        assert panel.ui.interpolatePlan.text == "10 frames between A (0 ms) and B (50 ms), one every 4.5 ms."
        parameters_of(panel).span = Span.WHOLE
        assert panel.ui.interpolatePlan.text == "5 frames become 17, one every 3.1 ms."
        panel.ui.cyclic.click()
        assert panel.ui.interpolatePlan.text == "5 frames become 20, one every 3.1 ms."

    def test_a_result_can_be_interpolated_again_from_its_acquired_frames(self, cine, panel, finish):
        panel.ui.frameCount.value = 2
        first = finish(panel)
        gestures.choose(panel.ui.sequenceSelector, first)
        parameters_of(panel).span = Span.WHOLE
        again = finish(panel)
        assert again is not first
        assert synthetic_marks(again) == [False, True, True, True, False]
        assert again.GetName() != first.GetName()


def _shifted_arrays(cine, first: int, last: int, t: float) -> np.ndarray:
    from TemporalInterpLib.sequence_conversion import sequence_from_node

    frames = sequence_from_node(cine.sequence)
    return prepare(SHIFT, frames[first], frames[last]).at(t).volume.array


class TestResult:
    def test_it_has_its_own_browser_ready_to_play(self, cine, panel, finish):
        result = finish(panel)
        browser = browsers_of(result)[0]
        assert browser.GetMasterSequenceNode() is result
        assert browser.GetPlaybackRateFps() == pytest.approx(220)  # 12 frames every 50/11 ms
        assert browser.GetPlaybackLooped()
        assert browser.GetPlaybackItemSkippingEnabled()
        assert browser.GetPlaybackActive()
        assert not cine.browser.GetPlaybackActive()
        proxy = browser.GetProxyNode(result)
        assert proxy.GetParentTransformNode() is cine.parent
        assert (proxy.GetDisplayNode().GetWindow(), proxy.GetDisplayNode().GetLevel()) == (80.0, 45.0)
        assert not panel.ui.playWidget.isHidden()
        assert panel.ui.playWidget.enabled
        panel.ui.playWidget.onVcrNext()
        selected = browser.GetSelectedItemNumber()
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(proxy), item_arrays(result)[selected])
        red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        assert red.GetBackgroundVolumeID() == proxy.GetID()
        assert cine.browser.GetSelectedItemNumber() == 2

    def test_it_is_marked_frame_by_frame_in_the_slice_views_and_in_the_strip(self, cine, panel, finish):
        panel.ui.frameCount.value = 4
        result = finish(panel)
        browser = browsers_of(result)[0]
        marks = frame_marks._marks
        strips = []
        for number, mark in (
            (0, "acquired 0 ms"),
            (1, "SYNTHETIC 10 ms"),
            (4, "SYNTHETIC 40 ms"),
            (5, "acquired 50 ms"),
        ):
            browser.SetSelectedItemNumber(number)
            assert set(marks.texts().values()) == {mark}
            strips.append(panel.ui.frameStrip.pixmap.toImage()._qt)
        assert not panel.ui.frameStrip.isHidden()
        assert all(first != second for first, second in itertools.pairwise(strips))
        panel.exit()
        browser.SetSelectedItemNumber(2)
        assert set(marks.texts().values()) == {"SYNTHETIC 20 ms"}

    def test_playing_stops_when_another_one_is_made(self, cine, panel, finish, engines):
        first = finish(panel)
        held = engines.hold()
        panel.ui.interpolateButton.click()
        assert not browsers_of(first)[0].GetPlaybackActive()
        held.let_go()

    def test_names_begin_with_what_differs_and_one_folder_holds_all(self, cine, scene, panel, finish):
        panel.ui.fields.click()
        panel.ui.frameCount.value = 1
        first, second = finish(panel), finish(panel)
        parameters_of(panel).span = Span.WHOLE
        third = finish(panel)
        names = [node.GetName() for node in (first, second, third)]
        expected = ["Interpolated 0-50 ms of cine", "Interpolated 0-50 ms (2) of cine", "Interpolated x4 of cine"]
        assert names == expected
        fields = [companion_of(node, Companion.DISPLACEMENT_FIRST_TO_T.value).GetName() for node in (first, second)]
        assert fields == ["Motion 0-50 ms of cine", "Motion 0-50 ms (2) of cine"]
        folders = [folder_of(node) for node in (first, second, third)]
        assert folders == folders_in(scene)
        held = nodes_in(folders[0], scene)
        [browser] = browsers_of(first)
        assert browser in held
        assert sum(node.IsA("vtkMRMLSequenceNode") for node in held) == 3
        assert proxies_in(scene)[-1] not in held
        assert {p.GetID() for p in held if p.IsA("vtkMRMLScalarVolumeNode")} == {
            browser.GetProxyNode(node).GetID()
            for node in (first, companion_of(first, Companion.JACOBIAN_FIRST_TO_T.value))
        }

    def test_the_source_is_as_it_was(self, cine, scene, panel, finish):
        of_source = {n.GetID() for n in (cine.sequence, cine.browser, cine.proxy, cine.parent)}
        before = {key: value for key, value in picture(scene).items() if key in of_source}
        finish(panel)
        assert {key: value for key, value in picture(scene).items() if key in of_source} == before

    def test_players_hide_when_the_result_is_deleted(self, scene, panel, finish):
        scene.RemoveNode(finish(panel))
        assert parameters_of(panel).result is None
        assert panel.ui.playWidget.isHidden()
        assert panel.ui.seekWidget.isHidden()

    def test_fields_come_along_when_ticked(self, cine, panel, finish):
        panel.ui.fields.click()
        panel.ui.frameCount.value = 3
        result = finish(panel)
        browser = browsers_of(result)[0]
        assert browser.GetNumberOfSynchronizedSequenceNodes(True) == 3
        fields = companion_of(result, Companion.DISPLACEMENT_FIRST_TO_T.value)
        jacobians = companion_of(result, Companion.JACOBIAN_FIRST_TO_T.value)
        assert item_values(fields) == item_values(jacobians) == item_values(result)
        centre = OBLIQUE.physical_point([1, 5, 7]) * [-1, -1, 1]
        transform = fields.GetNthDataNode(2).GetTransformFromParent()
        moved = np.array(transform.TransformPoint(centre)) - centre
        np.testing.assert_allclose(moved, 0.5 * np.array([-1.0, 2.0, 0.5]), atol=1e-4)
        np.testing.assert_allclose(item_arrays(jacobians)[2], 1.5, atol=1e-6)

    def test_the_linear_blend_needs_no_fields(self, cine, panel, finish):
        panel.ui.fields.click()
        parameters_of(panel).engine = "linear_blend"
        panel.ui.frameCount.value = 1
        result = finish(panel)
        source = item_arrays(cine.sequence)
        np.testing.assert_array_equal(item_arrays(result)[1], blend(source[0], source[4], 0.5))
        assert browsers_of(result)[0].GetNumberOfSynchronizedSequenceNodes(True) == 1


ROTATED = Geometry((1, 24, 24), (1.5, 1.25, 8.0), OBLIQUE.origin, OBLIQUE.direction)
AXIAL = Geometry((3, 12, 16), (1.0, 1.0, 5.0), (0.0, 0.0, 0.0), tuple(map(tuple, np.eye(3))))

KINDS = {
    "2D, oblique": (ROTATED, "int16", "ms"),
    "2D, float64": (ROTATED, "float64", "s"),
    "oblique, int16": (OBLIQUE, "int16", "ms"),
    "oblique, float64": (OBLIQUE, "float64", "ms"),
    "uint8": (AXIAL, "uint8", "frame"),
    "float32": (AXIAL, "float32", "ms"),
    "no unit": (AXIAL, "int16", ""),
    "percent": (AXIAL, "uint16", "%"),
}


@pytest.mark.parametrize("fields", [False, True], ids=["frames", "and fields"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_sequence_is_interpolated_saved_and_read_back(
    scene, sequences_logic, blob_frames, open_panel, finish, tmp_path, kind, fields
):
    geometry, dtype, unit = KINDS[kind]
    cine = put_in_scene(blob_frames(3, geometry.shape, dtype), geometry, [0, 10, 20])  # under a parent transform
    cine.sequence.SetIndexUnit(unit)
    widget = open_panel()
    parameters_of(widget).fields = fields
    widget.ui.frameCount.value = 3
    result = finish(widget)
    source, made = item_arrays(cine.sequence), item_arrays(result)
    assert item_values(result) == [0, 5, 10, 15, 20]
    assert {array.dtype for array in made} == {np.dtype(dtype)}
    assert (made[0].tobytes(), made[-1].tobytes()) == (source[0].tobytes(), source[2].tobytes())
    for t, array in zip((0.25, 0.5, 0.75), made[1:-1], strict=True):
        np.testing.assert_array_equal(array, shifted(cine.sequence, 0, 2, t))
    assert result.GetIndexUnit() == unit
    proxy = browsers_of(result)[0].GetProxyNode(result)
    assert proxy.GetParentTransformNode() is cine.parent
    back = _saved_and_read(result, tmp_path / "frames.seq.nrrd", sequences_logic)
    assert back.GetIndexUnit() == unit
    assert item_values(back) == item_values(result)
    assert synthetic_marks(back) == [False, True, True, True, False]
    for number, array in enumerate(item_arrays(back)):
        assert (array.dtype, array.tobytes()) == (made[number].dtype, made[number].tobytes())
        np.testing.assert_allclose(_matrix(back.GetNthDataNode(number)), _matrix(cine.sequence.GetNthDataNode(0)))
    if fields:
        transforms = companion_of(result, Companion.DISPLACEMENT_FIRST_TO_T.value)
        read = _saved_and_read(transforms, tmp_path / "fields.seq.nrrd", sequences_logic)
        assert item_values(read) == item_values(result)
        assert read.GetNthDataNode(2).GetTransformFromParent().IsA("vtkOrientedGridTransform")


def _matrix(volume) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _saved_and_read(sequence, path: Path, sequences_logic) -> slicer.vtkMRMLSequenceNode:
    storage = sequence.CreateDefaultStorageNode()
    storage.SetFileName(str(path))
    assert storage.WriteData(sequence)
    storage.UnRegister(None)
    return sequences_logic.AddSequence(str(path))


class TestCancel:
    @pytest.mark.parametrize("fields", [False, True], ids=["frames", "and fields"])
    def test_of_30_frames_at_the_15th_leaves_the_scene_identical(
        self, cine, scene, panel, engines, process_events_until, monkeypatch, fields
    ):
        monkeypatch.setattr(interpolation, "FRAMES_AT_ONCE", 1)
        parameters_of(panel).fields = fields
        panel.ui.frameCount.value = 30
        held = engines.hold()
        held.let_prepare()
        ends = 2 if fields else 0  # fields are also asked for at both phases
        held.let_answer(ends + 14)
        before, facts = snapshot(scene), picture(scene)
        panel.ui.interpolateButton.click()
        assert panel.ui.interpolateButton.text == "Cancel"
        process_events_until(lambda: len(held.asked) == ends + 15)
        assert not panel.ui.interpolateProgress.isHidden()
        assert 0 < panel.ui.interpolateProgress.value < 100
        assert snapshot(scene) == before, "nothing may be in the scene before the end"
        panel.ui.interpolateButton.click()
        assert panel.ui.interpolateButton.text == "Interpolate"
        assert "Cancelled" in panel.ui.interpolateMessage.text
        assert panel.ui.interpolateProgress.isHidden()
        held.let_go()
        wait_for_threads(10)
        for _ in range(20):
            slicer.app.processEvents()
        assert len(held.asked) == ends + 15, "the thread goes on after a cancel"
        after = snapshot(scene)
        for what, value in before.items():
            assert after[what] == value, what
        assert picture(scene) == facts
        assert parameters_of(panel).result is None

    def test_at_every_step_leaves_the_scene_identical(self, scene, panel):
        panel.ui.frameCount.value = 6
        panel.ui.fields.click()
        before = snapshot(scene)
        for steps in itertools.count(1):
            panel.ui.interpolateButton.click()
            for _ in range(steps):
                slicer.app.processEvents()
            if not panel.panel.sections["interpolate"].work.running:
                break
            panel.ui.interpolateButton.click()
            wait_for_threads(10)
            slicer.app.processEvents()
            assert snapshot(scene) == before
        assert steps > 8, "every frame is stored in a step of its own"

    def test_afterwards_it_can_be_started_again(self, cine, panel, engines, finish):
        held = engines.hold()
        panel.ui.interpolateButton.click()
        slicer.app.processEvents()
        panel.ui.interpolateButton.click()
        held.let_go()
        assert len(item_values(finish(panel))) == 12

    def test_closing_the_scene_cancels(self, cine, scene, panel, engines):
        held = engines.hold()
        panel.ui.interpolateButton.click()
        slicer.app.processEvents()
        scene.Clear(0)
        held.let_go()
        for _ in range(20):
            slicer.app.processEvents()
        assert not panel.panel.sections["interpolate"].work.running
        assert slicer.util.getNodesByClass("vtkMRMLSequenceNode") == []


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_200_starts_and_cancels_leak_no_node_and_little_memory(scene, blob_frames, open_panel):
    put_in_scene(blob_frames(2, (8, 64, 64), "float32"), AXIAL_LARGE, [0, 100])
    widget = open_panel("linear_blend")
    widget.ui.frameCount.value = 30
    cancelled = 0

    def start_and_cancel(number: int) -> int:
        widget.ui.interpolateButton.click()
        for _ in range(1 + number % 12):  # while computing, and while storing the frames
            slicer.app.processEvents()
        running = widget.panel.sections["interpolate"].work.running
        if running:
            widget.ui.interpolateButton.click()
        wait_for_threads(10)
        return running

    for number in range(20):
        start_and_cancel(number)
    nodes, memory = ids(scene), resident_mb()
    for number in range(200):
        cancelled += start_and_cancel(number)
    assert cancelled > 190
    assert ids(scene) == nodes
    assert resident_mb() - memory < 50


AXIAL_LARGE = Geometry((8, 64, 64), (1.0, 1.0, 5.0), (0.0, 0.0, 0.0), tuple(map(tuple, np.eye(3))))


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class TestFailure:
    @pytest.mark.parametrize("at_frame", [0, 1, 7])
    def test_an_engine_that_fails_is_a_message_and_the_scene_identical(
        self, scene, panel, engines, dialogs, finish, at_frame
    ):
        engines.engine = FailingEngine(SHIFT, at_frame)
        before = snapshot(scene)
        assert finish(panel) is None
        ((level, text),) = dialogs.shown
        assert level == "error"
        assert "Something went wrong" in text
        assert panel.ui.interpolateButton.text == "Interpolate"
        assert snapshot(scene) == before

    def test_a_frame_of_nan_is_reported(self, scene, blob_frames, open_panel, dialogs, finish):
        frames = [frame.astype("float32") for frame in blob_frames(3)]
        frames[2][:] = np.nan
        put_in_scene(frames, OBLIQUE, [0, 1, 2])
        widget = open_panel()
        before = snapshot(scene)
        finish(widget)
        ((level, text),) = dialogs.shown
        assert level == "error"
        assert "Frame 2" in text or "last" in text
        assert "Something went wrong" not in text
        assert snapshot(scene) == before

    def test_a_device_that_is_not_there_is_reported(self, scene, panel, dialogs, finish, monkeypatch):
        from TemporalInterpLib.parameter_node import Device

        monkeypatch.setattr("temporal_interp.tensors.devices.available_devices", lambda: ["cpu", "mps"])
        parameters_of(panel).device = Device.MPS
        before = snapshot(scene)
        finish(panel)
        assert "mps" in dialogs.shown[0][1]
        assert snapshot(scene) == before

    def test_items_that_slicer_would_merge_are_refused(self, scene, blob_frames, open_panel, dialogs, finish):
        put_in_scene(blob_frames(2), OBLIQUE, [0, 0.01])
        widget = open_panel()
        assert "merge" in widget.ui.interpolatePlan.text
        assert not widget.ui.interpolateButton.enabled


class TestMeanwhile:
    def test_the_sequence_is_deleted_and_the_result_comes_all_the_same(
        self, cine, scene, panel, engines, process_events_until
    ):
        held = engines.hold()
        held.let_prepare()
        panel.ui.frameCount.value = 2
        expected = [array.copy() for array in item_arrays(cine.sequence)]
        panel.ui.interpolateButton.click()
        process_events_until(lambda: len(held.asked) == 1)
        for node in (cine.sequence, cine.browser, cine.proxy):
            scene.RemoveNode(node)
        held.let_go()
        process_events_until(lambda: not panel.panel.sections["interpolate"].work.running)
        result = parameters_of(panel).result
        assert item_values(result) == pytest.approx([0, 50 / 3, 100 / 3, 50])
        assert item_arrays(result)[0].tobytes() == expected[0].tobytes()
        assert item_arrays(result)[-1].tobytes() == expected[4].tobytes()

    def test_the_user_works_on(self, cine, panel, engines, process_events_until):
        held = engines.hold()
        panel.ui.frameCount.value = 2
        panel.ui.interpolateButton.click()
        slicer.app.processEvents()
        pick(panel.ui.lastPhase, 2)
        panel.ui.frameCount.value = 9
        panel.ui.timeSlider.value = 0.2
        held.let_go()
        process_events_until(lambda: not panel.panel.sections["interpolate"].work.running)
        assert item_values(parameters_of(panel).result) == pytest.approx([0, 50 / 3, 100 / 3, 50])

    def test_the_user_goes_to_another_module_and_comes_back(self, cine, panel, engines, process_events_until, dialogs):
        held = engines.hold()
        panel.ui.interpolateButton.click()
        slicer.app.processEvents()
        panel.exit()
        held.let_go()
        process_events_until(lambda: not panel.panel.sections["interpolate"].work.running)
        panel.enter()
        assert len(item_values(parameters_of(panel).result)) == 12
        assert dialogs.shown == []

    def test_the_event_loop_turns(self, panel, engines, process_events_until):
        held = engines.hold()
        panel.ui.interpolateButton.click()
        started = time.monotonic()
        for _ in range(30):
            slicer.app.processEvents()
        assert time.monotonic() - started < 30 * 0.1
        assert panel.panel.sections["interpolate"].work.running
        held.let_go()
        process_events_until(lambda: not panel.panel.sections["interpolate"].work.running)


def test_names_in_the_scene_are_unique_when_done_twice(cine, scene, panel, finish):
    panel.ui.frameCount.value = 1
    first, second = finish(panel), finish(panel)
    names = [node.GetName() for node in (first, second, *slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"))]
    assert len(set(names)) == len(names)
    assert scene.AddNode(sequence_of(item_arrays(second), OBLIQUE, item_values(second))) is not None
