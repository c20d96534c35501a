"""Curves for the scene: a table node, and a plot chart node of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import slicer
import vtk

from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.scene_transaction import nodes_of

LAYOUTS_KEY = PREFIX + "LayoutBeforePlot"
"""Attribute of Slicer's layout: numbers of the layout before a chart was shown, and of that with the chart."""

NO_TITLES: Mapping[str, str] = MappingProxyType({})


def add_table(
    scene: slicer.vtkMRMLScene,
    name: str,
    columns: Mapping[str, Sequence[float]],
    titles: Mapping[str, str] = NO_TITLES,
) -> slicer.vtkMRMLTableNode:
    """Add a table of numbers, which the user cannot edit.

    Args:
        scene: where to add it.
        name: of the table.
        columns: numbers by the name of their column.
        titles: short heads by the name of a column; the name becomes the tooltip.
    """
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    for heading, values in columns.items():
        column = vtk.vtkDoubleArray()
        column.SetName(heading)
        for value in values:
            column.InsertNextValue(value)
        table.AddColumn(column)
        if heading in titles:
            table.SetColumnTitle(heading, titles[heading])
    table.SetUseColumnTitleAsColumnHeader(True)
    table.SetLocked(True)
    return table


def add_chart(
    table: slicer.vtkMRMLTableNode, y_title: str, curves: Mapping[str, tuple[str, Sequence[float]]]
) -> slicer.vtkMRMLPlotChartNode:
    """Add a chart of columns of a table over its first one.

    Args:
        table: in the scene.
        y_title: title of the axis.
        curves: name and colour (red, green and blue from 0 to 1) by the heading of their column.
    """
    scene = table.GetScene()
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", f"{table.GetName()} plot")
    chart.SetTitle(table.GetName())
    chart.SetXAxisTitle(table.GetColumnName(0))
    chart.SetYAxisTitle(y_title)
    for heading, (name, color) in curves.items():
        series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", name)
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName(table.GetColumnName(0))
        series.SetYColumnName(heading)
        series.SetPlotType(series.PlotTypeScatter)
        series.SetColor(*color)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    return chart


def index_heading(sequence_node: slicer.vtkMRMLSequenceNode) -> str:
    """Return the heading of a column of index values: "time ms"."""
    return f"{sequence_node.GetIndexName() or 'index'} {sequence_node.GetIndexUnit() or ''}".strip()


def show_chart(chart: slicer.vtkMRMLPlotChartNode) -> None:
    """Show a chart, in a layout with a plot view; nothing happens where there are no views."""
    if slicer.app.layoutManager() is None:
        return
    (layout,) = nodes_of(chart.GetScene(), "vtkMRMLLayoutNode")
    before = layout.GetViewArrangement()
    slicer.modules.plots.logic().ShowChartInLayout(chart)
    if layout.GetViewArrangement() != before:
        layout.SetAttribute(LAYOUTS_KEY, f"{before} {layout.GetViewArrangement()}")


def leave_plot_layout(scene: slicer.vtkMRMLScene) -> None:
    """Restore the layout before a chart was shown, where no chart is left and the user has not chosen another."""
    for layout in nodes_of(scene, "vtkMRMLLayoutNode"):
        layouts = layout.GetAttribute(LAYOUTS_KEY)
        if layouts and not nodes_of(scene, "vtkMRMLPlotChartNode"):
            before, with_plot = map(int, layouts.split())
            if layout.GetViewArrangement() == with_plot:
                layout.SetViewArrangement(before)
            layout.RemoveAttribute(LAYOUTS_KEY)
