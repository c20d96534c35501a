"""Plays a result as a loop, at the speed of the heart or the breath that it shows."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

import slicer

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.sequence_browser import browsers_of
from TemporalInterpLib.sequence_conversion import index_values_of, period_of

SECONDS_IN = {"ms": 1e-3, "s": 1.0, "%": 1e-2}
"""Seconds that a unit of the index lasts: a cycle of 100 % is played in a second."""

CYCLE_S = 1.0
"""Seconds for a sequence whose index is no time, such as frame numbers (our choice)."""


def natural_rate(sequence: slicer.vtkMRMLSequenceNode) -> float:
    """Return the frames per second at which a sequence is played as fast as what it shows.

    Its items last for its period; where it has none, for the time from the first to the last and one usual step.

    Raises:
        InvalidInputError: the index is not numeric, finite and rising.
    """
    values = index_values_of(sequence)
    second = SECONDS_IN.get((sequence.GetIndexUnit() or "").strip().lower())
    if second is None or len(values) < 2:
        return len(values) / CYCLE_S
    steps = [later - earlier for earlier, later in pairwise(values)]
    lasts = period_of(sequence) or values[-1] - values[0] + median(steps)
    return len(values) / (lasts * second)


def set_natural_speed(browser: slicer.vtkMRMLSequenceBrowserNode) -> None:
    """Let a browser play its master as a loop at its natural speed, leaving out frames where the computer is slow."""
    try:
        rate = natural_rate(browser.GetMasterSequenceNode())
    except InvalidInputError:  # no times to go by
        return
    with slicer.util.NodeModify(browser):
        browser.SetPlaybackRateFps(rate)
        browser.SetPlaybackItemSkippingEnabled(True)
        browser.SetPlaybackLooped(True)


def players_of(sequence: slicer.vtkMRMLSequenceNode | None) -> list[slicer.vtkMRMLSequenceBrowserNode]:
    """Return the browsers whose master is a sequence; none of one that is not in a scene."""
    if sequence is None or sequence.GetScene() is None:
        return []
    return [browser for browser in browsers_of(sequence) if browser.GetMasterSequenceNode() is sequence]


def play(sequence: slicer.vtkMRMLSequenceNode | None, playing: bool = True) -> None:
    """Play a sequence, or stop it."""
    for browser in players_of(sequence):
        browser.SetPlaybackActive(playing)


def is_playing(sequence: slicer.vtkMRMLSequenceNode | None) -> bool:
    """Tell whether a sequence plays."""
    return any(browser.GetPlaybackActive() for browser in players_of(sequence))


def go_to(sequence: slicer.vtkMRMLSequenceNode, number: int) -> None:
    """Stop at an item of a sequence."""
    play(sequence, False)
    for browser in players_of(sequence):
        browser.SetSelectedItemNumber(number)
