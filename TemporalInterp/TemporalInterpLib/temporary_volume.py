"""Volumes that the panel shows for a while: they look like the items of a sequence, and are not saved."""

from __future__ import annotations

import numpy as np
import slicer

from TemporalInterpLib.result_marks import ORIGIN_ROLE
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import SourceView, put_under_same_parent, show_like
from TemporalInterpLib.volume_conversion import copy_meaning, copy_place, set_voxels


def add_temporary_volume(sequence: slicer.vtkMRMLSequenceNode) -> slicer.vtkMRMLScalarVolumeNode:
    """Add a volume that is not saved with the scene: the panel makes it again."""
    node = sequence.GetScene().AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    node.SetSaveWithScene(False)
    return node


def temporary_volumes(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLScalarVolumeNode]:
    """Return the volumes of a scene that the panel shows for a while."""
    volumes = nodes_of(scene, "vtkMRMLScalarVolumeNode")
    return [node for node in volumes if not node.GetSaveWithScene() and node.GetNodeReference(ORIGIN_ROLE) is not None]


def imitate(node: slicer.vtkMRMLScalarVolumeNode, sequence: slicer.vtkMRMLSequenceNode, number: int) -> None:
    """Give a volume the voxels, place, meaning, display and parent transform of an item of a sequence."""
    item, view = sequence.GetNthDataNode(number), SourceView.of(sequence)
    set_voxels(node, slicer.util.arrayFromVolume(item), item.GetImageData().GetScalarType())
    copy_place(node, item)
    copy_meaning(node, item)
    put_under_same_parent(node, view)
    node.SetNodeReferenceID(ORIGIN_ROLE, sequence.GetID())
    show_like(node, view)
    node.GetDisplayNode().SetSaveWithScene(False)


def refill(node: slicer.vtkMRMLScalarVolumeNode, array: np.ndarray) -> None:
    """Give a volume other voxels, (K, J, I), of the same size and scalar type."""
    slicer.util.arrayFromVolume(node)[:] = array
    slicer.util.arrayFromVolumeModified(node)


def is_in_scene(node: slicer.vtkMRMLNode | None) -> bool:
    """Tell whether a node is there; the user may delete it."""
    return node is not None and node.GetScene() is not None
