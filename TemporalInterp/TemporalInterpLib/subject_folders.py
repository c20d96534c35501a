"""Folders of the subject hierarchy that lose their last node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import slicer
import vtk

from TemporalInterpLib.scene_transaction import nodes_of


@contextmanager
def empty_folders_removed(scene: slicer.vtkMRMLScene, nodes: Iterable[slicer.vtkMRMLNode]) -> Iterator[None]:
    """Let nodes be removed from a scene; their folders of the subject hierarchy go as well where they become empty."""
    hierarchy = next(iter(nodes_of(scene, "vtkMRMLSubjectHierarchyNode")), None)
    if hierarchy is None:
        yield
        return
    found = {hierarchy.GetItemByDataNode(node) for node in nodes}
    items = found - {slicer.vtkMRMLSubjectHierarchyNode.GetInvalidItemID()}
    folders = {hierarchy.GetItemParent(item) for item in items}
    yield
    for folder in folders:
        for item in _children(hierarchy, folder):
            if item in items:  # Slicer itself has removed it already, a scene without its application has not
                hierarchy.RemoveItem(item, False, False)
        if hierarchy.GetItemLevel(folder) == _folder_level() and not _children(hierarchy, folder):
            hierarchy.RemoveItem(folder, False, False)


def _children(hierarchy: slicer.vtkMRMLSubjectHierarchyNode, item: int) -> list[int]:
    ids = vtk.vtkIdList()
    hierarchy.GetItemChildren(item, ids)
    return [ids.GetId(number) for number in range(ids.GetNumberOfIds())]


def _folder_level() -> str:
    return slicer.vtkMRMLSubjectHierarchyConstants.GetSubjectHierarchyLevelFolder()
