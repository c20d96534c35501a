"""The self-test of the section: slices are added between those of a stack."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from functools import partial
from unittest import mock

import numpy as np
import slicer

from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.add_sequence import AddedSequence, add_sequence_to_scene
from TemporalInterpLib.layout import COMPARISON
from TemporalInterpLib.parameter_node import SliceQuality
from TemporalInterpLib.self_test.run import END_SYSTOLE, Run, Step, array, items, matrix, remove_cine, scene_state
from TemporalInterpLib.sequence_browser import browsers_of
from TemporalInterpLib.sequence_conversion import index_values_of, sequence_from_node


def _add_slices(run: Run) -> None:
    """Add slices to two frames: they lie between the acquired ones, are marked as synthetic, and can be compared"""
    test, ui, parameters, manager = run.test, run.ui, run.parameters, slicer.app.layoutManager()
    layout = manager.layout if manager is not None else None
    given = add_sequence_to_scene(sequence_from_node(parameters.sequence, [0, END_SYSTOLE]), "Two frames")
    ui.slicesInput.setCurrentNode(given.sequence)
    parameters.sliceQuality = SliceQuality.FITTED
    test.assertEqual(ui.slicesPlan.text, "2 slices every 10 mm → 3 slices every 5 mm\nin each of 2 frames")
    before = sorted(scene_state())
    if run.moves:
        in_one_step = partial(run.widget.logic.slices_steps, fitting_steps=1)
        with mock.patch.object(run.panel.sections["slices"].logic, "slices_steps", in_one_step):
            run.press(run.panel.sections["slices"].work)
        _assert_closer(run, given)
        if manager is not None:
            test.assertEqual(manager.layout, COMPARISON)
            ui.compareButton.click()
            test.assertEqual(manager.layout, layout)
        run.remove_all()
    else:
        test.assertFalse(ui.slicesButton.enabled)
        test.assertIn("not installed", ui.slicesButton.toolTip)
    test.assertEqual(sorted(scene_state()), before)
    remove_cine(given.sequence)


def _assert_closer(run: Run, given: AddedSequence) -> None:
    test, result = run.test, run.panel.sections["slices"].result
    test.assertIsNotNone(result, run.ui.slicesMessage.text)
    test.assertIn("Synthetic slices", result.GetName())
    test.assertEqual(index_values_of(result), index_values_of(given.sequence))
    test.assertEqual(browsers_of(result), [given.browser])
    for made, item in zip(items(result), items(given.sequence), strict=True):
        test.assertEqual(array(made).dtype, array(item).dtype)
        np.testing.assert_array_equal(array(made)[::2], array(item))
        np.testing.assert_array_equal(np.array(matrix(made)) * [1, 1, 2, 1], matrix(item))
        test.assertIn("every 2nd", made.GetAttribute(PREFIX + "SyntheticSlices"))
        test.assertIn("motion", made.GetAttribute(PREFIX + "SliceMethod"))


STEPS = (Step(90, _add_slices, needs=("sequence", "clean_up")),)
