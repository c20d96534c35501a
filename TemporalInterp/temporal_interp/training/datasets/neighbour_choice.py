"""Which frames around the endpoints a sample shows, so that one network serves two, three and four frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from temporal_interp.networks.context import FURTHEST

Beside = Literal["none", "drawn", "kept"]
"""Whether samples show frames around the endpoints: "none"; "drawn", of which one or both are left out at random; or
"kept", all that there are."""

EVEN, NEXT = 0.4, 0.8
"""Below the first number of a draw from 0 to 1, the neighbour is the one whose distance is closest to that of the
endpoints; below the second, the nearest; else any (our choice)."""

BOTH, ONLY_BEFORE, ONLY_AFTER = 0.6, 0.7, 0.8
"""Below these numbers of a draw from 0 to 1, both neighbours are kept, or one; else none (our choice)."""


@dataclass(frozen=True)
class Around:
    """A frame around the endpoints.

    Attributes:
        frame: its number.
        distance: from the endpoint on its side, in distances of the endpoints.
    """

    frame: int
    distance: float


Sides = tuple[list[Around], list[Around]]
"""The frames before the first endpoint and those after the last, the nearest first."""


def frames_around(
    times: Sequence[float], period: float | None, allowed: Sequence[int], first: int, last: int
) -> Sides:  # fmt: skip
    """Return the frames around two endpoints that are near enough to tell something.

    >>> before, after = frames_around([0.0, 1.0, 2.0, 4.0, 5.0], None, range(5), 1, 3)
    >>> [(side.frame, round(side.distance, 2)) for side in (*before, *after)]
    [(0, 0.33), (4, 0.33)]

    Args:
        times: of all frames.
        period: of a loop, in which the frames come again; None if it is none.
        allowed: numbers of the frames to choose from, rising.
        first: number of the first endpoint.
        last: number of the last endpoint, above that of the first.
    """
    gap = times[last] - times[first]
    before = [(number, times[first] - times[number]) for number in allowed if number < first]
    after = [(number, times[number] - times[last]) for number in allowed if number > last]
    if period is not None:
        before, after = (
            before + [(number, period - gap - away) for number, away in after],
            after + [(number, period - gap - away) for number, away in before],
        )
    sides = []
    for side in (before, after):
        near = [Around(number, away / gap) for number, away in side if away <= FURTHEST * gap]
        sides.append(sorted(near, key=lambda around: around.distance))
    return sides[0], sides[1]


def choose_around(sides: Sides, beside: Beside, rng: np.random.Generator) -> tuple[Around | None, Around | None]:
    """Return a frame of each side, or None.

    Args:
        sides: to choose from.
        beside: whether they are shown, and whether one or both are left out at random.
        rng: source of randomness; not used with "none".
    """
    if beside == "none":
        return None, None
    before, after = (_one_of(side, rng) for side in sides)
    kept = 0.0 if beside == "kept" else rng.random()
    return (
        before if kept < ONLY_BEFORE else None,
        after if kept < BOTH or ONLY_BEFORE <= kept < ONLY_AFTER else None,
    )


def _one_of(side: Sequence[Around], rng: np.random.Generator) -> Around | None:
    if not side:
        return None
    kind = rng.random()
    if kind < EVEN:
        return min(side, key=lambda around: abs(np.log(around.distance)))
    return side[0] if kind < NEXT else side[int(rng.integers(len(side)))]
