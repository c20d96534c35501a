"""The self-test: the user's whole path through the module, inside Slicer, and its expected results.

It presses the panel's own buttons, so it also covers the .ui file and the parameter node. Without PyTorch it walks the
same path with the linear blend. Slow parts work on a small cine, cut from the sample.
"""

# ruff: noqa: PT009, PT027 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import slicer
import vtk

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PREFIX, is_synthetic
from temporal_interp.data.volume import Volume
from temporal_interp.engines.registry import DEFAULT_ENGINE, find_engine
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib import frame_marks
from TemporalInterpLib.add_sequence import AddedSequence, add_sequence_to_scene
from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.dependencies import engines_can_run, files_can_be_read
from TemporalInterpLib.layout import COMPARISON, SIDE_BY_SIDE, VIEWS
from TemporalInterpLib.longest_turn import LongestTurn
from TemporalInterpLib.parameter_node import AUTOMATIC, FieldStyle, Fill, SliceQuality, Span
from TemporalInterpLib.playback import play
from TemporalInterpLib.remove_generated import remove_with_belongings
from TemporalInterpLib.result_folder import folders_in
from TemporalInterpLib.sample_cine import NAME, PHASES, THICKNESS
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.self_test_facts import check_facts
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import attributes_of, index_values_of, sequence_from_node
from TemporalInterpLib.volume_change import WINDOW, volume_change_of

if TYPE_CHECKING:
    import unittest

    from TemporalInterpLib.parameter_node import TemporalInterpParameterNode

PATIENCE_S = 120
"""Longest time of a single step on a slow machine."""

CYCLE_MS = 900.0
END_SYSTOLE = 8
"""Number of the sample's frame closest to end-systole, at 0.4 of the cycle."""

SMALL = (slice(4, 6), slice(32, 96), slice(32, 96))
"""The part of the sample, (K, J, I), that the small cine keeps: two slices through both ventricles."""

OBLIQUE = ((0.8, -0.48, 0.36), (0.6, 0.64, -0.48), (0.0, 0.6, 0.8))
"""A double-oblique direction, exact in decimals."""

Origin = int | tuple[float, float, float]
"""Where an item comes from: the number of the acquired item, or the index values around a synthetic one, and t."""


@dataclass(eq=False)
class _Run:
    """The objects that the scenarios share.

    Attributes:
        test: the unit test; its assertions name the values.
        widget: the module's widget, set up.
        engine: name of the engine that is used here.
        turns: of the event loop while the test waits.
    """

    test: unittest.TestCase
    widget: Any
    engine: str
    turns: LongestTurn = dataclasses.field(default_factory=LongestTurn)

    @property
    def ui(self) -> Any:
        return self.widget.ui

    @property
    def panel(self) -> Any:
        return self.widget.panel

    @property
    def parameters(self) -> TemporalInterpParameterNode:
        return self.panel.context.parameters

    @property
    def moves(self) -> bool:
        """Whether the engine estimates motion."""
        return self.engine != "linear_blend"

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Let the application run until something has happened."""
        end = time.monotonic() + PATIENCE_S
        self.turns.begin(what)
        try:
            while not condition():
                self.test.assertLess(time.monotonic(), end, f"{what}: not within {PATIENCE_S} s")
                slicer.app.processEvents()
                time.sleep(0.005)
        finally:
            self.turns.end()

    def wait_for_preview(self) -> None:
        """Wait for the engine's answer."""
        shown = self.panel.sections["preview"].preview.node
        self.wait_until(lambda: shown.GetAttribute(PREFIX + "Engine") == self.engine, "the preview")

    def press(self, work: Any) -> None:
        """Press a button that starts a job, and wait until it is done."""
        work.button.click()
        self.test.assertTrue(work.running, work.message.text)
        self.wait_until(lambda: not work.running, work.button.text)


def run_self_test(test: unittest.TestCase) -> None:
    """Walk the whole path on an empty scene; the first assertion that fails ends the test."""
    slicer.mrmlScene.Clear(0)
    check_facts(test)
    run = _Run(test, _open_module(), DEFAULT_ENGINE if engines_can_run() else "linear_blend")
    for scenario in SCENARIOS:
        test.delayDisplay(scenario.__doc__)
        scenario(run)
    turn = f"longest turn of the event loop {run.turns.seconds:.2f} s, waiting for: {run.turns.during}"
    print(f"TemporalInterp: {turn}")
    test.delayDisplay(f"TemporalInterp: passed; {turn}")


def _open_module() -> Any:
    widget = slicer.modules.temporalinterp.widgetRepresentation().self()
    if slicer.util.mainWindow() is not None:
        slicer.util.selectModule("TemporalInterp")
    else:
        widget.enter()
    return widget


def _sample(run: _Run) -> None:
    """Load the sample cine: end-diastole and end-systole are proposed"""
    test, ui = run.test, run.ui
    sources = slicer.modules.sampleDataSources["TemporalInterp"]
    test.assertEqual([source.sampleName for source in sources], [NAME])
    test.assertIsNone(run.parameters.sequence)
    test.assertFalse(ui.interpolateButton.enabled)
    ui.sampleButton.click()
    run.wait_until(lambda: run.parameters.sequence is not None, "the sample")
    sequence = run.parameters.sequence
    test.assertEqual(sequence.GetName(), NAME)
    test.assertEqual((sequence.GetIndexName(), sequence.GetIndexUnit()), ("time", "ms"))
    np.testing.assert_allclose(index_values_of(sequence), np.arange(PHASES) * CYCLE_MS / PHASES, atol=1e-6)
    test.assertEqual(sequence_from_node(sequence).slice_thickness, THICKNESS)
    item = sequence.GetNthDataNode(0)
    test.assertEqual(item.GetImageData().GetDimensions(), (128, 128, 10))
    np.testing.assert_allclose(item.GetSpacing(), (1.5, 1.5, 10.0))
    test.assertFalse(any(is_synthetic(attributes_of(node)) for node in _items(sequence)))
    test.assertIn(PREFIX + "Phantom", attributes_of(item))
    np.testing.assert_array_equal(_array(proxy_of(sequence)), _array(item))
    test.assertEqual((run.parameters.firstPhase, run.parameters.lastPhase), (0, END_SYSTOLE))
    test.assertEqual((ui.firstPhase.currentIndex, ui.lastPhase.currentIndex), (0, END_SYSTOLE))
    test.assertFalse(ui.changeCurve.pixmap.isNull())
    test.assertTrue(ui.interpolateButton.enabled)


def _preview(run: _Run) -> None:
    """Drag the time slider: the blend at once, then the engine's answer, labelled as synthetic"""
    test, sequence = run.test, run.parameters.sequence
    first, last = _array(sequence.GetNthDataNode(0)), _array(sequence.GetNthDataNode(END_SYSTOLE))
    run.ui.timeSlider.value = 90.0
    shown = run.panel.sections["preview"].preview.node
    blend = _array(shown).copy()
    np.testing.assert_allclose(blend, 0.75 * first + 0.25 * last, atol=0.51)
    _assert_place_and_type(run, shown, sequence.GetNthDataNode(0))
    _assert_marked(run, shown, (0.0, CYCLE_MS * END_SYSTOLE / PHASES, 0.25), engine="linear_blend")
    run.wait_for_preview()
    _assert_marked(run, shown, (0.0, CYCLE_MS * END_SYSTOLE / PHASES, 0.25))
    _assert_place_and_type(run, shown, sequence.GetNthDataNode(0))
    test.assertIn("SYNTHETIC 90 ms", shown.GetName())
    test.assertEqual(run.ui.instantLabel.text, "SYNTHETIC 90 ms")
    around = "; timing from 855, 405 ms" if run.moves else ""  # the sample is a loop
    run.wait_until(lambda: f"from 0, 360 ms{around}." in run.ui.previewStatus.text, "naming the frames")
    test.assertEqual(not np.array_equal(_array(shown), blend), run.moves)
    answer = _array(shown).copy()
    run.ui.frameCount.value = 9  # not related to the preview
    np.testing.assert_array_equal(_array(shown), answer)
    for instant, acquired in ((0.0, first), (360.0, last)):
        run.ui.timeSlider.value = instant
        np.testing.assert_array_equal(_array(shown), acquired)
        test.assertFalse(is_synthetic(attributes_of(shown)))
        test.assertIn("acquired", shown.GetName())
        test.assertNotIn("SYNTHETIC", run.ui.instantLabel.text)
    test.assertFalse(shown.GetSaveWithScene())


def _any_instant(run: _Run) -> None:
    """Move through the whole sequence, also from its last frame to its first: acquired frames are shown as they are"""
    test, sequence, ui = run.test, run.parameters.sequence, run.ui
    ui.span.currentIndex = list(Span).index(Span.WHOLE)
    test.assertEqual((ui.timeSlider.minimum, ui.timeSlider.maximum), (0.0, CYCLE_MS))
    shown = run.panel.sections["preview"].preview.node
    for number in (5, PHASES - 1, 0):
        ui.timeSlider.value = number * CYCLE_MS / PHASES
        np.testing.assert_array_equal(_array(shown), _array(sequence.GetNthDataNode(number)))
        test.assertIn("acquired", ui.instantLabel.text)
    ui.timeSlider.value = CYCLE_MS - 10.0
    run.wait_for_preview()
    run.wait_until(lambda: "from 0, 855 ms" in ui.previewStatus.text, "naming the frames")
    test.assertEqual(ui.instantLabel.text, "SYNTHETIC 890 ms")
    ui.span.currentIndex = list(Span).index(Span.BETWEEN)
    test.assertEqual((ui.timeSlider.minimum, ui.timeSlider.maximum), (0.0, CYCLE_MS * END_SYSTOLE / PHASES))


def _side_by_side(run: _Run) -> None:
    """Show phase A, the instant and phase B side by side"""
    manager = slicer.app.layoutManager()
    if manager is None:
        return
    test, before, sequence = run.test, manager.layout, run.parameters.sequence
    run.ui.timeSlider.value = 180.0
    run.ui.sideBySide.checked = True
    test.assertEqual(manager.layout, SIDE_BY_SIDE)
    composites = [manager.sliceWidget(tag).sliceLogic().GetSliceCompositeNode() for tag in VIEWS]
    shown = [slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID()) for composite in composites]
    np.testing.assert_array_equal(_array(shown[0]), _array(sequence.GetNthDataNode(0)))
    test.assertIs(shown[1], run.panel.sections["preview"].preview.node)
    np.testing.assert_array_equal(_array(shown[2]), _array(sequence.GetNthDataNode(END_SYSTOLE)))
    test.assertEqual([is_synthetic(attributes_of(node)) for node in shown], [False, True, False])
    run.ui.sideBySide.checked = False
    test.assertEqual(manager.layout, before)


def _small_cine(run: _Run) -> None:
    """Choose another sequence: small, oblique, of signed integers, under a parent transform"""
    sample = run.parameters.sequence
    frames = sequence_from_node(sample)
    spacing, shape = frames.volumes[0].geometry.spacing, frames.volumes[0].array[SMALL].shape
    geometry = Geometry(shape, spacing, (-20.5, 31.0, 7.25), OBLIQUE)
    volumes = [Volume(volume.array[SMALL].astype(np.int16), geometry) for volume in frames.volumes]
    added = add_sequence_to_scene(replace(frames, volumes=volumes), "Small cine")
    parent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Patient position")
    parent.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag([-1.0, -1.0, 1.0, 1.0])))
    added.proxy.SetAndObserveTransformNodeID(parent.GetID())
    run.ui.sequenceSelector.setCurrentNode(added.sequence)
    run.test.assertIs(run.parameters.sequence, added.sequence)
    run.test.assertEqual((run.parameters.firstPhase, run.parameters.lastPhase), (0, END_SYSTOLE))
    for node in (*browsers_of(sample), proxy_of(sample), sample):
        slicer.mrmlScene.RemoveNode(node)
    run.ui.timeSlider.value = 270.0
    run.wait_for_preview()
    shown = run.panel.sections["preview"].preview.node
    _assert_place_and_type(run, shown, added.sequence.GetNthDataNode(0))
    run.test.assertIs(shown.GetParentTransformNode(), parent)


def _load_cine(run: _Run) -> None:
    """Load a cine from a file: it is read alongside, chosen and shown"""
    test, before, section = run.test, run.parameters.sequence, run.panel.sections["sequence"]
    if not files_can_be_read():
        test.assertFalse(run.ui.loadButton.enabled)
        return
    from temporal_interp.io import write_sequence

    frames = sequence_from_node(before)
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
        path = Path(folder) / "Loaded cine.seq.nrrd"
        write_sequence(frames, path)
        section.open_place(path)
        test.assertFalse(run.ui.loadButton.enabled)
        run.wait_until(lambda: run.ui.loadButton.enabled, "loading")
    loaded = run.parameters.sequence
    test.assertEqual(loaded.GetName(), "Loaded cine.seq.nrrd")
    test.assertEqual(index_values_of(loaded), index_values_of(before))
    for item, frame in zip(_items(loaded), frames.volumes, strict=True):
        np.testing.assert_array_equal(_array(item), frame.array)
    run.parameters.sequence = before
    for node in (*browsers_of(loaded), proxy_of(loaded), loaded):
        slicer.mrmlScene.RemoveNode(node)


def _at_times(run: _Run) -> None:
    """Interpolate at chosen instants; text that is none is refused at once"""
    test, parameters = run.test, run.parameters
    parameters.fill = Fill.AT_TIMES
    for text, words in (("100, ninety", "is not a list of instants"), ("700", "strictly between"), ("", "Write the")):
        run.ui.times.text = text
        test.assertFalse(run.ui.interpolateButton.enabled)
        test.assertIn(words, run.ui.interpolatePlan.text)
        test.assertIn(words, run.ui.interpolateButton.toolTip)
    run.ui.times.text = "220.5, 100"
    run.press(run.panel.sections["interpolate"].work)
    end = CYCLE_MS * END_SYSTOLE / PHASES
    synthetic = [(value, (0.0, end, value / end)) for value in (100.0, 220.5)]
    _assert_filled(run, [(0.0, 0), *synthetic, (end, END_SYSTOLE)])


def _whole_sequence(run: _Run) -> None:
    """Double the frame rate of the whole sequence, around the cycle"""
    run.parameters.span = Span.WHOLE
    run.ui.factor.value = 2
    run.ui.cyclic.checked = True
    run.ui.fields.checked = False
    run.press(run.panel.sections["interpolate"].work)
    starts = [n * CYCLE_MS / PHASES for n in range(PHASES)]
    expected: list[tuple[float, Origin]] = []
    for number, (start, stop) in enumerate(zip(starts, [*starts[1:], 0.0], strict=True)):
        expected += [(start, number), (start + CYCLE_MS / PHASES / 2, (start, stop, 0.5))]
    _assert_filled(run, expected)
    run.test.assertIsNone(companion_of(run.parameters.result, Companion.DISPLACEMENT_FIRST_TO_T.value))


def _cancel(run: _Run) -> None:
    """Cancel half-way: the scene is as it was"""
    test, work, ui = run.test, run.panel.sections["interpolate"].work, run.ui
    run.parameters.span, run.parameters.fill = Span.BETWEEN, Fill.EVENLY
    ui.frameCount.value = 100
    play(run.parameters.result, False)
    before, text = _scene_state(), ui.interpolateButton.text
    ui.interpolateButton.click()
    test.assertNotEqual(ui.interpolateButton.text, text)
    run.wait_until(lambda: ui.interpolateProgress.value >= 45 or not work.running, "half of it")
    test.assertTrue(work.running)
    ui.interpolateButton.click()
    test.assertFalse(work.running)
    test.assertEqual(ui.interpolateButton.text, text)
    test.assertIn("Cancelled", ui.interpolateMessage.text)
    _assert_scene_is(run, before)


def _between_phases(run: _Run) -> None:
    """Interpolate ten frames between the phases, with displacement fields"""
    test, source = run.test, run.parameters.sequence
    run.parameters.fill = Fill.EVENLY
    run.ui.frameCount.value = 10
    run.ui.fields.checked = True
    times = [node.GetMTime() for node in (source, *_items(source))]
    run.press(run.panel.sections["interpolate"].work)
    end = CYCLE_MS * END_SYSTOLE / PHASES
    synthetic = [(end * n / 11, (0.0, end, n / 11)) for n in range(1, 11)]
    _assert_filled(run, [(0.0, 0), *synthetic, (end, END_SYSTOLE)])
    test.assertEqual([node.GetMTime() for node in (source, *_items(source))], times)
    test.assertIn("10 of them synthetic", run.ui.interpolateMessage.text)


def _browser(run: _Run) -> None:
    """Play the result: its own browser, placed and shown like the source"""
    test, result, source = run.test, run.parameters.result, run.parameters.sequence
    [browser] = browsers_of(result)
    test.assertNotIn(browser, browsers_of(source))
    proxy = browser.GetProxyNode(result)
    test.assertTrue(browser.GetPlaybackActive() and browser.GetPlaybackLooped())
    test.assertAlmostEqual(browser.GetPlaybackRateFps(), 11 * 1000 / (CYCLE_MS * END_SYSTOLE / PHASES), places=3)
    browser.SetPlaybackActive(False)
    for number in (5, 11, 0):
        browser.SetSelectedItemNumber(number)
        _assert_marks(run, "SYNTHETIC" if number == 5 else "acquired")
        np.testing.assert_array_equal(_array(proxy), _array(result.GetNthDataNode(number)))
        test.assertEqual(is_synthetic(attributes_of(proxy)), number == 5)
    test.assertIs(proxy.GetParentTransformNode(), proxy_of(source).GetParentTransformNode())
    display, source_display = proxy.GetDisplayNode(), proxy_of(source).GetDisplayNode()
    test.assertEqual((display.GetWindow(), display.GetLevel()), (source_display.GetWindow(), source_display.GetLevel()))


def _assert_marks(run: _Run, word: str) -> None:
    """Every slice view that shows the result says what its frame is."""
    if slicer.app.layoutManager() is not None:
        texts = [text for text in frame_marks._marks.texts().values() if text]
        run.test.assertTrue(texts)
        run.test.assertEqual({text.split()[0] for text in texts}, {word})


def _deformation(run: _Run) -> None:
    """Look at the displacement fields: they point the right way and do not fold"""
    test, result, ui = run.test, run.parameters.result, run.ui
    fields = companion_of(result, Companion.DISPLACEMENT_FIRST_TO_T.value)
    jacobians = companion_of(result, Companion.JACOBIAN_FIRST_TO_T.value)
    if not run.moves:
        test.assertEqual((fields, jacobians), (None, None))
        test.assertIn("linear blend has none", ui.deformationMessage.text)
        return
    test.assertEqual(index_values_of(fields), index_values_of(result))
    test.assertEqual(index_values_of(jacobians), index_values_of(result))
    first = result.GetNthDataNode(0)
    for number, (frame, field) in enumerate(zip(_items(result)[1:], _items(fields)[1:], strict=True), 1):
        moved, inside = _resampled(first, field.GetTransformFromParent())
        wrong_way, inside_too = _resampled(first, field.GetTransformToParent())
        inside &= inside_too
        test.assertGreater(inside.mean(), 0.5)
        right, still, wrong = (_rms(array - _array(frame), inside) for array in (moved, _array(first), wrong_way))
        test.assertLess(still, wrong)
        if number > 1:  # the heart is almost at rest at end-diastole, and resampling smooths the noise
            test.assertLess(right, still)
    test.assertTrue(all((_array(item) > 0).all() for item in _items(jacobians)))
    test.assertIn("No folds", ui.deformationMessage.text)
    _assert_synchronised(run, result, fields)
    _assert_drawn(run, proxy_of(fields).GetDisplayNode())


def _assert_synchronised(run: _Run, result: slicer.vtkMRMLSequenceNode, fields: slicer.vtkMRMLSequenceNode) -> None:
    """The browser of the frames also shows the field of each."""
    [browser] = browsers_of(result)
    bounds = np.zeros(6)
    result.GetNthDataNode(0).GetRASBounds(bounds)
    point = bounds.reshape(3, 2).mean(axis=1)
    for number in (3, 11):
        browser.SetSelectedItemNumber(number)
        shown, item = proxy_of(fields), fields.GetNthDataNode(number)
        moved = [node.GetTransformFromParent().TransformPoint(point) for node in (shown, item)]
        np.testing.assert_allclose(moved[0], moved[1], atol=1e-5)
        run.test.assertNotEqual(moved[0], tuple(point))


def _assert_drawn(run: _Run, display: slicer.vtkMRMLTransformDisplayNode) -> None:
    test, parameters = run.test, run.parameters
    [browser] = browsers_of(parameters.result)
    browser.SetSelectedItemNumber(0)
    test.assertFalse(display.GetVisibility2D() and display.GetVisibility())
    for style, mode in ((FieldStyle.ARROWS, display.VIS_MODE_GLYPH), (FieldStyle.GRID, display.VIS_MODE_GRID)):
        parameters.fieldStyle = style
        run.ui.fieldSpacing.value = 7.0
        test.assertTrue(display.GetVisibility() and display.GetVisibility2D())
        test.assertEqual(display.GetVisualizationMode(), mode)
        test.assertEqual((display.GetGlyphSpacingMm(), display.GetGridSpacingMm()), (7.0, 7.0))
    test.assertGreater(browser.GetSelectedItemNumber(), 5, "the instant of the longest displacement")
    test.assertIn("The tissue moves by up to", run.ui.deformationMessage.text)
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(display)
    test.assertTrue(legend.GetVisibility())
    parameters.fieldStyle = FieldStyle.HIDDEN
    test.assertFalse(display.GetVisibility() or legend.GetVisibility())
    run.ui.jacobian.checked = True
    run.wait_until(lambda: not run.panel.sections["deformation"].working, "the change of volume")
    change = proxy_of(volume_change_of(parameters.result))
    shown = _array(change)[_array(change) >= -WINDOW]
    test.assertTrue(0.1 < shown.size / _array(change).size < 1, "tissue alone is drawn")
    test.assertTrue(shown.min() < -5 and shown.max() > 5, "some tissue shrinks, and some grows")
    manager = slicer.app.layoutManager()
    if manager is None:
        return
    composite = manager.sliceWidget("Red").sliceLogic().GetSliceCompositeNode()
    test.assertEqual(composite.GetForegroundVolumeID(), change.GetID())
    run.ui.jacobian.checked = False
    test.assertIsNone(composite.GetForegroundVolumeID())


def _check(run: _Run) -> None:
    """Check the engine on this patient: table, chart and error maps"""
    test, ui = run.test, run.ui
    hidden = index_values_of(run.parameters.sequence)[1:END_SYSTOLE]
    before = {node.GetID() for node in nodes_of(slicer.mrmlScene)}
    run.press(run.panel.sections["check"].work)
    added = [node for node in nodes_of(slicer.mrmlScene) if node.GetID() not in before]
    [table] = [node for node in added if node.IsA("vtkMRMLTableNode")]
    [chart] = [node for node in added if node.IsA("vtkMRMLPlotChartNode")]
    columns = {
        table.GetColumnName(n): [table.GetTable().GetColumn(n).GetValue(row) for row in range(len(hidden))]
        for n in range(table.GetNumberOfColumns())
    }
    test.assertEqual(table.GetNumberOfRows(), len(hidden))
    test.assertTrue(all(np.isfinite(column).all() for column in columns.values()))
    np.testing.assert_allclose(columns["time ms"], hidden)
    moving = "PSNR of the moving region, dB"
    test.assertEqual(list(columns)[1], moving)
    blend = columns.get(f"{moving}, linear blend", columns[moving])
    test.assertEqual(np.mean(columns[moving]) > np.mean(blend), run.moves)
    test.assertEqual(chart.GetNumberOfPlotSeriesNodes(), 2 if run.moves else 1)
    [errors] = [node for node in added if node.IsA("vtkMRMLSequenceNode") and node.GetName().startswith("Errors of")]
    np.testing.assert_allclose(index_values_of(errors), hidden)
    for item in _items(errors):
        test.assertTrue(np.isfinite(_array(item)).all())
        test.assertGreater(_array(item).max(), 0)
        test.assertEqual(_matrix(item), _matrix(run.parameters.sequence.GetNthDataNode(0)))
    test.assertIs(ui.scoreTable.mrmlTableNode(), table)
    test.assertIn(f"{len(hidden)} hidden frames", ui.checkResult.text)
    _assert_way_back(run, proxy_of(errors))


def _assert_way_back(run: _Run, errors: slicer.vtkMRMLScalarVolumeNode) -> None:
    """A button leads from the error maps to the images, and back to the errors."""
    if slicer.app.layoutManager() is None:
        return
    composite = slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceCompositeNode()
    for back in (False, True):
        run.test.assertEqual(composite.GetBackgroundVolumeID() == errors.GetID(), not back)
        run.ui.imagesButton.click()
    run.test.assertEqual(composite.GetBackgroundVolumeID(), errors.GetID())


def _save_and_load(run: _Run) -> None:
    """Save the scene, close it and load it: all is there, the parameters too"""
    test, parameters = run.test, run.parameters
    parameters.engine, parameters.fill = "linear_blend", Fill.AT_TIMES
    run.ui.timeSlider.value, run.ui.frameCount.value, run.ui.times.text = 90.0, 7, "100, 120.5"
    saved = _saved_state(parameters)
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
        path = Path(folder) / "scene.mrb"
        test.assertTrue(slicer.util.saveScene(str(path)))
        slicer.mrmlScene.Clear(0)
        test.assertIsNone(run.parameters.sequence)
        test.assertFalse(run.ui.interpolateButton.enabled)
        slicer.util.loadScene(str(path))
    loaded = _saved_state(run.parameters)
    test.assertIn("hidden frames", run.ui.checkResult.text)
    for view in nodes_of(slicer.mrmlScene, "vtkMRMLSliceCompositeNode"):
        background = slicer.mrmlScene.GetNodeByID(view.GetBackgroundVolumeID() or "")
        test.assertFalse(background is not None and background.GetName().startswith("Errors of"), view.GetName())
    for what, value in saved.items():
        test.assertEqual(loaded[what], value, what)
    test.assertEqual((run.ui.timeSlider.value, run.ui.frameCount.value), (90.0, 7))
    if slicer.app.layoutManager() is not None:
        test.assertEqual(run.ui.instantLabel.text, "SYNTHETIC 90 ms", "the preview was shown, and is again")
    test.assertEqual(run.ui.times.text, "100, 120.5")
    test.assertIs(run.ui.sequenceSelector.currentNode(), run.parameters.sequence)
    test.assertTrue(run.ui.interpolateButton.enabled)


def _clean_up(run: _Run) -> None:
    """Remove the results by the list of Clean up: the cine is as it was"""
    test, ui, sequence = run.test, run.ui, run.parameters.sequence
    slicer.app.processEvents()
    results = run.widget.logic.results()
    test.assertEqual(ui.resultList.rowCount, len(results))
    test.assertIn("check", [result.kind.value for result in results])
    times = [node.GetMTime() for node in _items(sequence)]
    _remove_all(run)
    test.assertEqual(run.widget.logic.results(), [])
    test.assertEqual(ui.resultList.rowCount, 0)
    test.assertFalse(ui.removeAllButton.enabled)
    test.assertEqual([node.GetMTime() for node in _items(sequence)], times)
    test.assertIsNone(run.parameters.result)
    for kind in ("vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLColorLegendDisplayNode"):
        test.assertEqual(nodes_of(slicer.mrmlScene, kind), [])
    colors = nodes_of(slicer.mrmlScene, "vtkMRMLColorNode")
    made = [node for node in colors if node.GetName().startswith(("Volume change", "Displacement to color"))]
    test.assertEqual(made, [])
    test.assertEqual(folders_in(slicer.mrmlScene), [])
    test.assertEqual(nodes_of(slicer.mrmlScene, "vtkMRMLSequenceBrowserNode"), browsers_of(sequence))


def _remove_all(run: _Run) -> None:
    """Press Remove all, and agree to the question."""
    slicer.app.processEvents()  # the list follows the scene
    with mock.patch.object(slicer.util, "confirmOkCancelDisplay", return_value=True) as asked:
        run.ui.removeAllButton.click()
    run.test.assertIn("Acquired frames stay", asked.call_args.args[0])


def _track_motion(run: _Run) -> None:
    """Track the motion of one slice: points follow it, strain is plotted, and it can be removed"""
    test, ui, cine, manager = run.test, run.ui, run.parameters.sequence, slicer.app.layoutManager()
    layout = manager.layout if manager is not None else None
    slice_cine = _slice_of(cine)
    ui.sequenceSelector.setCurrentNode(slice_cine.sequence)
    before = sorted(_scene_state())
    if run.moves:
        run.panel.sections["track"].fold(False)  # as the user opens it
        run.wait_until(lambda: "Takes" in ui.trackPlan.text, "how long tracking takes")
        run.press(run.panel.sections["track"].work)
        run.panel.sections["track"].fold(True)
        _assert_tracked(run, slice_cine)
        _remove_all(run)
    else:
        test.assertFalse(ui.trackButton.enabled)
        test.assertIn("not installed", ui.trackButton.toolTip)
    test.assertEqual(sorted(_scene_state()), before)
    for node in (slice_cine.browser, slice_cine.proxy, slice_cine.sequence):
        slicer.mrmlScene.RemoveNode(node)
    ui.sequenceSelector.setCurrentNode(cine)
    ui.proposeButton.click()
    if manager is not None:
        test.assertEqual(manager.layout, layout, "the plot view goes with the plot")


def _slice_of(cine: slicer.vtkMRMLSequenceNode) -> AddedSequence:
    """Add a cine of a single slice and few frames, which is tracked in seconds."""
    frames = sequence_from_node(cine, range(0, END_SYSTOLE + 1, 4))
    geometry = frames.volumes[0].geometry
    volumes = [Volume(volume.array[:1], replace(geometry, shape=(1, *geometry.shape[1:]))) for volume in frames.volumes]
    return add_sequence_to_scene(replace(frames, volumes=volumes), "Slice cine")


def _assert_tracked(run: _Run, cine: AddedSequence) -> None:
    test, ui, motion = run.test, run.ui, run.panel.sections["track"].motion
    test.assertEqual(index_values_of(motion), index_values_of(cine.sequence))
    test.assertEqual(browsers_of(motion), [cine.browser])
    test.assertIn("is an estimate", ui.motionLabel.text)
    test.assertEqual(motion.GetName(), f"Motion of {cine.sequence.GetName()}")
    wall = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsClosedCurveNode", "Wall")
    bounds = np.zeros(6)
    cine.proxy.GetRASBounds(bounds)
    middle = bounds.reshape(3, 2).mean(axis=1)
    geometry = sequence_from_node(cine.sequence).volumes[0].geometry
    axes = np.diag([-1.0, -1.0, 1.0]) @ np.array(geometry.direction)[:, :2]
    for angle in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        wall.AddControlPoint(vtk.vtkVector3d(*(middle + axes @ (20 * np.array([np.cos(angle), np.sin(angle)])))))
    before = slicer.util.arrayFromMarkupsControlPoints(wall)
    run.parameters.followingPoints = run.parameters.strainCurve = wall
    ui.follow.click()
    for number, moves in ((2, True), (0, False)):
        ui.trackSeekWidget.setSelectedItemNumber(number)
        shift = np.linalg.norm(slicer.util.arrayFromMarkupsControlPoints(wall, world=True) - before, axis=1)
        test.assertEqual(bool(shift.max() > 0.5), moves)
    ui.strainButton.click()
    test.assertIn("Peak strain", ui.strainMessage.text)
    [table] = [node for node in nodes_of(slicer.mrmlScene, "vtkMRMLTableNode") if node.GetName() == "Wall strain"]
    test.assertEqual(table.GetNumberOfRows(), len(index_values_of(motion)))
    test.assertEqual(table.GetTable().GetColumnByName("circumferential strain %").GetValue(0), 0.0)
    remove_with_belongings(wall, slicer.mrmlScene)


def _add_slices(run: _Run) -> None:
    """Add slices to two frames: they lie between the acquired ones, are marked as synthetic, and can be compared"""
    test, ui, parameters, manager = run.test, run.ui, run.parameters, slicer.app.layoutManager()
    layout = manager.layout if manager is not None else None
    given = add_sequence_to_scene(sequence_from_node(parameters.sequence, [0, END_SYSTOLE]), "Two frames")
    ui.slicesInput.setCurrentNode(given.sequence)
    parameters.sliceQuality = SliceQuality.FITTED
    test.assertEqual(ui.slicesPlan.text, "2 slices every 10 mm → 3 slices every 5 mm\nin each of 2 frames")
    before = sorted(_scene_state())
    if run.moves:
        in_one_step = partial(run.widget.logic.slices_steps, fitting_steps=1)
        with mock.patch.object(run.panel.sections["slices"].logic, "slices_steps", in_one_step):
            run.press(run.panel.sections["slices"].work)
        _assert_closer(run, given)
        if manager is not None:
            test.assertEqual(manager.layout, COMPARISON)
            ui.compareButton.click()
            test.assertEqual(manager.layout, layout)
        _remove_all(run)
    else:
        test.assertFalse(ui.slicesButton.enabled)
        test.assertIn("not installed", ui.slicesButton.toolTip)
    test.assertEqual(sorted(_scene_state()), before)
    for node in (given.browser, given.proxy, given.sequence):
        slicer.mrmlScene.RemoveNode(node)


def _assert_closer(run: _Run, given: AddedSequence) -> None:
    test, result = run.test, run.panel.sections["slices"].result
    test.assertIsNotNone(result, run.ui.slicesMessage.text)
    test.assertIn("Synthetic slices", result.GetName())
    test.assertEqual(index_values_of(result), index_values_of(given.sequence))
    test.assertEqual(browsers_of(result), [given.browser])
    for made, item in zip(_items(result), _items(given.sequence), strict=True):
        test.assertEqual(_array(made).dtype, _array(item).dtype)
        np.testing.assert_array_equal(_array(made)[::2], _array(item))
        np.testing.assert_array_equal(np.array(_matrix(made)) * [1, 1, 2, 1], _matrix(item))
        test.assertIn("every 2nd", made.GetAttribute(PREFIX + "SyntheticSlices"))
        test.assertIn("fitted to these images", made.GetAttribute(PREFIX + "SliceModel"))


def _without_pytorch(run: _Run) -> None:
    """Without PyTorch: a message in words, and the linear blend"""
    test, first_widget = run.test, run.widget
    first_widget.panel.use(None)  # two panels would follow the same parameters
    with mock.patch.dict(sys.modules, {"torch": None}):
        run.widget = type(first_widget)()
        try:
            _use_without_pytorch(run)
        finally:
            run.widget.cleanup()
            run.widget.parent.deleteLater()
            run.widget = first_widget
    first_widget.enter()
    test.assertTrue(run.ui.interpolateButton.enabled)


def _use_without_pytorch(run: _Run) -> None:
    test, parameters, ui = run.test, run.parameters, run.ui
    parameters.engine = "student"
    test.assertFalse(ui.missingPackages.isHidden())
    test.assertIn("torch", ui.missingLabel.text)
    test.assertIn("only the linear blend", ui.missingLabel.text)
    test.assertIn("not installed", ui.engineInfo.text)
    with test.assertRaisesRegex(InvalidInputError, "not installed"):
        run.widget.logic.interpolate(parameters.sequence, 0, END_SYSTOLE, 1, engine="student")
    parameters.engine, parameters.fill = AUTOMATIC, Fill.EVENLY
    ui.frameCount.value = 1
    run.press(run.panel.sections["interpolate"].work)
    middle = parameters.result.GetNthDataNode(1)
    test.assertEqual(middle.GetAttribute(PREFIX + "Engine"), "linear_blend")
    ends = [_array(parameters.sequence.GetNthDataNode(n)).astype(float) for n in (0, END_SYSTOLE)]
    np.testing.assert_allclose(_array(middle), sum(ends) / 2, atol=0.51)


SCENARIOS = (
    _sample,
    _preview,
    _any_instant,
    _side_by_side,
    _small_cine,
    _load_cine,
    _at_times,
    _whole_sequence,
    _cancel,
    _between_phases,
    _browser,
    _deformation,
    _check,
    _save_and_load,
    _clean_up,
    _track_motion,
    _add_slices,
    _without_pytorch,
)
"""In the order in which the user meets them; each continues with the result of the one before."""


def _assert_filled(run: _Run, expected: Sequence[tuple[float, Origin]]) -> None:
    """Assert that the result has exactly these items, each at its index value and with its origin."""
    test, source, result = run.test, run.parameters.sequence, run.parameters.result
    test.assertIsNotNone(result, run.ui.interpolateMessage.text)
    np.testing.assert_allclose(index_values_of(result), [value for value, _ in expected], atol=1e-6)
    test.assertEqual((result.GetIndexName(), result.GetIndexUnit()), (source.GetIndexName(), source.GetIndexUnit()))
    for item, (_, origin) in zip(_items(result), expected, strict=True):
        _assert_place_and_type(run, item, source.GetNthDataNode(0))
        if isinstance(origin, int):
            acquired = source.GetNthDataNode(origin)
            np.testing.assert_array_equal(_array(item), _array(acquired))
            test.assertEqual(attributes_of(item), attributes_of(acquired))
        else:
            _assert_marked(run, item, origin)
            test.assertIn("SYNTHETIC", item.GetName())
            test.assertGreater(_array(item).std(), 0)


def _assert_marked(
    run: _Run, item: slicer.vtkMRMLNode, origin: tuple[float, float, float], engine: str | None = None
) -> None:
    """The attributes of a frame say that it is synthetic, and from what and how it was made."""
    marks, engine = attributes_of(item), engine or run.engine
    run.test.assertTrue(is_synthetic(marks))
    run.test.assertEqual(marks[PREFIX + "Engine"], engine)
    numbers = [float(marks[PREFIX + key]) for key in ("FirstIndexValue", "LastIndexValue", "T")]
    np.testing.assert_allclose(numbers, origin, atol=1e-6)
    run.test.assertEqual(len(marks.get(PREFIX + "ModelSHA256", "")), 64 if find_engine(engine).needs_model else 0)


def _assert_place_and_type(
    run: _Run, volume: slicer.vtkMRMLScalarVolumeNode, template: slicer.vtkMRMLScalarVolumeNode
) -> None:
    images = [node.GetImageData() for node in (volume, template)]
    run.test.assertEqual(*(image.GetDimensions() for image in images))
    run.test.assertEqual(*(image.GetScalarTypeAsString() for image in images))
    run.test.assertEqual(_matrix(volume), _matrix(template))


def _assert_scene_is(run: _Run, before: dict[str, object]) -> None:
    after = _scene_state()
    run.test.assertEqual(sorted(after), sorted(before))
    for node_id, state in before.items():
        run.test.assertEqual(after[node_id], state, node_id)


def _scene_state() -> dict[str, object]:
    """The state of the scene: every node, its attributes, and the last changes of its data and storage.

    Views, which layouts add, and the preview are excluded. The parameters change while the user waits.
    """
    views = ("vtkMRMLAbstractViewNode", "vtkMRMLSliceCompositeNode")
    data = ("vtkMRMLVolumeNode", "vtkMRMLSequenceNode", "vtkMRMLTransformNode", "vtkMRMLStorageNode")
    return {
        node.GetID(): (
            node.GetName(),
            attributes_of(node),
            node.GetMTime() if any(node.IsA(name) for name in data) else None,
        )
        for node in nodes_of(slicer.mrmlScene)
        if node.GetSaveWithScene() and not any(node.IsA(name) for name in views)
    }


def _saved_state(parameters: TemporalInterpParameterNode) -> dict[str, object]:
    """The state that has to come back from a file. Identifiers may change, and Slicer renames the items of
    sequences."""
    state: dict[str, object] = {
        name: getattr(parameters, name)
        for name in ("firstPhase", "lastPhase", "instant", "engine", "fill", "frameCount", "times", "factor", "cyclic")
    }
    for role in ("sequence", "result"):
        node = getattr(parameters, role)
        state[f"{role}: name"] = node.GetName()
        state[f"{role}: index"] = (node.GetIndexName(), node.GetIndexUnit(), index_values_of(node))
        state[f"{role}: marks"] = [_marks(item) for item in _items(node)]
        state[f"{role}: voxels"] = [(str(_array(item).dtype), _array(item).tobytes()) for item in _items(node)]
        state[f"{role}: place"] = [np.round(_matrix(item), 6).tolist() for item in _items(node)]
        state[f"{role}: browsers"] = [browser.GetName() for browser in browsers_of(node)]
        state[f"{role}: proxy"] = proxy_of(node).GetName()
    made = [companion_of(parameters.result, kind.value) for kind in Companion]
    state["companions"] = [(node.GetName(), index_values_of(node)) for node in made if node is not None]
    return state


def _items(sequence: slicer.vtkMRMLSequenceNode) -> list[slicer.vtkMRMLNode]:
    return [sequence.GetNthDataNode(n) for n in range(sequence.GetNumberOfDataNodes())]


def _marks(item: slicer.vtkMRMLNode) -> dict[str, str]:
    return {key: value for key, value in attributes_of(item).items() if key.startswith(PREFIX)}


def _array(volume: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    return slicer.util.arrayFromVolume(volume)


def _matrix(volume: slicer.vtkMRMLScalarVolumeNode) -> list[list[float]]:
    ijk_to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijk_to_ras)
    return slicer.util.arrayFromVTKMatrix(ijk_to_ras).tolist()


def _resampled(
    volume: slicer.vtkMRMLScalarVolumeNode, from_parent: vtk.vtkAbstractTransform
) -> tuple[np.ndarray, np.ndarray]:
    """Return a volume on its own grid under a transform, as Slicer resamples it, and where it is known.

    Both have the shape (K, J, I).
    """
    ijk_to_ras, ras_to_ijk = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijk_to_ras)
    volume.GetRASToIJKMatrix(ras_to_ijk)
    chain = vtk.vtkGeneralTransform()
    chain.PostMultiply()
    for part in (ijk_to_ras, from_parent, ras_to_ijk):
        chain.Concatenate(part)
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(volume.GetImageData())
    reslice.SetResliceTransform(chain)
    reslice.SetInterpolationModeToLinear()
    reslice.SetOutputScalarType(vtk.VTK_DOUBLE)
    reslice.SetBackgroundLevel(np.nan)
    reslice.Update()
    result = slicer.vtkMRMLScalarVolumeNode()
    result.SetAndObserveImageData(reslice.GetOutput())
    array = _array(result).copy()
    return array, np.isfinite(array)


def _rms(difference: np.ndarray, inside: np.ndarray) -> float:
    return float(np.sqrt(np.square(difference[inside].astype(float)).mean()))
