"""How far motion can be trusted in a stack: slices that exist are made of their neighbours, with and without it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Sequence as Frames
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs.course import PreparedCourse
from temporal_interp.errors import Progress, no_progress
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.slice_course import SliceEngine

MOST_TRIED, EVERY = 4, 4
"""Slices that are tried: at most so many, spread over the stack, and no more than one for so many gaps, so that it
takes little beside the work itself."""

SPLINE_REACH = 7
"""Slices to either side by which a cubic spline is tried: those beyond hardly count."""

LEAST_SPLINE = 0.05
"""A smaller share of the spline is not worth its time."""


class Shares(NamedTuple):
    """What slices between slices are made of.

    Attributes:
        motion: trust in motion, from 0 to 1, see `Fusion`.
        spline: share of the cubic spline through all slices, from 0 to 1; the rest is what motion makes.
    """

    motion: float = 1.0
    spline: float = 0.0


def tried_shares(
    course: Frames, *, device: str = "cpu", loop: bool = False, progress: Progress = no_progress
) -> Shares:  # fmt: skip
    """Return the shares that come nearest to slices that exist, when they are made of those around them.

    Some are made with motion, without, which is the curve of brightness through four slices, and as a cubic spline. In
    tissue whose slices show one another moved, the first is all there is; where they do not, it would be sharply wrong.
    The slices around are twice as far apart as in the work itself: for random tissues the shares found were about the
    best, for a chest CT they were all motion, which is best there.

    Args:
        course: the slices, evenly spaced, see `slice_course`.
        device: where to compute.
        loop: see `SliceEngine`.
        progress: receives the progress; may raise CancelledError.

    Returns:
        All motion where there is no slice between two others.
    """
    count = len(course)
    if count < 3:
        return Shares()
    tried = sorted({round(n) for n in np.linspace(1, count - 2, max(1, min(MOST_TRIED, (count - 1) // EVERY)))})
    made: list[tuple[np.ndarray, ...]] = []
    for done, number in enumerate(tried):
        progress(done / len(tried), "trying motion on slices that exist")
        made.append((*_with_and_without_motion(course, number, device, loop), _spline(course, number)))
    truth = [course[number].array for number in tried]
    motion = _best_share([unmoved for _, unmoved, _ in made], [moved for moved, _, _ in made], truth)
    motion = 1.0 if motion is None else motion
    without = [unmoved + motion * (moved - unmoved) for moved, unmoved, _ in made]
    spline = _best_share(without, [curve for _, _, curve in made], truth) or 0.0
    return Shares(motion, spline if spline > LEAST_SPLINE else 0.0)


def _with_and_without_motion(
    course: Frames, number: int, device: str, loop: bool
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return a slice made of the two beside it, and of the next but one, with motion and without; float64."""
    hidden = course.hiding(set(range(len(course))) - {number + step for step in (-3, -1, 1, 3)})
    gap = hidden.gap_at(course.times[number])
    t = [gap.t_of(course.times[number])]
    prepared = SliceEngine(device=device, loop=loop).for_sequence(hidden)(Pair(hidden, gap), progress=no_progress)
    assert isinstance(prepared, PreparedCourse)
    moved = prepared.at(t)[0].volume.array
    prepared.compared.fusion = replace(prepared.compared.fusion, trust=0.0)
    return moved.astype(np.float64), prepared.at(t)[0].volume.array.astype(np.float64)


def _spline(course: Frames, number: int) -> np.ndarray:
    """Return a slice as a cubic spline through every second one around it has it."""
    beside = [n for n in range(number - SPLINE_REACH, number + SPLINE_REACH + 1, 2) if 0 <= n < len(course)]
    stack = np.stack([course[n].array.reshape(-1, course.geometry.shape[2]) for n in beside])
    made = interpolate_slices(Volume(stack, Geometry(stack.shape)), 2, Classical.CUBIC)
    return made.array[2 * beside.index(number - 1) + 1].reshape(course.geometry.shape).astype(np.float64)


def _best_share(of: list[np.ndarray], to: list[np.ndarray], truth: list[np.ndarray]) -> float | None:
    """Return how far to go from some slices to others, from 0 to 1, to come nearest to what they are; None where both
    are the same."""
    explained = sum(float(((b - a) * (c - a)).sum()) for a, b, c in zip(of, to, truth, strict=True))
    changed = sum(float(((b - a) ** 2).sum()) for a, b in zip(of, to, strict=True))
    return min(1.0, max(0.0, explained / changed)) if changed else None
