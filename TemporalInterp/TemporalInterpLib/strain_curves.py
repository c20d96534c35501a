"""Strain along a curve that the user has drawn, over the phases: a table in the scene, and a plot of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from temporal_interp.data.provenance import PREFIX
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.contour import STRAIN_POINTS, Contour
from temporal_interp.tracking.contour_view import ContourView
from temporal_interp.tracking.strain import strain_along
from TemporalInterpLib.charts import add_chart, add_table, index_heading
from TemporalInterpLib.follow_points import in_image
from TemporalInterpLib.motion_transforms import displacements_in
from TemporalInterpLib.remove_generated import remove_with_belongings
from TemporalInterpLib.result_folder import leave_hierarchy, put_beside
from TemporalInterpLib.result_marks import ResultKind, mark_result
from TemporalInterpLib.scene_transaction import nodes_of, scene_transaction
from TemporalInterpLib.sequence_conversion import index_values_of
from TemporalInterpLib.volume_conversion import RAS_TO_LPS

DIGITS = 3
"""Decimals of the per cent in the table."""

MOTION_ROLE = PREFIX + "StrainMotion"
CURVE_ROLE = PREFIX + "StrainCurve"
"""Roles of the references of table, series and chart to their motion and their curve."""

COLORS = {"radial": (0.90, 0.62, 0.0), "circumferential": (0.0, 0.45, 0.70), "longitudinal": (0.0, 0.62, 0.45)}
"""Of the curves (Okabe and Ito: safe for colour-blind readers)."""


@dataclass(frozen=True, eq=False)
class StrainCurves:
    """The result, in the scene.

    Attributes:
        strains: the mean over the curve in every phase, by the name that users know; 0.1 is 10 %.
        times: of the phases.
        table: the same in per cent, over the index.
        chart: a plot of it.
    """

    strains: Mapping[str, np.ndarray]
    times: list[float]
    table: slicer.vtkMRMLTableNode
    chart: slicer.vtkMRMLPlotChartNode

    @property
    def peaks(self) -> dict[str, tuple[float, float]]:
        """By name, the strain that is farthest from zero, and the index value of its phase."""
        phases = {name: int(np.abs(strain).argmax()) for name, strain in self.strains.items()}
        return {name: (float(self.strains[name][n]), self.times[n]) for name, n in phases.items()}


def add_strain_curves(
    motion: slicer.vtkMRMLSequenceNode,
    curve_node: slicer.vtkMRMLMarkupsCurveNode,
    view: ContourView,
    wall_thickness_mm: float | None = None,
) -> StrainCurves:
    """Measure strain along a curve and add its table and chart to the scene, in place of those of the same curve.

    Args:
        motion: a tracked motion in the scene.
        curve_node: drawn in the reference phase; it may follow the motion.
        view: that the curve is drawn in.
        wall_thickness_mm: of the wall in the reference phase, if it is known and the curve runs in its middle.

    Raises:
        InvalidInputError: there is no curve, it has too few points, or it leaves the images; the scene is as it was.
    """
    contour = contour_of(curve_node, motion)
    displacements, geometry = displacements_in(motion)
    strains = strain_along(displacements, geometry, contour, view, wall_thickness_mm).curves()
    values = index_values_of(motion)
    columns = {index_heading(motion): values}
    columns |= {_heading(name): [round(100 * float(e), DIGITS) for e in strain] for name, strain in strains.items()}
    scene = motion.GetScene()
    before = strain_nodes(motion, curve_node)
    with scene_transaction(scene):
        table = add_table(scene, f"{curve_node.GetName()} strain", columns)
        chart = add_chart(table, "strain %", {_heading(name): (name, COLORS[name]) for name in strains})
        series = [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
        for node in (table, chart, *series):
            mark_result(node, ResultKind.MOTION)
            node.SetNodeReferenceID(MOTION_ROLE, motion.GetID())
            node.SetNodeReferenceID(CURVE_ROLE, curve_node.GetID())
        put_beside([table, chart, *series], motion)
    _remove(before, scene)
    return StrainCurves(strains, values, table, chart)


def contour_of(curve_node: slicer.vtkMRMLMarkupsCurveNode | None, motion: slicer.vtkMRMLSequenceNode) -> Contour:
    """Return the line that Slicer draws through the points of a curve, in the reference phase.

    Raises:
        InvalidInputError: there is no curve, or it has too few points.
    """
    if curve_node is None:
        raise InvalidInputError("There is no curve to measure strain along; draw one in the reference phase.")
    closed = bool(curve_node.IsA("vtkMRMLMarkupsClosedCurveNode"))
    needed, placed = 3 if closed else 2, curve_node.GetNumberOfDefinedControlPoints()
    if placed < needed:
        raise InvalidInputError(
            f"Curve '{curve_node.GetName()}' has {placed} points; it takes at least {needed} to measure strain along."
        )
    line = vtk_to_numpy(curve_node.GetCurvePoints().GetData())  # without its parent transform
    points = in_image(line, curve_node, motion) @ RAS_TO_LPS[:3, :3]
    return Contour(points, closed).resampled(STRAIN_POINTS)


def strain_nodes(
    motion: slicer.vtkMRMLSequenceNode, curve_node: slicer.vtkMRMLMarkupsCurveNode | None = None
) -> list[slicer.vtkMRMLNode]:
    """Return the tables, series and charts of strain by a motion, along one curve or along any."""
    return [
        node
        for node in nodes_of(motion.GetScene())
        if node.GetNodeReferenceID(MOTION_ROLE) == motion.GetID()
        and (curve_node is None or node.GetNodeReferenceID(CURVE_ROLE) == curve_node.GetID())
    ]


def _remove(nodes: list[slicer.vtkMRMLNode], scene: slicer.vtkMRMLScene) -> None:
    leave_hierarchy(nodes)
    for node in sorted(nodes, key=lambda node: not node.IsA("vtkMRMLPlotChartNode")):  # the chart releases its series
        remove_with_belongings(node, scene)


def _heading(name: str) -> str:
    return f"{name} strain %"
