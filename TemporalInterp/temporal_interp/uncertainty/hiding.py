"""Which acquired frames are hidden to learn how large errors are: over gaps like those filled, and longer ones.

A gap between neighbouring frames hides none. There, gaps twice and four times as long are made, by keeping every
second and every fourth frame. A gap over frames that the engine does not see, such as one from end diastole to end
systole, is imitated elsewhere in the sequence, at its own length and at twice that where there are frames.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from temporal_interp.data.sequence import Gap, Sequence

WINDOWS = 4
"""Long gaps of one length that are imitated at most; each is a fit of its own."""

LONGEST_SHARE = 0.5
"""Longer gaps than this share of the period of a loop say less the longer they are: the loop closes."""


@dataclass(frozen=True)
class Hidden:
    """Frames of a sequence that are hidden together, and those of them that are predicted and compared, by number."""

    hidden: tuple[int, ...]
    compared: tuple[int, ...]


Level = tuple[Hidden, ...]
"""What is hidden to make gaps of about one length."""


def levels(sequence: Sequence, gap: Gap | None = None) -> list[Level]:
    """Return what to hide, for gaps of about one length after another: at most two levels, none in a short sequence.

    Args:
        sequence: the frames that the engine sees.
        gap: the one that is filled; None where all of them are.

    Example:
        >>> cine = Sequence.from_numpy(np.random.rand(6, 1, 4, 4))
        >>> [[one.hidden for one in level] for level in levels(cine)]
        [[(1, 3, 5), (0, 2, 4)], [(1, 2, 3, 5), (0, 2, 3, 4)]]
    """
    steps = 1 if gap is None else _steps(sequence, gap)
    if gap is None or steps == 1:
        found = [_thinned(sequence, keep) for keep in (2, 4)]
    else:
        shorter, longer = _window_lengths(sequence, gap, steps)
        found = [_windows(sequence, gap, length) for length in (shorter, longer)]
    return [level for level in found if level]


def _steps(sequence: Sequence, gap: Gap) -> int:
    """Return how many usual gaps of a sequence a gap spans."""
    others = [other.length for other in sequence.gaps if other.number != gap.number]
    return max(1, round(gap.length / float(np.median(others)))) if others else 1


def _thinned(sequence: Sequence, step: int) -> Level:
    """Keep every `step`-th frame, from each of the first on, and compare the frames in the middle of the gaps."""
    count, period = len(sequence), sequence.period
    made = []
    for offset in range(step):
        kept = range(offset, count, step)
        if len(kept) < 2:
            continue
        spans = [sequence.times[b] - sequence.times[a] for a, b in itertools.pairwise(kept)]
        if period is not None and step > 2 and max(spans) > LONGEST_SHARE * period:
            continue
        hidden = tuple(number for number in range(count) if number not in kept)
        made.append(Hidden(hidden, tuple(a + step // 2 for a in kept[:-1])))
    return tuple(made)


def _window_lengths(sequence: Sequence, gap: Gap, steps: int) -> tuple[int, int]:
    """Return the number of usual gaps that both levels span: of the gap at hand and twice that, or what there is."""
    others = len(sequence.gaps) - 1
    there = others if sequence.period is not None else max(gap.number, others - gap.number)
    first = min(steps, there)
    return first, 2 * steps if 2 * steps <= there else first // 2


def _windows(sequence: Sequence, gap: Gap, length: int) -> Level:
    """Hide what lies within some runs of `length` gaps that leave out the gap at hand, a run at a time."""
    count, gaps = len(sequence), len(sequence.gaps)
    starts = range(gaps) if sequence.period is not None else range(gaps - length + 1)
    runs = [start for start in starts if gap.number not in {(start + n) % gaps for n in range(length)}]
    if length < 2 or not runs:
        return ()
    chosen = sorted({runs[round(n)] for n in np.linspace(0, len(runs) - 1, WINDOWS)})
    inner = sorted({max(1, length // 4), length // 2, length - max(1, length // 4)})
    return tuple(
        Hidden(
            tuple((start + n) % count for n in range(1, length)),
            tuple((start + n) % count for n in inner),
        )
        for start in chosen
    )
