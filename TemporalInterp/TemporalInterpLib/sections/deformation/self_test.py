"""The self-test of the section: displacement fields point the right way, and are drawn."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

import numpy as np
import slicer
import vtk

from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.self_test.run import Run, Step, array, items, red_view
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import index_values_of
from TemporalInterpLib.volume_change import WINDOW, volume_change_of


def _deformation(run: Run) -> None:
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
    for number, (frame, field) in enumerate(zip(items(result)[1:], items(fields)[1:], strict=True), 1):
        moved, inside = _resampled(first, field.GetTransformFromParent())
        wrong_way, inside_too = _resampled(first, field.GetTransformToParent())
        inside &= inside_too
        test.assertGreater(inside.mean(), 0.5)
        right, still, wrong = (_rms(voxels - array(frame), inside) for voxels in (moved, array(first), wrong_way))
        test.assertLess(still, wrong)
        if number > 1:  # the heart is almost at rest at end-diastole, and resampling smooths the noise
            test.assertLess(right, still)
    test.assertTrue(all((array(item) > 0).all() for item in items(jacobians)))
    test.assertIn("No folds", ui.deformationMessage.text)
    _assert_synchronised(run, result, fields)
    _assert_drawn(run, proxy_of(fields).GetDisplayNode())
    _assert_change_is_drawn(run)


def _assert_synchronised(run: Run, result: slicer.vtkMRMLSequenceNode, fields: slicer.vtkMRMLSequenceNode) -> None:
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


def _assert_drawn(run: Run, display: slicer.vtkMRMLTransformDisplayNode) -> None:
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


def _assert_change_is_drawn(run: Run) -> None:
    """The change of volume is drawn over the frames, where there is tissue."""
    run.ui.jacobian.checked = True
    run.wait_until(lambda: not run.panel.sections["deformation"].working, "the change of volume")
    change = proxy_of(volume_change_of(run.parameters.result))
    shown = array(change)[array(change) >= -WINDOW]
    run.test.assertTrue(0.1 < shown.size / array(change).size < 1, "tissue alone is drawn")
    run.test.assertTrue(shown.min() < -5 and shown.max() > 5, "some tissue shrinks, and some grows")
    view = red_view()
    if view is None:
        return
    run.test.assertEqual(view.GetForegroundVolumeID(), change.GetID())
    run.ui.jacobian.checked = False
    run.test.assertIsNone(view.GetForegroundVolumeID())


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
    voxels = array(result).copy()
    return voxels, np.isfinite(voxels)


def _rms(difference: np.ndarray, inside: np.ndarray) -> float:
    return float(np.sqrt(np.square(difference[inside].astype(float)).mean()))


STEPS = (Step(50, _deformation, needs=("sequence", "preview", "interpolate")),)
