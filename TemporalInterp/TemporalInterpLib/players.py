"""The players of what the module has made."""

from __future__ import annotations

from typing import Any

import slicer

from TemporalInterpLib.sequence_browser import browsers_of


def show_players(sequence_node: slicer.vtkMRMLSequenceNode | None, *players: Any) -> None:
    """Let players play what shows a sequence; they are hidden where there is none, or nothing that shows it."""
    browser = next(iter(browsers_of(sequence_node)), None) if sequence_node is not None else None
    for player in players:
        player.setMRMLSequenceBrowserNode(browser)
        player.visible = browser is not None
