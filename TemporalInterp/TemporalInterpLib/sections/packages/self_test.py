"""The self-test of the section: without PyTorch the panel says what is missing, and works."""

# ruff: noqa: PT009, PT027 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

import sys
from unittest import mock

import numpy as np

from temporal_interp.data.provenance import PREFIX
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.parameter_node import AUTOMATIC, Fill
from TemporalInterpLib.self_test.run import END_SYSTOLE, Run, Step, array


def _without_pytorch(run: Run) -> None:
    """Without PyTorch: a message in words, and the linear blend"""
    first_widget = run.widget
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
    run.test.assertTrue(run.ui.interpolateButton.enabled)


def _use_without_pytorch(run: Run) -> None:
    test, parameters, ui = run.test, run.parameters, run.ui
    parameters.engine = "student"
    test.assertFalse(ui.missingPackages.isHidden())
    test.assertIn("torch", ui.missingLabel.text)
    test.assertIn("only the linear blend", ui.missingLabel.text)
    test.assertIn("not installed", ui.engineInfo.text)
    with test.assertRaisesRegex(InvalidInputError, "not installed"):
        run.widget.logic.interpolate(parameters.sequence, 0, END_SYSTOLE, 1, engine="student")
    parameters.engine, parameters.fill = AUTOMATIC, Fill.EVENLY
    parameters.frameCount = 1
    run.press(run.panel.sections["interpolate"].work)
    middle = parameters.result.GetNthDataNode(1)
    test.assertEqual(middle.GetAttribute(PREFIX + "Engine"), "linear_blend")
    ends = [array(parameters.sequence.GetNthDataNode(n)).astype(float) for n in (0, END_SYSTOLE)]
    np.testing.assert_allclose(array(middle), sum(ends) / 2, atol=0.51)


STEPS = (Step(100, _without_pytorch, needs=("sequence", "preview", "engine", "interpolate")),)
