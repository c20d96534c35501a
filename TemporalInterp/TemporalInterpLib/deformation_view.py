"""How the displacement fields of an interpolated sequence are drawn: arrows, a grid, the change of volume."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import vtk_to_numpy

from TemporalInterpLib.color_legend import LEFT, RIGHT, show_legend
from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.volume_change import volume_change_of

SMALLEST = 0.3
"""mm: shorter arrows are not drawn."""

COLOURS = ((0.0, (0.30, 0.30, 0.55)), (0.25, (0.10, 0.60, 0.95)), (0.6, (0.95, 0.85, 0.20)), (1.0, (1.0, 0.25, 0.15)))
"""Colour by length, as a share of the longest displacement: grey-blue, blue, yellow, red."""

LARGEST_SCALE = 10
"""Times that arrows are drawn longer than they are, at most."""

OVERLAP = 1.25
"""Length of the longest arrow over the distance between arrows: few are the longest."""

LINE_WIDTH = 2
"""Pixels."""

OVER_FRAMES = 0.75
"""Opacity of the change of volume over the frames."""


def show_field(
    frames: slicer.vtkMRMLSequenceNode | None, style: FieldStyle, spacing_mm: float, longest_mm: float
) -> None:
    """Draw the field from the first phase in the slice views; nothing where there is none.

    Args:
        frames: an interpolated sequence.
        style: arrows, grid or nothing.
        spacing_mm: distance between arrows or grid lines.
        longest_mm: the displacement that the colours reach to, one scale for all frames.
    """
    proxy = proxy_of(companion_of(frames, Companion.DISPLACEMENT_FIRST_TO_T.value))
    if proxy is None:
        return
    _colour_up_to(proxy, longest_mm)
    draw_transform(proxy, style, spacing_mm, arrow_scale(spacing_mm, longest_mm))


def show_volume_change(frames: slicer.vtkMRMLSequenceNode | None, *, shown: bool) -> None:
    """Lay the change of volume over the slice views, with a legend, or take it away; nothing where it was not drawn."""
    proxy = proxy_of(volume_change_of(frames))
    if proxy is None or slicer.app.layoutManager() is None:
        return
    if shown:
        slicer.util.setSliceViewerLayers(foreground=proxy, foregroundOpacity=OVER_FRAMES)
    show_legend(proxy.GetDisplayNode(), _("Volume, %"), place=LEFT, decimals=0, shown=shown)
    if shown:
        return
    for name in slicer.app.layoutManager().sliceViewNames():
        composite = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
        if composite.GetForegroundVolumeID() == proxy.GetID():  # another foreground is the user's
            composite.SetForegroundVolumeID(None)
            composite.SetForegroundOpacity(0.0)


def arrow_scale(spacing_mm: float, longest_mm: float) -> int:
    """Return how many times their length arrows are drawn: short ones could not be seen, long ones must not overlap.

    >>> arrow_scale(8.0, 2.9), arrow_scale(5.0, 8.2), arrow_scale(5.0, 0.0)
    (3, 1, 10)
    """
    return max(1, min(round(OVERLAP * spacing_mm / max(longest_mm, SMALLEST)), LARGEST_SCALE))


def draw_transform(proxy: slicer.vtkMRMLTransformNode, style: FieldStyle, spacing_mm: float, scale: int = 1) -> None:
    """Draw a transform in the slice views with a legend, arrows so many times their length; see `show_field`."""
    proxy.CreateDefaultDisplayNodes()
    display = proxy.GetDisplayNode()
    with slicer.util.NodeModify(display):
        display.SetVisibility(style is not FieldStyle.HIDDEN)
        display.SetVisibility2D(style is not FieldStyle.HIDDEN)
        display.SetVisibility3D(False)
        grid = style is FieldStyle.GRID
        display.SetVisualizationMode(display.VIS_MODE_GRID if grid else display.VIS_MODE_GLYPH)
        display.SetGlyphSpacingMm(spacing_mm)
        display.SetGridSpacingMm(spacing_mm)
        display.SetGridResolutionMm(spacing_mm / 4)
        display.SetGlyphDisplayRangeMinMm(SMALLEST)
        display.SetGlyphScalePercent(100 * scale)
        display.SetSliceIntersectionThickness(LINE_WIDTH)
    show_legend(display, _("Motion, mm"), place=RIGHT, decimals=1, shown=style is not FieldStyle.HIDDEN)


def colour_transform(proxy: slicer.vtkMRMLTransformNode, grids: Iterable[vtk.vtkImageData]) -> None:
    """Colour a transform by its length: one scale up to the longest of all displacement vectors."""
    _colour_up_to(proxy, max(map(_longest, grids), default=0.0))


def _colour_up_to(proxy: slicer.vtkMRMLTransformNode, longest: float) -> None:
    proxy.CreateDefaultDisplayNodes()
    proxy.GetDisplayNode().SetColorMap(_colours(longest))
    proxy.GetDisplayNode().SetScalarRange(0.0, max(longest, SMALLEST))  # of the legend


def _longest(grid: vtk.vtkImageData) -> float:
    """Return the length in mm of the longest displacement."""
    vectors = vtk_to_numpy(grid.GetPointData().GetScalars())
    return float(np.sqrt(np.einsum("nc,nc->n", vectors, vectors).max()))


def _colours(longest: float) -> vtk.vtkColorTransferFunction:
    colours = vtk.vtkColorTransferFunction()
    for share, colour in COLOURS:
        colours.AddRGBPoint(share * max(longest, SMALLEST), *colour)
    return colours
