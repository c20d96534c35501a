"""Markups that follow the tissue: they are put under the transform of a tracked motion.

Markups were placed in the reference phase. There the motion is zero, so putting them under its transform moves nothing;
in every other phase the transform carries them to the place of their tissue.
"""

from __future__ import annotations

import numpy as np
import slicer

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.motion_transforms import is_motion
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.transform_conversion import transform_between, transformed_points


def follows(markups: slicer.vtkMRMLMarkupsNode, motion: slicer.vtkMRMLSequenceNode) -> bool:
    """Tell whether markups follow a tracked motion."""
    parent = markups.GetParentTransformNode()
    return parent is not None and parent is proxy_of(motion)


def let_follow(markups: slicer.vtkMRMLMarkupsNode, motion: slicer.vtkMRMLSequenceNode) -> None:
    """Let markups that were placed in the reference phase follow a tracked motion from now on.

    Raises:
        InvalidInputError: there are no markups, they have no points, or no browser shows the motion.
    """
    proxy = proxy_of(motion)
    if proxy is None:
        raise InvalidInputError(f"No sequence browser shows '{motion.GetName()}'; track the motion again.")
    if markups is None or markups.GetNumberOfDefinedControlPoints() == 0:
        raise InvalidInputError("There are no points to follow; place some while the reference phase is shown.")
    _put_under(markups, proxy.GetParentTransformNode())
    markups.SetAndObserveTransformNodeID(proxy.GetID())


def let_go(markups: slicer.vtkMRMLTransformableNode) -> None:
    """Stop following a tracked motion: the node returns to its place in the reference phase."""
    markups.SetAndObserveTransformNodeID(_id(place_of(markups)))


def followers_of(motion: slicer.vtkMRMLSequenceNode) -> list[slicer.vtkMRMLTransformableNode]:
    """Return the nodes that follow a tracked motion."""
    proxy = proxy_of(motion)
    if proxy is None:
        return []
    nodes = nodes_of(motion.GetScene(), "vtkMRMLTransformableNode")
    return [node for node in nodes if node.GetParentTransformNode() is proxy]


def place_of(node: slicer.vtkMRMLTransformableNode) -> slicer.vtkMRMLTransformNode | None:
    """Return the transform node in whose coordinates a node lies in the reference phase; None is the world."""
    parent = node.GetParentTransformNode()
    while is_motion(parent):
        parent = parent.GetParentTransformNode()
    return parent


def in_image(
    points: np.ndarray, node: slicer.vtkMRMLTransformableNode, motion: slicer.vtkMRMLSequenceNode
) -> np.ndarray:
    """Return points of a node, (P, 3) in RAS, in the coordinates of the images, in the reference phase."""
    proxy = proxy_of(motion)
    image = proxy.GetParentTransformNode() if proxy is not None else None
    return transformed_points(points, transform_between(place_of(node), image))


def _put_under(markups: slicer.vtkMRMLMarkupsNode, parent: slicer.vtkMRMLTransformNode | None) -> None:
    """Put markups under another parent, without moving them in the reference phase."""
    before = place_of(markups)
    if before is not parent:
        markups.ApplyTransform(transform_between(before, parent))
    markups.SetAndObserveTransformNodeID(_id(parent))


def _id(node: slicer.vtkMRMLNode | None) -> str | None:
    return node.GetID() if node is not None else None
