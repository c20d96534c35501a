"""The error to expect of an interpolated sequence: images beside it, drawn over the frames where they are uncertain.

The less an image is to be trusted, the more the overlay hides it; where it can be trusted, nothing is drawn.
"""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from temporal_interp.data.provenance import PREFIX
from temporal_interp.data.sequence import Sequence
from TemporalInterpLib.companions import FRAMES_ROLE, KIND_KEY, companion_of
from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.result_folder import put_beside
from TemporalInterpLib.result_marks import COLORS_KEY
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import SourceView, add_proxy, browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import add_item, new_sequence_like, set_attributes
from TemporalInterpLib.slice_views import views_of
from TemporalInterpLib.volume_conversion import copy_place, set_voxels

KIND = "error to expect"
"""Value of `KIND_KEY` of such a sequence."""

NAME = "Error to expect"

WORDS_KEY = PREFIX + "ErrorInWords"
"""Attribute of such a sequence: its mean, in words."""

CHOICE_KEY = PREFIX + "EngineChoice"
"""Attribute of an interpolated sequence: which engine a measurement chose, and why."""

TOP_KEY = PREFIX + "LargestError"
"""Attribute of such a sequence: the error that is drawn in full colour."""

LARGEST = 99.5
"""Percentile of the errors of the synthetic frames that is drawn in full colour (our choice)."""

COLOR = (1.0, 0.55, 0.0)
"""Orange, as synthetic frames are in the strip of frames."""

OPAQUE = 0.85
"""Opacity of the largest errors."""


def errors_node(
    frames: slicer.vtkMRMLSequenceNode, errors: Sequence, title: str, words: str
) -> slicer.vtkMRMLSequenceNode:
    """Return a sequence node of errors, outside the scene.

    Args:
        frames: the interpolated sequence, with an item at every time of the errors.
        errors: float32 images.
        title: of the interpolated sequence.
        words: the mean in words.
    """
    node = new_sequence_like(frames, f"{NAME} {title}")
    template = frames.GetNthDataNode(0)
    for time, volume, attributes in zip(errors.times, errors.volumes, errors.item_attributes, strict=True):
        item = add_item(node, slicer.vtkMRMLScalarVolumeNode(), node.GetName(), time)
        set_voxels(item, volume.array, vtk.VTK_FLOAT)
        copy_place(item, template)
        set_attributes(item, attributes)
    values = np.concatenate([volume.array[volume.array > 0] for volume in errors.volumes])
    node.SetAttribute(KIND_KEY, KIND)
    node.SetAttribute(SHOWS_KEY, NAME)
    node.SetAttribute(WORDS_KEY, words)
    node.SetAttribute(TOP_KEY, f"{np.percentile(values, LARGEST) if values.size else 1.0:.6g}")
    return node


def add_errors(node: slicer.vtkMRMLSequenceNode, frames: slicer.vtkMRMLSequenceNode) -> None:
    """Add a sequence of errors to the scene, beside its frames and in their browser; call it inside a transaction."""
    scene = frames.GetScene()
    node.SetName(scene.GenerateUniqueName(node.GetName()))
    scene.AddNode(node)
    node.SetNodeReferenceID(FRAMES_ROLE, frames.GetID())
    proxy = add_proxy(node, node.GetName(), SourceView.of(frames), scene)
    _draw_in_colour(proxy, float(node.GetAttribute(TOP_KEY)))
    for browser in browsers_of(frames)[:1]:
        with slicer.util.NodeModify(browser):
            browser.AddSynchronizedSequenceNodeID(node.GetID())
            browser.AddProxyNode(proxy, node, False)
    put_beside([node, proxy], frames)


def errors_of(frames: slicer.vtkMRMLSequenceNode | None) -> slicer.vtkMRMLSequenceNode | None:
    """Return the errors of an interpolated sequence, None where it has none."""
    return companion_of(frames, KIND)


def told_of(frames: slicer.vtkMRMLSequenceNode | None) -> list[str]:
    """Return what is known of an interpolated sequence: the mean error in words, and how its engine was chosen."""
    if frames is None:
        return []
    errors = errors_of(frames)
    words = errors.GetAttribute(WORDS_KEY) if errors is not None else ""
    told = _("Error to expect: {words}.").format(words=words) if words else ""
    return [text for text in (told, frames.GetAttribute(CHOICE_KEY)) if text]


def show_errors(frames: slicer.vtkMRMLSequenceNode, *, shown: bool) -> None:
    """Draw the errors over the frames in the slice views that show these, or draw them no more."""
    errors = errors_of(frames)
    proxy, images = (proxy_of(node) if node is not None else None for node in (errors, frames))
    if proxy is None or images is None:
        return
    for view in views_of(frames.GetScene()):
        here = view.GetBackgroundVolumeID() == images.GetID()
        if shown and here:
            view.SetForegroundVolumeID(proxy.GetID())
            view.SetForegroundOpacity(1.0)
        elif view.GetForegroundVolumeID() == proxy.GetID():
            view.SetForegroundVolumeID(None)
            view.SetForegroundOpacity(0.0)


def _draw_in_colour(proxy: slicer.vtkMRMLScalarVolumeNode, top: float) -> None:
    proxy.CreateDefaultSequenceDisplayNodes()
    display = proxy.GetDisplayNode()
    with slicer.util.NodeModify(display):
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, top)
        display.SetAndObserveColorNodeID(_colours(proxy.GetScene()).GetID())


def _colours(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLColorTableNode:
    """Return the colours of all such images: transparent for small errors, orange for large ones."""
    for node in nodes_of(scene, "vtkMRMLColorTableNode"):
        if node.GetAttribute(COLORS_KEY) == KIND:
            return node
    table = scene.AddNewNodeByClass("vtkMRMLColorTableNode", "Error colours")
    table.SetAttribute(COLORS_KEY, KIND)
    table.SetTypeToUser()
    table.SetNumberOfColors(256)
    for number in range(256):
        table.SetColor(number, f"{number / 255:.0%} of the largest", *COLOR, OPAQUE * number / 255)
    return table
