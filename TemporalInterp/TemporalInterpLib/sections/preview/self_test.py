"""The self-test of the section: phases are proposed, and every instant is shown as what it is."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

import numpy as np
import slicer

from temporal_interp.data.provenance import PREFIX, is_synthetic
from TemporalInterpLib.layout import SIDE_BY_SIDE, VIEWS
from TemporalInterpLib.parameter_node import Span
from TemporalInterpLib.sample_cine import PHASES
from TemporalInterpLib.self_test.run import CYCLE_MS, END_MS, END_SYSTOLE, Run, Step, array
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_conversion import attributes_of


def _phases(run: Run) -> None:
    """End-diastole and end-systole are proposed"""
    _assert_phases(run)
    run.test.assertEqual((run.ui.firstPhase.currentIndex, run.ui.lastPhase.currentIndex), (0, END_SYSTOLE))
    run.test.assertFalse(run.ui.changeCurve.pixmap.isNull())


def _drag(run: Run) -> None:
    """Drag the time slider: the blend at once, then the engine's answer, labelled as synthetic"""
    test, sequence = run.test, run.parameters.sequence
    first, last = array(sequence.GetNthDataNode(0)), array(sequence.GetNthDataNode(END_SYSTOLE))
    run.ui.timeSlider.value = 90.0
    shown = _shown(run)
    blend = array(shown).copy()
    np.testing.assert_allclose(blend, 0.75 * first + 0.25 * last, atol=0.51)
    run.assert_place_and_type(shown, sequence.GetNthDataNode(0))
    run.assert_marked(shown, (0.0, END_MS, 0.25), engine="linear_blend")
    _wait_for_engine(run)
    run.assert_marked(shown, (0.0, END_MS, 0.25))
    run.assert_place_and_type(shown, sequence.GetNthDataNode(0))
    test.assertIn("SYNTHETIC 90 ms", shown.GetName())
    test.assertEqual(run.ui.instantLabel.text, "SYNTHETIC 90 ms")
    around = "; timing from 855, 405 ms" if run.moves else ""  # the sample is a loop
    run.wait_until(lambda: f"from 0, 360 ms{around}." in run.ui.previewStatus.text, "naming the frames")
    test.assertEqual(not np.array_equal(array(shown), blend), run.moves)
    answer = array(shown).copy()
    run.parameters.frameCount = 9  # not related to the preview
    np.testing.assert_array_equal(array(shown), answer)
    for instant, acquired in ((0.0, first), (END_MS, last)):
        run.ui.timeSlider.value = instant
        np.testing.assert_array_equal(array(shown), acquired)
        test.assertFalse(is_synthetic(attributes_of(shown)))
        test.assertIn("acquired", shown.GetName())
        test.assertNotIn("SYNTHETIC", run.ui.instantLabel.text)
    test.assertFalse(shown.GetSaveWithScene())


def _any_instant(run: Run) -> None:
    """Move through the whole sequence, also from its last frame to its first: acquired frames are shown as they are"""
    test, sequence, ui = run.test, run.parameters.sequence, run.ui
    ui.span.currentIndex = list(Span).index(Span.WHOLE)
    test.assertEqual((ui.timeSlider.minimum, ui.timeSlider.maximum), (0.0, CYCLE_MS))
    for number in (5, PHASES - 1, 0):
        ui.timeSlider.value = number * CYCLE_MS / PHASES
        np.testing.assert_array_equal(array(_shown(run)), array(sequence.GetNthDataNode(number)))
        test.assertIn("acquired", ui.instantLabel.text)
    ui.timeSlider.value = CYCLE_MS - 10.0
    _wait_for_engine(run)
    run.wait_until(lambda: "from 0, 855 ms" in ui.previewStatus.text, "naming the frames")
    test.assertEqual(ui.instantLabel.text, "SYNTHETIC 890 ms")
    ui.span.currentIndex = list(Span).index(Span.BETWEEN)
    test.assertEqual((ui.timeSlider.minimum, ui.timeSlider.maximum), (0.0, END_MS))


def _side_by_side(run: Run) -> None:
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
    np.testing.assert_array_equal(array(shown[0]), array(sequence.GetNthDataNode(0)))
    test.assertIs(shown[1], _shown(run))
    np.testing.assert_array_equal(array(shown[2]), array(sequence.GetNthDataNode(END_SYSTOLE)))
    test.assertEqual([is_synthetic(attributes_of(node)) for node in shown], [False, True, False])
    run.ui.sideBySide.checked = False
    test.assertEqual(manager.layout, before)


def _other_sequence(run: Run) -> None:
    """The preview of another sequence lies where that lies"""
    _assert_phases(run)
    run.ui.timeSlider.value = 270.0
    _wait_for_engine(run)
    run.assert_place_and_type(_shown(run), run.parameters.sequence.GetNthDataNode(0))
    parent = proxy_of(run.parameters.sequence).GetParentTransformNode()
    run.test.assertIsNotNone(parent)
    run.test.assertIs(_shown(run).GetParentTransformNode(), parent)


def _loaded_scene(run: Run) -> None:
    """The instant is chosen again"""
    run.test.assertEqual(run.ui.timeSlider.value, 90.0)
    if slicer.app.layoutManager() is not None:
        run.test.assertEqual(run.ui.instantLabel.text, "SYNTHETIC 90 ms", "the preview was shown, and is again")


def _propose(run: Run) -> None:
    """Propose the phases again"""
    run.ui.proposeButton.click()
    _assert_phases(run)


def _shown(run: Run) -> slicer.vtkMRMLScalarVolumeNode:
    return run.panel.sections["preview"].preview.node


def _wait_for_engine(run: Run) -> None:
    run.wait_until(lambda: _shown(run).GetAttribute(PREFIX + "Engine") == run.engine, "the preview")


def _assert_phases(run: Run) -> None:
    run.test.assertEqual((run.parameters.firstPhase, run.parameters.lastPhase), (0, END_SYSTOLE))


STEPS = (
    Step(20, _phases),
    Step(21, _drag),
    Step(22, _any_instant),
    Step(23, _side_by_side),
    Step(31, _other_sequence),
    Step(66, _loaded_scene),
    Step(85, _propose),
)
