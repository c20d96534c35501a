"""The instants that can be chosen: their range, and the steps between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

STEPS_A_FRAME = 20
"""About as many steps lead from one acquired frame to the next: enough for smooth motion, few enough for keys."""

MORE_DECIMALS = 2
"""Decimals beyond those of a step, at most, by which acquired times are shown exactly."""


@dataclass(frozen=True)
class TimeAxis:
    """A range of instants in the unit of a sequence.

    Attributes:
        low: the first instant.
        high: the last instant.
        stops: the times in it at which an acquired frame is shown, rising.
        step: from one instant to the next: 1, 2 or 5 times a power of ten, but no longer than the range.
        page: a larger step, about from one acquired frame to the next.
        decimals: with which instants are shown.
    """

    low: float
    high: float
    stops: Sequence[float]
    step: float
    page: float
    decimals: int

    @classmethod
    def over(cls, low: float, high: float, stops: Sequence[float], times: Sequence[float]) -> TimeAxis:
        """Return the axis of a range.

        Args:
            low: the first instant.
            high: the last instant, later than the first.
            stops: see the attribute.
            times: of all acquired frames, two or more, whose distance gives the steps.

        Example:
            >>> axis = TimeAxis.over(0.0, 265.6, (0.0, 265.6), [33.2 * number for number in range(25)])
            >>> axis.step, axis.decimals
            (1.0, 1)
        """
        frame = min(median(later - earlier for earlier, later in pairwise(times)), high - low)
        step = _round_down(frame / STEPS_A_FRAME)
        return cls(low, high, stops, step, frame, _decimals(step, stops))

    @property
    def middle(self) -> float:
        """The instant half-way."""
        return self.snapped((self.low + self.high) / 2)

    def inside(self, instant: float) -> float:
        """Return the instant, or the middle of the range where it lies outside of it."""
        return instant if self.low <= instant <= self.high else self.middle

    def snapped(self, instant: float) -> float:
        """Return the acquired time within half a step of an instant, else the instant as it is shown."""
        instant = min(max(instant, self.low), self.high)
        stop = min(self.stops, key=lambda time: abs(time - instant))
        if abs(stop - instant) <= self.step / 2:
            return stop
        return round(instant, self.decimals)

    def stepped(self, instant: float, steps: int) -> float:
        """Return the instant some steps later, or earlier; no acquired time is stepped over."""
        wanted = instant + steps * self.step
        passed = [time for time in self.stops if min(instant, wanted) < time < max(instant, wanted)]
        if passed:
            return passed[0] if steps > 0 else passed[-1]
        return self.snapped(wanted)


def _round_down(length: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is no longer."""
    power = 10.0 ** math.floor(math.log10(length) + 1e-9)
    return next(round(digit * power, 12) for digit in (5, 2, 1) if digit * power <= length * (1 + 1e-9))


def _decimals(step: float, stops: Sequence[float]) -> int:
    """Return how many decimals tell steps apart, and as many more as make acquired times exact, if few do."""
    needed = max(0, -math.floor(math.log10(step) + 1e-9))
    exact = (
        needed + more
        for more in range(MORE_DECIMALS + 1)
        if all(abs(round(time, needed + more) - time) < 1e-6 for time in stops)
    )
    return next(exact, needed + 1)
