"""The self-test of the section: results are removed, and nothing else."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

import slicer

from TemporalInterpLib.result_folder import folders_in
from TemporalInterpLib.result_marks import ResultKind
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.self_test.run import Run, Step, items
from TemporalInterpLib.sequence_browser import browsers_of


def _clean_up(run: Run) -> None:
    """Remove the results by the list of Clean up: the cine is as it was"""
    test, ui, sequence = run.test, run.ui, run.parameters.sequence
    slicer.app.processEvents()
    results = run.widget.logic.results()
    test.assertEqual(ui.resultList.rowCount, len(results))
    test.assertIn(ResultKind.CHECK, [result.kind for result in results])
    times = [node.GetMTime() for node in items(sequence)]
    run.remove_all()
    test.assertEqual(run.widget.logic.results(), [])
    test.assertEqual(ui.resultList.rowCount, 0)
    test.assertFalse(ui.removeAllButton.enabled)
    test.assertEqual([node.GetMTime() for node in items(sequence)], times)
    test.assertIsNone(run.parameters.result)
    for kind in ("vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLColorLegendDisplayNode"):
        test.assertEqual(nodes_of(slicer.mrmlScene, kind), [])
    colors = nodes_of(slicer.mrmlScene, "vtkMRMLColorNode")
    made = [node for node in colors if node.GetName().startswith(("Volume change", "Displacement to color"))]
    test.assertEqual(made, [])
    test.assertEqual(folders_in(slicer.mrmlScene), [])
    test.assertEqual(nodes_of(slicer.mrmlScene, "vtkMRMLSequenceBrowserNode"), browsers_of(sequence))


STEPS = (Step(70, _clean_up, needs=("sequence", "preview", "check")),)
