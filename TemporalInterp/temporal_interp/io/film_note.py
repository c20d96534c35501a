"""The line in a film that says which of its frames are synthetic, for people and for our reader of videos."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import temporal_interp

_LINE = re.compile(r"SYNTHETIC frames: (?P<numbers>none|\d[\d, -]{0,200000}) of (?P<count>\d{1,9})\b")


def film_note(synthetic: Sequence[bool]) -> str:
    """Return the line for a film, given for every frame of it whether it is synthetic.

    Example:
        >>> film_note([False, True, True, False]).partition(" (")[0]
        'SYNTHETIC frames: 1-2 of 4'
    """
    numbers = _ranges([number for number, made in enumerate(synthetic) if made])
    return (
        f"SYNTHETIC frames: {numbers or 'none'} of {len(synthetic)} (the first frame is 0). Synthetic frames were "
        f"computed, not acquired. Made by TemporalInterp {temporal_interp.__version__}."
    )


def synthetic_by_note(note: str, count: int) -> list[bool] | None:
    """Return for each of `count` frames whether it is synthetic; None where the note of a film does not say.

    Raises:
        ValueError: the note speaks of a film with another number of frames: it was cut or converted since.

    Example:
        >>> synthetic_by_note(film_note([False, True, False]), 3)
        [False, True, False]
        >>> synthetic_by_note("my holidays", 3)
    """
    line = _LINE.search(note)
    if line is None:
        return None
    if int(line["count"]) != count:
        raise ValueError(f"the note is on {line['count']} frames, the film has {count}")
    synthetic = [False] * count
    if line["numbers"] != "none":
        for part in line["numbers"].split(","):
            first, _, last = part.partition("-")
            for number in range(int(first), min(int(last or first), count - 1) + 1):
                synthetic[number] = True
    return synthetic


def _ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers as text, runs of them by their ends.

    >>> _ranges([0, 2, 3, 4, 9])
    '0, 2-4, 9'
    """
    runs = [
        [number for _, number in run]
        for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
