"""Which instant a volume shows, and whether it was acquired: in few words, for a mark in the slice views."""

from __future__ import annotations

from dataclasses import dataclass

import slicer

from temporal_interp.data.provenance import PREFIX, SYNTHETIC_SLICES_KEY
from TemporalInterpLib.sequence_conversion import is_synthetic_node, synthetic_items_of
from TemporalInterpLib.short_time import short_time

INSTANT_KEY = PREFIX + "Instant"
"""Attribute of a volume of ours that no browser shows, such as the preview: the instant it shows, "116 ms"."""

SHOWS_KEY = PREFIX + "Shows"
"""Attribute of a sequence whose items are not frames: what they are, such as "error"."""


@dataclass(frozen=True)
class Mark:
    """What is said of a volume.

    Attributes:
        text: such as "SYNTHETIC 116 ms" or "acquired 99 ms".
        acquired: whether it shows a frame as it was acquired.
    """

    text: str
    acquired: bool


def mark_of(volume: slicer.vtkMRMLVolumeNode | None) -> Mark | None:
    """Return what is said of a volume in the slice views; None for a volume that has nothing synthetic about it.

    That is the preview, the current item of a sequence that has synthetic items or was made by this module, and every
    volume that says of itself that it is synthetic.
    """
    if volume is None or volume.GetScene() is None:
        return None
    synthetic = is_synthetic_node(volume)
    what = "SYNTHETIC" if synthetic else "acquired"
    instant = volume.GetAttribute(INSTANT_KEY)
    ours = synthetic or instant is not None
    if volume.GetAttribute(SYNTHETIC_SLICES_KEY):
        what, ours, synthetic = "SYNTHETIC slices", True, True
    if instant is None:
        sequence, instant = _browsed(volume)
        if sequence is not None:
            shows = sequence.GetAttribute(SHOWS_KEY)
            what, synthetic = (shows, True) if shows else (what, synthetic)
            ours = ours or bool(shows) or bool(synthetic_items_of(sequence))
    return Mark(f"{what} {instant}".strip(), not synthetic) if ours else None


def _browsed(volume: slicer.vtkMRMLVolumeNode) -> tuple[slicer.vtkMRMLSequenceNode | None, str]:
    """Return the sequence that a volume shows an item of, and the instant of that item; None and "" for no such."""
    browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(volume)
    sequence = browser.GetSequenceNode(volume) if browser is not None else None
    master = browser.GetMasterSequenceNode() if browser is not None else None
    if sequence is None or master is None or not 0 <= browser.GetSelectedItemNumber() < master.GetNumberOfDataNodes():
        return sequence, ""
    value = master.GetNthIndexValue(browser.GetSelectedItemNumber())
    # a sequence with fewer items than the master shows the one before
    value = sequence.GetNthIndexValue(sequence.GetItemNumberFromIndexValue(value, False)) or value
    try:
        return sequence, short_time(float(value), sequence.GetIndexUnit() or "")
    except ValueError:
        return sequence, value
