"""Adds nodes to a scene, either all or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import slicer


@contextmanager
def scene_transaction(scene: slicer.vtkMRMLScene) -> Iterator[None]:
    """Add nodes in one batch; if the block raises, remove every node that was added to the scene.

    Only additions are undone, so the block must not change existing nodes.
    """
    before = {node.GetID() for node in nodes_of(scene)}
    scene.StartState(scene.BatchProcessState)
    try:
        yield
    except BaseException:
        _remove_all_but(scene, before)
        raise
    finally:
        scene.EndState(scene.BatchProcessState)


def nodes_of(scene: slicer.vtkMRMLScene | None, class_name: str = "vtkMRMLNode") -> list[slicer.vtkMRMLNode]:
    """Return the nodes of a scene that are of a class or derived from it; none where there is no scene."""
    if scene is None:
        return []
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    return [node for node in nodes if node.IsA(class_name)]


def _remove_all_but(scene: slicer.vtkMRMLScene, kept_ids: set[str]) -> None:
    added = [node for node in nodes_of(scene) if node.GetID() not in kept_ids]
    # a browser makes itself a new proxy as soon as it loses one, so browsers go first
    added.sort(key=lambda node: not node.IsA("vtkMRMLSequenceBrowserNode"))
    for node in added:
        scene.RemoveNode(node)
