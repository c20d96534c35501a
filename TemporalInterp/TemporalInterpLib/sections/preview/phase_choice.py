"""Two phases among the acquired frames, of which the first always comes before the last.

Phases are places among the acquired frames, from 0; those of a sequence with synthetic frames have other numbers there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PhaseChoice:
    """The chosen phases.

    Attributes:
        first: place of phase A.
        last: place of phase B, greater than `first`.
        count: number of acquired frames, two or more.
    """

    first: int
    last: int
    count: int

    def with_first(self, place: int) -> PhaseChoice:
        """Return the choice with another phase A; phase B moves if it would not be later.

        Example:
            >>> PhaseChoice(0, 2, 5).with_first(3)
            PhaseChoice(first=3, last=4, count=5)
        """
        first = min(place, self.count - 2)
        return PhaseChoice(first, max(self.last, first + 1), self.count)

    def with_last(self, place: int) -> PhaseChoice:
        """Return the choice with another phase B; phase A moves if it would not be earlier."""
        last = max(place, 1)
        return PhaseChoice(min(self.first, last - 1), last, self.count)

    def with_nearer(self, place: int, times: Sequence[float]) -> PhaseChoice:
        """Return the choice with that phase moved to a place which is nearer to it in time.

        Args:
            place: of the new phase.
            times: of all acquired frames.
        """
        to_first, to_last = (abs(times[place] - times[phase]) for phase in (self.first, self.last))
        return self.with_first(place) if to_first <= to_last else self.with_last(place)
