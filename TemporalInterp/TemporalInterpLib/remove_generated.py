"""Removes the synthetic items of a sequence, and the fields that were made with them."""

from __future__ import annotations

import slicer

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.companions import companions_of
from TemporalInterpLib.result_marks import COLORS_KEY
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import browsers_kept, browsers_of
from TemporalInterpLib.sequence_conversion import index_values_of, synthetic_items_of

TRANSFORM_COLORS = "Displacement to color"
"""What the names begin with of the colours that Slicer makes for every transform that it draws."""


def remove_generated_frames(sequence_node: slicer.vtkMRMLSequenceNode) -> int:
    """Remove the synthetic items of a sequence, and the companion sequences made with them.

    It goes by the marks on the items and companions, so it also works after saving and loading. Everything without a
    mark stays. Browsers stay at their index value, or select the nearest remaining item.

    Returns:
        the number of removed items; 0, and nothing changes, if none is synthetic.

    Raises:
        InvalidInputError: every item is synthetic, or the index is not numeric, finite and rising; nothing changes.
    """
    index_values_of(sequence_node)
    generated = synthetic_items_of(sequence_node)
    if len(generated) == sequence_node.GetNumberOfDataNodes():
        raise InvalidInputError(
            f"Every item of sequence '{sequence_node.GetName()}' is synthetic; delete the whole sequence instead."
        )
    if not generated:
        return 0
    with browsers_kept(sequence_node), slicer.util.NodeModify(sequence_node):
        for text in [sequence_node.GetNthIndexValue(n) for n in generated]:
            sequence_node.RemoveDataNodeAtValue(text)
    for companion in companions_of(sequence_node, nodes_of(sequence_node.GetScene(), "vtkMRMLSequenceNode")):
        remove_browsed_sequence(companion)
    return len(generated)


def remove_browsed_sequence(sequence_node: slicer.vtkMRMLSequenceNode) -> None:
    """Remove a sequence from its browsers and the scene, with its proxies and their nodes."""
    scene = sequence_node.GetScene()
    for browser in browsers_of(sequence_node):
        proxy = browser.GetProxyNode(sequence_node)
        playing = browser.GetPlaybackActive()
        with slicer.util.NodeModify(browser):
            browser.RemoveSynchronizedSequenceNode(sequence_node.GetID())  # this also stops playback
            browser.SetPlaybackActive(playing)
        if proxy is not None:
            remove_with_belongings(proxy, scene)
    remove_with_belongings(sequence_node, scene)


def remove_with_belongings(node: slicer.vtkMRMLNode, scene: slicer.vtkMRMLScene) -> None:
    """Remove a node from the scene, with what the scene would keep: its storage, its displays and their colours."""
    belongings = []
    if node.IsA("vtkMRMLStorableNode"):
        belongings += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    displays = []
    if node.IsA("vtkMRMLDisplayableNode"):
        displays = [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    colors = {display.GetColorNode() for display in displays if display is not None}
    scene.RemoveNode(node)
    for belonging in (*belongings, *displays):
        if belonging is not None and belonging.GetScene() is not None:  # the application may have removed it already
            scene.RemoveNode(belonging)
    for color in colors:
        if color is not None and color.GetScene() is not None and _is_left_over(color):
            remove_with_belongings(color, scene)


def _is_left_over(color: slicer.vtkMRMLColorNode) -> bool:
    """Tell whether colours were made for what was drawn in them, and nothing is drawn in them any more."""
    of_transform = color.IsA("vtkMRMLProceduralColorNode") and (color.GetName() or "").startswith(TRANSFORM_COLORS)
    if not (color.GetAttribute(COLORS_KEY) or of_transform):
        return False
    return all(display.GetColorNode() is not color for display in nodes_of(color.GetScene(), "vtkMRMLDisplayNode"))
