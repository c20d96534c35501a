"""How the displacement fields of an interpolated sequence are shown, and whether they fold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from TemporalInterpLib.companions import KIND_KEY, Companion, companions_of
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_conversion import items_of

SMALLEST = 0.3
"""mm: shorter arrows are not drawn."""

COLOURS = ((0.0, (0.30, 0.30, 0.55)), (0.25, (0.10, 0.60, 0.95)), (0.6, (0.95, 0.85, 0.20)), (1.0, (1.0, 0.25, 0.15)))
"""Colour by length, as a share of the longest displacement: grey-blue, blue, yellow, red."""

COLD_TO_HOT = "vtkMRMLColorTableNodeFileColdToHotRainbow.txt"
"""Colours of Jacobian determinants: green keeps its volume; see `Companion` for the meaning of more and less."""


@dataclass(frozen=True)
class Folds:
    """Where the fields of a sequence fold space.

    Attributes:
        smallest: the smallest Jacobian determinant of all frames; 1 keeps volume.
        share: share of voxels, from 0 to 1, where it is 0 or less, in the frame with the largest share.
        frame: number of that frame.
    """

    smallest: float
    share: float
    frame: int


def companion(frames: slicer.vtkMRMLSequenceNode | None, kind: Companion) -> slicer.vtkMRMLSequenceNode | None:
    """Return the companion of a kind of an interpolated sequence, None where it has none."""
    if frames is None:
        return None
    for node in companions_of(frames, nodes_of(frames.GetScene(), "vtkMRMLSequenceNode")):
        if node.GetAttribute(KIND_KEY) == kind.value:
            return node
    return None


def show_field(frames: slicer.vtkMRMLSequenceNode | None, style: FieldStyle, spacing_mm: float) -> None:
    """Draw the field from the first phase in the slice views; nothing where there is none.

    Args:
        frames: an interpolated sequence.
        style: arrows, grid or nothing.
        spacing_mm: distance between arrows or grid lines.
    """
    proxy = proxy_of(companion(frames, Companion.DISPLACEMENT_FIRST_TO_T))
    if proxy is not None:
        draw_transform(proxy, style, spacing_mm)


def draw_transform(proxy: slicer.vtkMRMLTransformNode, style: FieldStyle, spacing_mm: float) -> None:
    """Draw a transform in the slice views; see `show_field`."""
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


def colour_field(frames: slicer.vtkMRMLSequenceNode) -> None:
    """Colour the field from the first phase by its length: one scale for all frames, up to the longest of them."""
    fields = companion(frames, Companion.DISPLACEMENT_FIRST_TO_T)
    if proxy_of(fields) is not None:
        grids = [item.GetTransformFromParent().GetDisplacementGrid() for item in items_of(fields)]
        colour_transform(proxy_of(fields), grids)


def colour_transform(proxy: slicer.vtkMRMLTransformNode, grids: Iterable[vtk.vtkImageData]) -> None:
    """Colour a transform by its length: one scale up to the longest of all displacement vectors."""
    proxy.CreateDefaultDisplayNodes()
    proxy.GetDisplayNode().SetColorMap(_colours(max(map(_longest, grids), default=0.0)))


def _longest(grid: vtk.vtkImageData) -> float:
    """Return the length in mm of the longest displacement."""
    vectors = vtk_to_numpy(grid.GetPointData().GetScalars())
    return float(np.sqrt(np.einsum("nc,nc->n", vectors, vectors).max()))


def _colours(longest: float) -> vtk.vtkColorTransferFunction:
    colours = vtk.vtkColorTransferFunction()
    for share, colour in COLOURS:
        colours.AddRGBPoint(share * max(longest, SMALLEST), *colour)
    return colours


def show_jacobian(frames: slicer.vtkMRMLSequenceNode | None, *, shown: bool) -> None:
    """Lay the Jacobian determinants of the field from the first phase over the slice views, or take them away."""
    proxy = proxy_of(companion(frames, Companion.JACOBIAN_FIRST_TO_T))
    if proxy is None or slicer.app.layoutManager() is None:
        return
    if frames.GetScene().GetNodeByID(COLD_TO_HOT) is not None:
        proxy.GetDisplayNode().SetAndObserveColorNodeID(COLD_TO_HOT)
    slicer.util.setSliceViewerLayers(foreground=proxy if shown else None, foregroundOpacity=0.5 if shown else 0.0)


def folds_of(frames: slicer.vtkMRMLSequenceNode | None) -> Folds | None:
    """Return where the field from the first phase folds, None where no Jacobian determinants were made."""
    jacobians = companion(frames, Companion.JACOBIAN_FIRST_TO_T)
    if jacobians is None:
        return None
    arrays = [slicer.util.arrayFromVolume(item) for item in items_of(jacobians)]
    shares = [float((array <= 0).mean()) for array in arrays]
    worst = max(range(len(shares)), key=shares.__getitem__)
    return Folds(min(float(array.min()) for array in arrays), shares[worst], worst)
