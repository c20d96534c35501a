"""The self-test of the section: the network answers."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.dependencies import engines_can_run
from TemporalInterpLib.engines import engine_choices
from TemporalInterpLib.parameter_node import AUTOMATIC
from TemporalInterpLib.self_test.run import END_MS, Run, Step

STUDENT = "student"


def _student(run: Run) -> None:
    """Choose the student network: it answers inside Slicer"""
    test, ui, preview = run.test, run.ui, run.panel.sections["preview"].preview
    run.parameters.engine = STUDENT
    test.assertEqual(ui.engineSelector.currentIndex, list(engine_choices()).index(STUDENT))
    if engines_can_run():
        run.parameters.instant = 180.0
        run.wait_until(lambda: preview.node.GetAttribute(PREFIX + "Engine") == STUDENT, "the student")
        run.assert_marked(preview.node, (0.0, END_MS, 0.5), engine=STUDENT)
        run.assert_place_and_type(preview.node, run.parameters.sequence.GetNthDataNode(0))
    else:
        test.assertIn("not installed", ui.engineInfo.text)
    run.parameters.engine = AUTOMATIC


STEPS = (Step(37, _student, needs=("sequence", "preview")),)
