"""What a result is called, and the folder that holds its nodes.

A result is several nodes: sequences, the nodes that show them, a browser, tables. Their names begin with what differs,
since selectors and slice views cut long names, and they lie together in one folder of the subject hierarchy.
"""

from __future__ import annotations

from collections.abc import Iterable

import slicer
import vtk

from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.scene_transaction import nodes_of

TITLE_KEY = PREFIX + "Title"
"""Attribute of the main node of a result: with what the names of its nodes end, such as "x4 of cine"."""

FOLDER_KEY = PREFIX + "Result"
"""Attribute of a folder in the subject hierarchy that holds a result; its value is the kind of result."""


def free_title(scene: slicer.vtkMRMLScene, kind: str, details: str, source: str) -> str:
    """Return a title for a result whose name no node of the scene has yet.

    Args:
        scene: that the result will be in.
        kind: of the result; its name is the kind and the title.
        details: what tells it from other results of the kind, as short as possible; "" for nothing.
        source: name of what it is made from.

    Returns:
        such as "x4 of cine", or "x4 (2) of cine" for the second one.
    """
    taken = {node.GetName() for node in nodes_of(scene)}
    number = 1
    while True:
        counted = f"{details} ({number})" if number > 1 else details
        title = f"{counted} of {source}".strip()
        if f"{kind} {title}" not in taken:
            return title
        number += 1


def title_of(node: slicer.vtkMRMLNode) -> str:
    """Return the title of a result by its main node, for more nodes that belong to it; also in scenes of old."""
    return node.GetAttribute(TITLE_KEY) or f"of {node.GetName()}"


def put_in_folder(name: str, kind: str, nodes: Iterable[slicer.vtkMRMLNode], scene: slicer.vtkMRMLScene) -> int:
    """Put nodes of the scene into a new folder of the subject hierarchy; return its item.

    Args:
        name: of the folder, usually that of the main node.
        kind: of the result, kept in an attribute of the folder.
        nodes: all that belong to the result.
        scene: that they are in.
    """
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), name)
    hierarchy.SetItemAttribute(folder, FOLDER_KEY, kind)
    for node in nodes:
        hierarchy.CreateItem(folder, node)  # moves the item of a node that has one
    return folder


def put_beside(nodes: Iterable[slicer.vtkMRMLNode], main: slicer.vtkMRMLNode) -> None:
    """Put nodes into the folder of a result that is there already, by its main node; nothing where it has none."""
    folder = folder_of(main)
    if folder is not None:
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(main.GetScene())
        for node in nodes:
            hierarchy.CreateItem(folder, node)


def folder_of(node: slicer.vtkMRMLNode) -> int | None:
    """Return the item of the folder of the result that a node belongs to; None where it is in none."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = hierarchy.GetItemByDataNode(node)
    while item and item != hierarchy.GetSceneItemID():
        if hierarchy.GetItemAttribute(item, FOLDER_KEY):
            return item
        item = hierarchy.GetItemParent(item)
    return None


def folders_in(scene: slicer.vtkMRMLScene) -> list[int]:
    """Return the items of the folders of all results in the scene, in their order."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    items = _children(hierarchy, hierarchy.GetSceneItemID())
    return [item for item in items if hierarchy.GetItemAttribute(item, FOLDER_KEY)]


def nodes_in(folder: int, scene: slicer.vtkMRMLScene) -> list[slicer.vtkMRMLNode]:
    """Return the nodes that a folder holds."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    nodes = [hierarchy.GetItemDataNode(item) for item in _children(hierarchy, folder)]
    return [node for node in nodes if node is not None and node.GetScene() is scene]


def leave_hierarchy(nodes: Iterable[slicer.vtkMRMLNode]) -> None:
    """Remove the items of nodes that are about to be removed, which otherwise only Slicer's plug-ins would do."""
    nodes = list(nodes)
    for hierarchy in nodes_of(nodes[0].GetScene() if nodes else None, "vtkMRMLSubjectHierarchyNode"):
        for node in nodes:
            item = hierarchy.GetItemByDataNode(node)
            if item != hierarchy.GetInvalidItemID():
                hierarchy.RemoveItem(item, False, False)


def remove_empty_folders(scene: slicer.vtkMRMLScene) -> None:
    """Remove the folders of results whose nodes are all gone."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for folder in folders_in(scene):
        if not nodes_in(folder, scene):
            hierarchy.RemoveItem(folder)


def _children(hierarchy: slicer.vtkMRMLSubjectHierarchyNode, item: int) -> list[int]:
    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(item, found, True)
    return [found.GetId(n) for n in range(found.GetNumberOfIds())]
