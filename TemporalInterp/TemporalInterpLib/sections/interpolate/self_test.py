"""The self-test of the section: frames are synthesised where the user wants them."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer

from temporal_interp.data.provenance import is_synthetic
from TemporalInterpLib import frame_marks
from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.parameter_node import Fill, Span
from TemporalInterpLib.playback import play
from TemporalInterpLib.sample_cine import PHASES
from TemporalInterpLib.self_test.run import CYCLE_MS, END_MS, END_SYSTOLE, Run, Step, array, items, scene_state
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import attributes_of, index_values_of

Origin = int | tuple[float, float, float]
"""Where an item comes from: the number of the acquired item, or the index values around a synthetic one, and t."""


def _no_sequence(run: Run) -> None:
    """Without a sequence there is nothing to interpolate"""
    run.test.assertIsNone(run.parameters.sequence)
    run.test.assertFalse(run.ui.interpolateButton.enabled)


def _sequence(run: Run) -> None:
    """With one there is"""
    run.test.assertTrue(run.ui.interpolateButton.enabled)


def _at_times(run: Run) -> None:
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
    synthetic = [(value, (0.0, END_MS, value / END_MS)) for value in (100.0, 220.5)]
    _assert_filled(run, [(0.0, 0), *synthetic, (END_MS, END_SYSTOLE)])


def _whole_sequence(run: Run) -> None:
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


def _cancel(run: Run) -> None:
    """Cancel half-way: the scene is as it was"""
    test, work, ui = run.test, run.panel.sections["interpolate"].work, run.ui
    run.parameters.span, run.parameters.fill = Span.BETWEEN, Fill.EVENLY
    ui.frameCount.value = 100
    play(run.parameters.result, False)
    before, text = scene_state(), ui.interpolateButton.text
    ui.interpolateButton.click()
    test.assertNotEqual(ui.interpolateButton.text, text)
    run.wait_until(lambda: ui.interpolateProgress.value >= 45 or not work.running, "half of it")
    test.assertTrue(work.running)
    ui.interpolateButton.click()
    test.assertFalse(work.running)
    test.assertEqual(ui.interpolateButton.text, text)
    test.assertIn("Cancelled", ui.interpolateMessage.text)
    after = scene_state()
    test.assertEqual(sorted(after), sorted(before))
    for node_id, state in before.items():
        test.assertEqual(after[node_id], state, node_id)


def _between_phases(run: Run) -> None:
    """Interpolate ten frames between the phases, with displacement fields"""
    test, source = run.test, run.parameters.sequence
    run.parameters.fill = Fill.EVENLY
    run.ui.frameCount.value = 10
    run.ui.fields.checked = True
    times = [node.GetMTime() for node in (source, *items(source))]
    run.press(run.panel.sections["interpolate"].work)
    synthetic = [(END_MS * n / 11, (0.0, END_MS, n / 11)) for n in range(1, 11)]
    _assert_filled(run, [(0.0, 0), *synthetic, (END_MS, END_SYSTOLE)])
    test.assertEqual([node.GetMTime() for node in (source, *items(source))], times)
    test.assertIn("10 of them synthetic", run.ui.interpolateMessage.text)


def _browser(run: Run) -> None:
    """Play the result: its own browser, placed and shown like the source"""
    test, result, source = run.test, run.parameters.result, run.parameters.sequence
    [browser] = browsers_of(result)
    test.assertNotIn(browser, browsers_of(source))
    proxy = browser.GetProxyNode(result)
    test.assertTrue(browser.GetPlaybackActive() and browser.GetPlaybackLooped())
    test.assertAlmostEqual(browser.GetPlaybackRateFps(), 11 * 1000 / END_MS, places=3)
    browser.SetPlaybackActive(False)
    for number in (5, 11, 0):
        browser.SetSelectedItemNumber(number)
        _assert_marks(run, "SYNTHETIC" if number == 5 else "acquired")
        np.testing.assert_array_equal(array(proxy), array(result.GetNthDataNode(number)))
        test.assertEqual(is_synthetic(attributes_of(proxy)), number == 5)
    test.assertIs(proxy.GetParentTransformNode(), proxy_of(source).GetParentTransformNode())
    display, source_display = proxy.GetDisplayNode(), proxy_of(source).GetDisplayNode()
    test.assertEqual((display.GetWindow(), display.GetLevel()), (source_display.GetWindow(), source_display.GetLevel()))


def _loaded_scene(run: Run) -> None:
    """The frames to add are chosen again"""
    run.test.assertEqual(run.ui.frameCount.value, 7)
    run.test.assertEqual(run.ui.times.text, "100, 120.5")
    run.test.assertTrue(run.ui.interpolateButton.enabled)


def _assert_filled(run: Run, expected: Sequence[tuple[float, Origin]]) -> None:
    """Assert that the result has exactly these items, each at its index value and with its origin."""
    test, source, result = run.test, run.parameters.sequence, run.parameters.result
    test.assertIsNotNone(result, run.ui.interpolateMessage.text)
    np.testing.assert_allclose(index_values_of(result), [value for value, _ in expected], atol=1e-6)
    test.assertEqual((result.GetIndexName(), result.GetIndexUnit()), (source.GetIndexName(), source.GetIndexUnit()))
    for item, (_, origin) in zip(items(result), expected, strict=True):
        run.assert_place_and_type(item, source.GetNthDataNode(0))
        if isinstance(origin, int):
            acquired = source.GetNthDataNode(origin)
            np.testing.assert_array_equal(array(item), array(acquired))
            test.assertEqual(attributes_of(item), attributes_of(acquired))
        else:
            run.assert_marked(item, origin)
            test.assertIn("SYNTHETIC", item.GetName())
            test.assertGreater(array(item).std(), 0)


def _assert_marks(run: Run, word: str) -> None:
    """Every slice view that shows the result says what its frame is."""
    if slicer.app.layoutManager() is not None:
        texts = [text for text in frame_marks._marks.texts().values() if text]
        run.test.assertTrue(texts)
        run.test.assertEqual({text.split()[0] for text in texts}, {word})


WITH_PHASES = ("sequence", "preview")

STEPS = (
    Step(0, _no_sequence),
    Step(25, _sequence, WITH_PHASES),
    Step(40, _at_times, WITH_PHASES),
    Step(41, _whole_sequence, WITH_PHASES),
    Step(42, _cancel, WITH_PHASES),
    Step(43, _between_phases, WITH_PHASES),
    Step(44, _browser, WITH_PHASES),
    Step(61, _no_sequence),
    Step(66, _loaded_scene, WITH_PHASES),
)
