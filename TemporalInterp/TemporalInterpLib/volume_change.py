"""A map of how tissue shrinks and grows, in per cent, over the frames of an interpolated sequence.

The engine's determinants say how much of the first phase a voxel of the shown frame takes: where it is 2, tissue has
shrunk to a half since. The map says it the other way round, as people think: -50 %. It is a picture, drawn where there
is tissue, of what the tissue around a voxel does as a whole: an estimated field is known no finer. The determinants
themselves stay as they are, voxel by voxel, in the sequence 'Jacobian ...', and folds are drawn from those.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import slicer
import vtk

from temporal_interp.errors import Progress
from TemporalInterpLib.background import Steps, in_background, share_of
from TemporalInterpLib.companions import FRAMES_ROLE, KIND_KEY, Companion, companion_of
from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.result_folder import put_beside, title_of
from TemporalInterpLib.result_marks import COLORS_KEY
from TemporalInterpLib.scene_transaction import nodes_of, scene_transaction
from TemporalInterpLib.sequence_browser import SourceView, add_proxy, browsers_of
from TemporalInterpLib.sequence_conversion import (
    add_item,
    attributes_of,
    items_of,
    new_sequence_like,
    set_attributes,
)
from TemporalInterpLib.tissue import mean_of_tissue, tissue_level, tissue_of
from TemporalInterpLib.volume_conversion import copy_place, set_voxels, volume_from_node

KIND = "volume change first to t"
"""Value of `KIND_KEY` of such a sequence."""

NAME = "Volume change"

WINDOW = 50.0
"""Per cent that the colours reach to, either way; larger changes are drawn like it."""

OUTSIDE = -1000.0
"""Value of voxels that show no tissue: transparent."""

SHRINKING, GROWING, FOLDED = (0.0, 0.27, 0.85), (0.85, 0.05, 0.05), (1.0, 0.0, 1.0)
"""Colours: blue, red, and a loud magenta that the image has nowhere else."""

NEUTRAL = 0.1
"""Share of the colours, either way, up to which nothing is drawn: changes of 5 % are seen in tissue at rest, too."""

GREY = (0.6, 0.6, 0.6)
"""Colour in the legend of changes that are not drawn."""

SMALLEST = 0.01
"""Determinants below are taken for this one: far beyond the colours, and never divided by zero."""

PALEST = 0.7
"""Share of white in the colour of the smallest change."""


def volume_change(jacobian: np.ndarray, tissue: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Return the change of volume in per cent since the first phase, (K, J, I) float32, for a map.

    Args:
        jacobian: determinants of the field from the shown frame to the first phase, (K, J, I).
        tissue: mask of the voxels that are drawn.
        spacing: of the voxels in mm, (x, y, z).

    Returns:
        that of the tissue around every voxel, from just above -WINDOW to just below WINDOW; WINDOW itself where the
        motion folds; OUTSIDE outside of tissue.

    Example:
        >>> half = np.full((1, 2, 3), 2.0)
        >>> volume_change(half, np.array([[[1, 1, 0], [1, 1, 0]]], bool), (1.5, 1.5, 8.0)).tolist()
        [[[-49.5, -49.5, -1000.0], [-49.5, -49.5, -1000.0]]]
    """
    limit = 0.99 * WINDOW
    around = mean_of_tissue(jacobian, tissue, spacing)
    change = np.clip(100 * (1 / np.maximum(around, SMALLEST) - 1), -limit, limit)
    change = np.where(jacobian <= 0, WINDOW, change)
    return np.where(tissue, change, OUTSIDE).astype(np.float32)


def volume_change_of(frames: slicer.vtkMRMLSequenceNode | None) -> slicer.vtkMRMLSequenceNode | None:
    """Return the map of an interpolated sequence, None where it has none yet."""
    return companion_of(frames, KIND)


def volume_change_steps(frames: slicer.vtkMRMLSequenceNode) -> Steps[slicer.vtkMRMLSequenceNode]:
    """Return the steps that add the map of an interpolated sequence to its browser.

    It must have Jacobian determinants; nothing is added before the last step.
    """
    jacobians = companion_of(frames, Companion.JACOBIAN_FIRST_TO_T.value)
    images = [slicer.util.arrayFromVolume(item) for item in items_of(frames)]
    maps = [slicer.util.arrayFromVolume(item) for item in items_of(jacobians)]
    first = volume_from_node(frames.GetNthDataNode(0))
    spacing = first.geometry.spacing
    drawing = in_background(lambda progress: _maps(images, tissue_level(first), maps, spacing, progress))
    drawn = yield from share_of(drawing, 0.0, 0.8)
    node = new_sequence_like(jacobians, f"{NAME} {title_of(frames)}")
    for number, (template, array) in enumerate(zip(items_of(jacobians), drawn, strict=True)):
        value = float(jacobians.GetNthIndexValue(number))
        item = add_item(node, slicer.vtkMRMLScalarVolumeNode(), node.GetName(), value)
        set_voxels(item, array, vtk.VTK_FLOAT)
        copy_place(item, template)
        set_attributes(item, attributes_of(template))
        yield 0.8 + 0.2 * number / len(drawn), "drawing the change of volume"
    with scene_transaction(frames.GetScene()):
        _add(node, frames)
    return node


def _maps(
    images: Iterable[np.ndarray],
    level: float,
    jacobians: list[np.ndarray],
    spacing: tuple[float, float, float],
    progress: Progress,
) -> list[np.ndarray]:
    drawn = []
    for number, (image, jacobian) in enumerate(zip(images, jacobians, strict=True)):
        progress(number / len(jacobians), "drawing the change of volume")
        drawn.append(volume_change(jacobian, tissue_of(image, level), spacing))
    return drawn


def _add(node: slicer.vtkMRMLSequenceNode, frames: slicer.vtkMRMLSequenceNode) -> None:
    scene = frames.GetScene()
    node.SetName(scene.GenerateUniqueName(node.GetName()))
    node.SetAttribute(KIND_KEY, KIND)
    node.SetAttribute(SHOWS_KEY, NAME)
    scene.AddNode(node)
    node.SetNodeReferenceID(FRAMES_ROLE, frames.GetID())
    proxy = add_proxy(node, node.GetName(), SourceView.of(frames), scene)
    _draw_in_colours(proxy)
    for browser in browsers_of(frames)[:1]:
        with slicer.util.NodeModify(browser):
            browser.AddSynchronizedSequenceNodeID(node.GetID())
            browser.AddProxyNode(proxy, node, False)
    put_beside([node, proxy], frames)


def _draw_in_colours(proxy: slicer.vtkMRMLScalarVolumeNode) -> None:
    proxy.CreateDefaultSequenceDisplayNodes()
    display = proxy.GetDisplayNode()
    with slicer.util.NodeModify(display):
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(-WINDOW, WINDOW)
        display.SetAutoThreshold(False)
        display.SetThreshold(-WINDOW, WINDOW)
        display.SetApplyThreshold(True)
        display.SetInterpolate(False)  # between tissue and OUTSIDE lie numbers that mean nothing
        display.SetAndObserveColorNodeID(_colours(proxy.GetScene()).GetID())


def _colours(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLColorTableNode:
    """Return the colours of all such maps: blue, transparent, red, and at the very end that of folds."""
    begin = f"from {NEUTRAL * WINDOW:g} %"
    for node in nodes_of(scene, "vtkMRMLColorTableNode"):
        if node.GetAttribute(COLORS_KEY) == begin:  # older scenes have others
            return node
    table = scene.AddNewNodeByClass("vtkMRMLColorTableNode", "Volume change colours")
    table.SetAttribute(COLORS_KEY, begin)
    table.SetTypeToUser()
    table.SetNumberOfColors(256)
    for number in range(255):
        share = (number - 127) / 127
        strength = max(abs(share) - NEUTRAL, 0.0) / (1 - NEUTRAL)
        colour = GROWING if share > 0 else SHRINKING
        # paler for the legend, and more transparent over the frames
        pale = [part + PALEST * (1 - strength) * (1 - part) for part in colour] if strength else GREY
        table.SetColor(number, f"{share * WINDOW:.0f} %", *pale, strength)
    table.SetColor(255, "fold", *FOLDED, 1.0)
    return table
