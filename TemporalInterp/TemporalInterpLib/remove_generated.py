"""Removes the synthetic items of a sequence, and the fields that were made with them."""

from __future__ import annotations

import slicer

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.companions import companions_of
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import browsers_kept, browsers_of
from TemporalInterpLib.sequence_conversion import index_values_of, synthetic_items_of

PARTLY_SYNTHETIC = ", partly SYNTHETIC"
"""Ends the name of the volume that shows acquired and synthetic frames."""


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
    for browser in browsers_of(sequence_node):
        _restore_name(browser.GetProxyNode(sequence_node))
    for companion in companions_of(sequence_node, nodes_of(sequence_node.GetScene(), "vtkMRMLSequenceNode")):
        remove_browsed_sequence(companion)
    return len(generated)


def _restore_name(proxy: slicer.vtkMRMLNode | None) -> None:
    """Let a volume no longer call itself synthetic that shows acquired frames alone."""
    if proxy is not None and proxy.GetName().endswith(PARTLY_SYNTHETIC):
        proxy.SetName(proxy.GetName().removesuffix(PARTLY_SYNTHETIC))


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
    """Remove a node from the scene, with its storage and display nodes, which the scene would keep."""
    belongings = []
    if node.IsA("vtkMRMLStorableNode"):
        belongings += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    if node.IsA("vtkMRMLDisplayableNode"):
        belongings += [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    scene.RemoveNode(node)
    for belonging in belongings:
        if belonging is not None and belonging.GetScene() is not None:  # the application may have removed it already
            scene.RemoveNode(belonging)
