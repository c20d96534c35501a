"""The self-test of the section: the engine is checked on this patient."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

import numpy as np
import slicer

from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.self_test.run import END_SYSTOLE, Run, Step, array, items, matrix, red_view
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_conversion import index_values_of


def _check(run: Run) -> None:
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
    for item in items(errors):
        test.assertTrue(np.isfinite(array(item)).all())
        test.assertGreater(array(item).max(), 0)
        test.assertEqual(matrix(item), matrix(run.parameters.sequence.GetNthDataNode(0)))
    test.assertIs(ui.scoreTable.mrmlTableNode(), table)
    test.assertIn(f"{len(hidden)} hidden frames", ui.checkResult.text)
    _assert_way_back(run, proxy_of(errors))


def _assert_way_back(run: Run, errors: slicer.vtkMRMLScalarVolumeNode) -> None:
    """A button leads from the error maps to the images, and back to the errors."""
    view = red_view()
    if view is None:
        return
    for back in (False, True):
        run.test.assertEqual(view.GetBackgroundVolumeID() == errors.GetID(), not back)
        run.ui.imagesButton.click()
    run.test.assertEqual(view.GetBackgroundVolumeID(), errors.GetID())


def _loaded_scene(run: Run) -> None:
    """The result of the check is there again"""
    run.test.assertIn("hidden frames", run.ui.checkResult.text)


WITH_PHASES = ("sequence", "preview")

STEPS = (Step(55, _check, WITH_PHASES), Step(66, _loaded_scene, WITH_PHASES))
