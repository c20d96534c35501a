"""Which frames of a case make a sample: two endpoints and the target between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.training.datasets.subject import Case


@dataclass(frozen=True, eq=False)
class Pair:
    """The numbers of two endpoints, and of the frames between them that may be the target."""

    first: int
    last: int
    between: tuple[int, ...]


Pairs = tuple[tuple[Pair, ...], ...]
"""Endpoints to choose from, grouped by their distance in frames."""


def endpoint_pairs(case: Case, allowed: Sequence[int]) -> Pairs:
    """Return the one pair of the endpoints of the case.

    Raises:
        InvalidInputError: they, or the frames between them, are not among the allowed ones.
    """
    between = tuple(number for number in allowed if case.first < number < case.last)
    if not between or not {case.first, case.last} <= set(allowed):
        raise InvalidInputError(
            f"the endpoints, frames {case.first} and {case.last}, and one between must be among the frames that may be "
            f"used, {list(allowed)}."
        )
    return ((Pair(case.first, case.last, between),),)


def triplet_pairs(case: Case, allowed: Sequence[int], max_gap: int | None) -> Pairs:
    """Return all pairs of allowed frames with one between them, up to a distance in frames; None is that of the case.

    Raises:
        InvalidInputError: there is none.
    """
    longest = case.last - case.first if max_gap is None else max_gap
    by_gap: dict[int, list[Pair]] = {}
    for place, first in enumerate(allowed):
        for step, last in enumerate(allowed[place + 2 :], 2):
            if last - first <= longest:
                pair = Pair(first, last, tuple(allowed[place + 1 : place + step]))
                by_gap.setdefault(last - first, []).append(pair)
    if not by_gap:
        raise InvalidInputError(
            f"no three of the frames that may be used, {list(allowed)}, lie within a gap of {longest} frames."
        )
    return tuple(tuple(pairs) for _, pairs in sorted(by_gap.items()))


def targets_of(pairs: Pairs) -> tuple[int, ...]:
    """Return the numbers of all frames that may be the target, rising."""
    return tuple(sorted({target for of_one_gap in pairs for pair in of_one_gap for target in pair.between}))


def around(pairs: Pairs, target: int) -> Pairs:
    """Return the pairs that a frame lies between, with it as their only target."""
    groups = (tuple(replace(p, between=(target,)) for p in group if target in p.between) for group in pairs)
    return tuple(group for group in groups if group)


def choose(pairs: Pairs, rng: np.random.Generator) -> tuple[Pair, int]:
    """Return a pair and a target: all distances are equally likely, then all pairs of that, then all frames between."""
    of_one_gap = pairs[rng.integers(len(pairs))]
    pair = of_one_gap[rng.integers(len(of_one_gap))]
    return pair, pair.between[rng.integers(len(pair.between))]


def time_of(times: Sequence[float], pair: Pair, target: int) -> float:
    """Return the place of the target between the ends of a pair, from 0 to 1."""
    start, stop = times[pair.first], times[pair.last]
    return (times[target] - start) / (stop - start)
