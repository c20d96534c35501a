"""Index values of frames from a step and a start in a header."""

from __future__ import annotations

import math
from collections import abc
from typing import NamedTuple

import numpy as np


class Index(NamedTuple):
    """What a header says of the frames: their index values, its name and unit, and notes.

    Attributes:
        values: one a frame.
        name: of the index.
        unit: of the values, "" where there is none.
        notes: for the user.
    """

    values: list[float]
    name: str
    unit: str
    notes: list[str]

    @property
    def has_times(self) -> bool:
        """Whether the header gives times, so that frames did not have to be numbered."""
        return self.name != "frame"


def numbered(count: int, *notes: str) -> Index:
    """Return the index of frames of which nothing is known but their order."""
    return Index(list(map(float, range(count))), "frame", "", list(notes))


def regular(count: int, start: float, step: float, unit: str) -> Index:
    """Return the index of frames at regular times.

    A step of 1 without a unit is what programs write that know of no times; such frames are numbered.

    Args:
        count: number of frames.
        start: time of the first; 0 is taken where it is not finite.
        step: from frame to frame.
        unit: of both, "" where the header does not say.
    """
    if count == 1:
        return numbered(1)
    if not 0 < step < math.inf:
        return numbered(count, f"The header gives no time step ({step:g}); frames are numbered.")
    start = start if math.isfinite(start) else 0.0
    if not unit and (start, step) == (0, 1):
        return numbered(count, "The header gives no times but a step of 1 without a unit; frames are numbered.")
    values = [round(start + number * step, 9) for number in range(count)]
    note = f"The header gives a time step of {step:g}, but not its unit; times have no unit."
    return Index(values, "time", unit, [] if unit else [note])


def shortest(value: float) -> float:
    """Return the shortest decimal number that is the same in float32: 33.3, not 33.29999923706055."""
    return float(str(np.float32(value)))


def rising(values: abc.Sequence[float]) -> bool:
    """Tell whether values are finite and each is larger than the one before."""
    return bool(np.isfinite(values).all() and (np.diff(values) > 0).all())
