"""The names of synthetic items: Slicer forgets them as it saves a sequence, the marks stay."""

from __future__ import annotations

import slicer

from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.result_marks import ORIGIN_ROLE
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_conversion import synthetic_items_of
from TemporalInterpLib.short_time import short_time

FIRST_WORD = "SYNTHETIC"

BASE_NAME = "Sequences.BaseName"
"""Attribute in which Slicer keeps the name of an item, of which it makes that of the node that shows it."""


def synthetic_name(value: float, unit: str, source: str) -> str:
    """Return the name of a synthetic item.

    Args:
        value: its index value.
        unit: of the index.
        source: name of the sequence that it was made from.

    Example:
        >>> synthetic_name(116.5, "ms", "cine")
        'SYNTHETIC 116.5 ms of cine'
    """
    return f"{FIRST_WORD} {short_time(value, unit)} of {source}"


def name_synthetic_items(scene: slicer.vtkMRMLScene) -> None:
    """Give synthetic frames of all sequences their names again, after a scene was loaded."""
    for sequence in nodes_of(scene, "vtkMRMLSequenceNode"):
        if sequence.GetAttribute(SHOWS_KEY) or not _has_volumes(sequence):
            continue
        source = sequence.GetNodeReference(ORIGIN_ROLE) or sequence
        for number in synthetic_items_of(sequence):
            item = sequence.GetNthDataNode(number)
            if FIRST_WORD in (item.GetName() or ""):
                continue
            try:
                value = float(sequence.GetNthIndexValue(number))
            except ValueError:  # an index of words
                continue
            name = synthetic_name(value, sequence.GetIndexUnit() or "", source.GetName())
            item.SetName(name)
            item.SetAttribute(BASE_NAME, name)


def _has_volumes(sequence: slicer.vtkMRMLSequenceNode) -> bool:
    return sequence.GetNumberOfDataNodes() > 0 and sequence.GetNthDataNode(0).IsA("vtkMRMLScalarVolumeNode")
