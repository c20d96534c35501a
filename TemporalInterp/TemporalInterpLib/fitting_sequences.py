"""Which sequences of the scene can be interpolated."""

from __future__ import annotations

import slicer

from TemporalInterpLib.companions import KIND_KEY
from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.scene_transaction import nodes_of
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
