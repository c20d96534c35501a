"""How far motion can be trusted in a stack: slices that exist are made of their neighbours, with and without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Sequence as Frames
from temporal_interp.engines.pairs.course import PreparedCourse
from temporal_interp.errors import Progress, no_progress
from temporal_interp.slices.slice_course import SliceEngine

MOST_TRIED, EVERY = 6, 4
"""Slices that are tried: at most so many, spread over the stack, and no more than one for so many gaps, so that it
takes little beside the work itself."""

NEARER = 2.0
"""Between slices that are half as far apart as where motion was tried, motion explains more: its share there may be so
many times as large. Measured on a chest CT and on random tissues."""


def trust_in_motion(
    course: Frames, *, device: str = "cpu", loop: bool = False, progress: Progress = no_progress
) -> float:  # fmt: skip
    """Return the share of motion in slices between slices, from 0 to 1; the rest is what is made without.

    Some slices between two others are made of those and of the next ones, with motion and without, which is the curve
    of brightness through four slices. The share of motion that would have come nearest to what they are tells.

    Args:
        course: the slices, see `slice_course`.
        device: where to compute.
        loop: see `SliceEngine`.
        progress: receives the progress; may raise CancelledError.

    Returns:
        1 where there is no slice between two others, or motion changes nothing.
    """
    count = len(course)
    if count < 3:
        return 1.0
    tried = sorted({round(n) for n in np.linspace(1, count - 2, max(1, min(MOST_TRIED, (count - 1) // EVERY)))})
    explained = changed = 0.0
    for done, number in enumerate(tried):
        progress(done / len(tried), "trying motion on slices that exist")
        hidden = course.hiding(set(range(count)) - {number + step for step in (-3, -1, 1, 3)})
        gap = hidden.gap_at(course.times[number])
        pair, t = Pair(hidden, gap), gap.t_of(course.times[number])
        engine = SliceEngine(device=device, loop=loop)
        prepared = engine.for_sequence(hidden)(pair, progress=no_progress)
        assert isinstance(prepared, PreparedCourse)
        moved = prepared.at([t])[0].volume.array.astype(np.float64)
        prepared.compared.fusion = replace(prepared.compared.fusion, trust=0.0)
        unmoved = prepared.at([t])[0].volume.array
        change = moved - unmoved
        explained += float((change * (course[number].array - unmoved)).sum())
        changed += float((change**2).sum())
    return float(np.clip(NEARER * explained / changed, 0.0, 1.0)) if changed else 1.0
