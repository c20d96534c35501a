"""Which sequences of the scene can be interpolated."""

from __future__ import annotations

from collections.abc import Collection

import slicer

from TemporalInterpLib.companions import KIND_KEY
from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.layout import show_in_slice_views, volumes_in_slice_views
from TemporalInterpLib.parameter_node import TemporalInterpParameterNode
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_conversion import synthetic_items_of
from TemporalInterpLib.sequence_in_use import SequenceInUse


def volume_sequences(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLSequenceNode]:
    """Return the sequences of scalar volumes in a scene, without those of this module whose items are no frames."""
    return [
        node
        for node in nodes_of(scene, "vtkMRMLSequenceNode")
        if node.GetDataNodeClassName() == "vtkMRMLScalarVolumeNode"
        and not (node.GetAttribute(KIND_KEY) or node.GetAttribute(SHOWS_KEY))
    ]


def fitting_sequences(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLSequenceNode]:
    """Return the sequences of a scene that can be interpolated, acquired ones before results of this module."""
    usable = [node for node in volume_sequences(scene) if not SequenceInUse.read(node).refusal]
    return sorted(usable, key=lambda node: bool(synthetic_items_of(node)))


def take_first_fitting(
    parameters: TemporalInterpParameterNode, without: Collection[slicer.vtkMRMLSequenceNode] = ()
) -> None:
    """Choose the first sequence of the scene that can be interpolated, if any; show it where the views are empty.

    Args:
        parameters: where it is chosen.
        without: sequences that are not taken.
    """
    for node in fitting_sequences(parameters.parameterNode.GetScene()):
        if node not in without:
            parameters.sequence = node
            if (proxy := proxy_of(node)) is not None and not volumes_in_slice_views():
                show_in_slice_views(proxy, fit=True)
            return
