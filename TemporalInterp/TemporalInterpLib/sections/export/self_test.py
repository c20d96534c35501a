"""The self-test of the section: the sample cine has no DICOM headers, and is not written as if it had."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from TemporalInterpLib.self_test.run import Run, Step


def _no_headers(run: Run) -> None:
    """Write DICOM is off for the sample, with the reason"""
    test, ui = run.test, run.ui
    test.assertFalse(ui.exportButton.enabled)
    test.assertTrue(ui.exportButton.toolTip)
    test.assertIn(ui.exportPlan.text, ui.exportButton.toolTip)  # the application makes a paragraph of it


STEPS = (Step(65, _no_headers),)
