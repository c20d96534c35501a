"""Whether the phases of a DICOM cine are one whole cycle, a beat or a breath."""

from __future__ import annotations

import numpy as np

from temporal_interp.io.dicom.clues import Clue, Kind, Slices

STEP_SHARE = 0.5
"""A cycle may be longer or shorter than its phases by less than this share of the step from phase to phase."""

PERCENT_ROUNDING = 1.0
"""Percentages in names are rounded: 0, 33 and 66 % are thirds of a cycle."""


def whole_cycle(ordered: Slices, times: np.ndarray, medians: np.ndarray, clue: Clue) -> float | None:
    """Return the length of the cycle, None where phases are not a whole one.

    Phases are one only where the headers say so (our choice):

    - Trigger times and the length of the cycle are given, as by retrospective gating. In every slice, the phases last
      as long as the cycle to within half a step, each lasting one step; and there are as many as are announced, if the
      header does announce a number. The period is the median over the slices, as the times are. Prospective gating,
      which leaves out the end of the cycle, gives no period: the last gap would be too long to be filled like the
      others.
    - Phases have evenly spaced percentages of the cycle that make up 100 %.

    Args:
        ordered: the images of every slice in order of their phase.
        times: (slice, phase).
        medians: of the times over the slices.
        clue: what tells the times.
    """
    period = _period(ordered, times, clue)
    return period if period is not None and _is_whole(medians, period, clue) else None


def _period(ordered: Slices, times: np.ndarray, clue: Clue) -> float | None:
    if clue.kind is Kind.PERCENT:
        return 100.0 if not np.ptp(times, axis=0).any() and _is_whole(times[0], 100.0, clue) else None
    if clue.kind is Kind.CLOCK:
        return None
    cycles = []
    for images, row in zip(ordered, times, strict=True):
        given = {image.cycle for image in images}
        announced = {image.phases_announced for image in images} - {None}
        cycle = given.pop()
        if given or cycle is None or announced - {len(images)} or not _is_whole(row, cycle, clue):
            return None
        cycles.append(cycle)
    return float(np.median(cycles))


def _is_whole(times: np.ndarray, cycle: float, clue: Clue) -> bool:
    """Tell whether phases last as long as a cycle, and the gap from the last to the first as long as the others."""
    closing = cycle - (times[-1] - times[0])
    if clue.kind is Kind.PERCENT:
        even = cycle / len(times)
        return bool(np.abs(np.append(np.diff(times), closing) - even).max() <= PERCENT_ROUNDING)
    step = float(np.median(np.diff(times)))
    return bool(max(abs(len(times) * step - cycle), abs(closing - step)) < STEP_SHARE * step)
