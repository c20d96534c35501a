"""Nodes whose changes somebody follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import slicer
import vtk


class FollowedNodes:
    """Calls a function when one of some nodes has changed.

    Args:
        changed: called without arguments.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._tags: dict[slicer.vtkMRMLNode, int] = {}

    def follow(self, nodes: Iterable[slicer.vtkMRMLNode | None]) -> None:
        """Follow these nodes from now on, and no others."""
        wanted = {node for node in nodes if node is not None}
        for node in set(self._tags) - wanted:
            node.RemoveObserver(self._tags.pop(node))
        for node in wanted - set(self._tags):
            self._tags[node] = node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._hear)

    def _hear(self, *_event: object) -> None:
        self._changed()
