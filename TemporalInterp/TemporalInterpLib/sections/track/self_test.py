"""The self-test of the section: motion is tracked, points follow it, and strain is measured."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer
import vtk

from temporal_interp.data.volume import Volume
from TemporalInterpLib.add_sequence import AddedSequence, add_sequence_to_scene
from TemporalInterpLib.remove_generated import remove_with_belongings
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.self_test.run import END_SYSTOLE, Run, Step, remove_cine, scene_state
from TemporalInterpLib.sequence_browser import browsers_of
from TemporalInterpLib.sequence_conversion import index_values_of, sequence_from_node


def _track(run: Run) -> None:
    """Track the motion of one slice: points follow it, strain is plotted, and it can be removed"""
    test, ui, cine, manager = run.test, run.ui, run.parameters.sequence, slicer.app.layoutManager()
    layout = manager.layout if manager is not None else None
    slice_cine = _slice_of(cine)
    run.parameters.sequence = slice_cine.sequence
    before = sorted(scene_state())
    if run.moves:
        run.panel.sections["track"].fold(False)  # as the user opens it
        run.wait_until(lambda: "Takes" in ui.trackPlan.text, "how long tracking takes")
        run.press(run.panel.sections["track"].work)
        run.panel.sections["track"].fold(True)
        _assert_tracked(run, slice_cine)
        run.remove_all()
    else:
        test.assertFalse(ui.trackButton.enabled)
        test.assertIn("not installed", ui.trackButton.toolTip)
    test.assertEqual(sorted(scene_state()), before)
    remove_cine(slice_cine.sequence)
    run.parameters.sequence = cine
    if manager is not None:
        test.assertEqual(manager.layout, layout, "the plot view goes with the plot")


def _slice_of(cine: slicer.vtkMRMLSequenceNode) -> AddedSequence:
    """Add a cine of a single slice and few frames, which is tracked in seconds."""
    frames = sequence_from_node(cine, range(0, END_SYSTOLE + 1, 4))
    geometry = frames.volumes[0].geometry
    volumes = [Volume(volume.array[:1], replace(geometry, shape=(1, *geometry.shape[1:]))) for volume in frames.volumes]
    return add_sequence_to_scene(replace(frames, volumes=volumes), "Slice cine")


def _assert_tracked(run: Run, cine: AddedSequence) -> None:
    test, ui, motion = run.test, run.ui, run.panel.sections["track"].motion
    test.assertEqual(index_values_of(motion), index_values_of(cine.sequence))
    test.assertEqual(browsers_of(motion), [cine.browser])
    test.assertIn("is an estimate", ui.motionLabel.text)
    test.assertEqual(motion.GetName(), f"Motion of {cine.sequence.GetName()}")
    wall = _circle(cine)
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


def _circle(cine: AddedSequence) -> slicer.vtkMRMLMarkupsClosedCurveNode:
    """Add a circle of 20 mm around the middle of the slice, in its plane."""
    wall = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsClosedCurveNode", "Wall")
    bounds = np.zeros(6)
    cine.proxy.GetRASBounds(bounds)
    middle = bounds.reshape(3, 2).mean(axis=1)
    geometry = sequence_from_node(cine.sequence).volumes[0].geometry
    axes = np.diag([-1.0, -1.0, 1.0]) @ np.array(geometry.direction)[:, :2]
    for angle in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        wall.AddControlPoint(vtk.vtkVector3d(*(middle + axes @ (20 * np.array([np.cos(angle), np.sin(angle)])))))
    return wall


STEPS = (Step(80, _track, needs=("sequence", "clean_up")),)
