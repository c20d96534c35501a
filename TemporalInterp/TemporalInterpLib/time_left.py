"""The time that work will still take, from its progress so far.

The fraction done comes in steps of any size, after a start that does no work yet, and at a rate that may change. So
the clock starts with the first rise; the rate is that of the later half of the time since; what is shown counts down,
and is drawn towards what the rate says; where nothing rises for long, nothing is shown, rather than a number that
grows.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from slicer.i18n import tr as _

SHOWN_AFTER_S = 3.0
"""Seconds of real progress before a time is shown."""

SHOWN_FROM = 0.01
"""Fraction that has to rise before a time is shown."""

SETTLING_S = 8.0
"""Seconds within which what is shown follows a new rate."""

START_GAPS = 4.0
"""Until a time is shown, a wait this many times as long as the next one was for the start, and does not count."""

STALL_S = 20.0
"""Seconds without a rise, at the least, after which no time is shown."""

STALL_STEPS = 4.0
"""Likewise, in the longest time between two rises so far."""

LEAST_SHARE = 0.5
"""What is shown does not count down below this share of what the rate says."""


class _Rise(NamedTuple):
    when: float
    fraction: float


class TimeLeft:
    """Estimates the time left of one job.

    Args:
        clock: returns seconds, rising.

    Example:
        A hundredth done every second:

        >>> now = iter(range(100))
        >>> left = TimeLeft(lambda: next(now))
        >>> [left.after(number / 100) for number in range(6)]
        [None, None, None, None, 96.0, 95.0]
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._fraction: float | None = None
        self._start: _Rise | None = None
        self._recent: deque[_Rise] = deque()
        self._gaps: tuple[float, float] = (0.0, 0.0)
        self._end: float | None = None
        self._told_at = 0.0

    def after(self, fraction: float) -> float | None:
        """Return the seconds left after a report of the fraction done, 0 to 1; None while they are not known."""
        now = self._clock()
        if self._fraction is None:
            self._fraction = fraction
        elif fraction > self._fraction:
            self._fraction = fraction
            self._rise(_Rise(now, fraction))
        if self._start is None:
            return None
        latest, done = self._recent[-1]
        if latest - self._start.when < SHOWN_AFTER_S or done - self._start.fraction < SHOWN_FROM:
            return None
        if self._is_stall(now - latest):
            self._end = None
            return None
        expected = (1 - done) / self._rate()
        self._end = self._drawn_towards(latest + expected, now)
        return max(self._end - now, LEAST_SHARE * expected, 0.0)

    def _rise(self, rise: _Rise) -> None:
        if self._start is None:
            self._restart(rise)
            return
        gap = rise.when - self._recent[-1].when
        longest, last = self._gaps
        if longest and self._is_stall(gap):
            self._restart(rise)
            return
        if self._end is None and last > START_GAPS * gap + 1.0:
            self._restart(self._recent[-1])
            longest = 0.0
        self._gaps = max(longest, gap), gap
        self._recent.append(rise)
        middle = (self._start.when + rise.when) / 2
        while len(self._recent) > 2 and self._recent[1].when <= middle:
            self._recent.popleft()

    def _restart(self, rise: _Rise) -> None:
        self._start, self._end, self._gaps = rise, None, (0.0, 0.0)
        self._recent.clear()
        self._recent.append(rise)

    def _is_stall(self, gap: float) -> bool:
        return gap > max(STALL_S, STALL_STEPS * self._gaps[0])

    def _rate(self) -> float:
        """Return the fraction per second over the later half of the time since the start."""
        first, last = self._recent[0], self._recent[-1]
        return (last.fraction - first.fraction) / (last.when - first.when)

    def _drawn_towards(self, end: float, now: float) -> float:
        since, self._told_at = now - self._told_at, now
        if self._end is None:
            return end
        return self._end + (end - self._end) * (1 - math.exp(-since / SETTLING_S))


def in_words(seconds: float | None) -> str:
    """Return a time left in words, "" where it is not known.

    >>> in_words(7), in_words(38), in_words(140), in_words(None)
    ('a few seconds left', 'about 40 s left', 'about 2 min left', '')
    """
    return "" if seconds is None else _("{time} left").format(time=duration_in_words(seconds))


def duration_in_words(seconds: float) -> str:
    """Return a rough duration in words.

    >>> duration_in_words(3), duration_in_words(62), duration_in_words(200)
    ('a few seconds', 'about 60 s', 'about 3 min')
    """
    if seconds < 10:
        return _("a few seconds")
    if seconds < 90:
        return _("about {seconds} s").format(seconds=5 * round(seconds / 5))
    return _("about {minutes} min").format(minutes=round(seconds / 60))
