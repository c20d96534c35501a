"""How long a film shows every frame, so that the heart beats at its own speed."""

from __future__ import annotations

import math
from collections.abc import Sequence as Several

import numpy as np

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.film import MIN_FRAME_MS

MS_IN = {"ms": 1.0, "s": 1000.0, "us": 0.001}
"""Milliseconds in each unit of time."""

GIF_STEP_MS = 10
"""GIF knows no finer duration."""

LONGEST_MINUTES = 10
"""A film of an hour is a mistake, and a frame of eleven minutes more than GIF can say (our choice)."""


def durations_ms(sequence: Sequence, seconds: float | None = None) -> list[float]:
    """Return how long every frame is shown, in ms, until the next one comes.

    The last frame of a loop lasts until its cycle is over, else as long as the median gap between acquired frames.

    Args:
        sequence: with times in a unit of time, unless `seconds` is given.
        seconds: how long all frames together last instead, in proportion to their index values.

    Raises:
        InvalidInputError: the index is no time, or the film would last longer than `LONGEST_MINUTES`.
    """
    require_speed(sequence, seconds)
    gaps = np.diff(sequence.times)
    if sequence.period is not None:
        last = sequence.period - (sequence.times[-1] - sequence.times[0])
    else:
        between = np.diff([sequence.times[n] for n in sequence.acquired_frames])
        last = float(np.median(gaps)) if gaps.size else 1.0
        last = min(last, float(np.median(between))) if between.size else last
    lengths = np.append(gaps, last)
    scale = MS_IN[sequence.unit] if seconds is None else 1000 * seconds / lengths.sum()
    return [float(length) for length in scale * lengths]


def require_speed(sequence: Sequence, seconds: float | None = None) -> None:
    """Raise InvalidInputError where a film has no speed, or would last too long; see `durations_ms`."""
    if seconds is not None:
        if not (math.isfinite(seconds) and 0 < seconds <= 60 * LONGEST_MINUTES):
            raise InvalidInputError(f"A film lasts more than 0 seconds and up to {60 * LONGEST_MINUTES}.")
        return
    if sequence.unit not in MS_IN:
        raise InvalidInputError(
            f"The frames have no times in ms or s (their index is {sequence.index_name} in "
            f"{sequence.unit or 'no unit'}), so that the speed of the film is not known. Say with --film-seconds how "
            "long it is to last."
        )
    total = MS_IN[sequence.unit] * (sequence.period or sequence.times[-1] - sequence.times[0])
    if total > 60_000 * LONGEST_MINUTES:
        raise InvalidInputError(
            f"At its own speed the film would last {total / 60_000:.0f} minutes. Say with --film-seconds how long it "
            "is to last."
        )


def gif_steps(durations: Several[float]) -> list[tuple[int, int]]:
    """Return the frames that a GIF shows, and for how many ms; it keeps the speed and leaves out what it cannot show.

    Durations are in steps of 10 ms, and 20 ms or more: browsers slow shorter ones down to 100 ms. What is rounded off
    a frame is made up for by the next, so that the film is as long as it should be, to 10 ms.

    Example:
        >>> gif_steps([33.3, 33.3, 33.4])
        [(0, 30), (1, 40), (2, 30)]
        >>> gif_steps([10.0, 10.0, 10.0, 10.0])
        [(0, 20), (2, 20)]
    """
    begins = np.concatenate([[0.0], np.cumsum(durations)])
    snapped = [int(GIF_STEP_MS * round(begin / GIF_STEP_MS)) for begin in begins]
    end = max(snapped[-1], MIN_FRAME_MS)
    shown = [0]
    for number in range(1, len(durations)):
        if snapped[number] - snapped[shown[-1]] >= MIN_FRAME_MS and end - snapped[number] >= MIN_FRAME_MS:
            shown.append(number)
    stops = [*(snapped[number] for number in shown[1:]), end]
    return [(number, stop - snapped[number]) for number, stop in zip(shown, stops, strict=True)]
