"""The one number by which the names of series differ: the phase in "Phase 1 of 10", "TP1", "100 ms" or "30% FBP"."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from enum import Enum, auto

LEAST = 3
"""Series that a number puts in order; of two, it may tell anything (our choice)."""

ROUNDING = 1
"""Steps from number to number may differ by this: 0, 17, 33, 50."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")

_OTHERS_BEFORE = re.compile(
    r"(?<![a-z\d])(?:[bhijqu][a-z]?|te|ti|tr|tsl|fa|flip|angle|echo|venc|kvp?|kernel)[\s_:=-]*$"
)
_OTHERS_AFTER = re.compile(r"\s*(?:mm|cm|kv|kev|ma|t|ml|deg|°)(?![a-z])")
"""What stands before or after a number that is no phase."""

_PHASE_BEFORE = re.compile(r"(?:phase|ph|tp|time|timepoint|bin|gate|frame|dyn|dynamic|post)[\s_:=.#-]*$")

_MILLISECONDS = {"ms": 1, "msec": 1, "s": 1000, "sec": 1000}
_UNIT = re.compile(r"\s*(?P<unit>[%\uFF05]|(?:pct|percent|perc|prozent|msec|ms|sec|s)(?![a-z]))")


class Meaning(Enum):
    """What a number in the names of series is."""

    NUMBER = auto()
    PERCENT = auto()
    MILLISECONDS = auto()


def numbers_in_names(names: Sequence[str]) -> tuple[Meaning, list[float]] | None:
    """Return what the one number is by which names differ, and its values; None where they differ in more or in words.

    Numbers without a unit count where a word says that they are phases, or where they are evenly spaced.

    Example:
        >>> numbers_in_names(["CTA 30% FBP", "CTA 40% FBP", "CTA 50% FBP"])
        (<Meaning.PERCENT: 2>, [30.0, 40.0, 50.0])
        >>> numbers_in_names(["DWI b0", "DWI b500", "DWI b1000"]) is None
        True
    """
    varying = varying_numbers(names)
    if len(varying) != 1:
        return None
    (values,) = varying.values()
    (place,) = varying
    before, after = _around(_plain(names[0]), place)
    if len(set(values)) < LEAST or _OTHERS_BEFORE.search(before) or _OTHERS_AFTER.match(after):
        return None
    found = _UNIT.match(after)
    if found and found["unit"] in _MILLISECONDS:
        return Meaning.MILLISECONDS, [value * _MILLISECONDS[found["unit"]] for value in values]
    if found:
        return (Meaning.PERCENT, values) if max(values) <= 100 else None
    distinct = sorted(set(values))
    steps = [after - before for before, after in itertools.pairwise(distinct)]
    even = max(steps) - min(steps) <= ROUNDING
    return (Meaning.NUMBER, values) if even or _PHASE_BEFORE.search(before) else None


def varying_numbers(names: Sequence[str]) -> dict[int, list[float]]:
    """Return the values of those numbers, by their place among the numbers, by which names differ that share all words.

    Example:
        >>> varying_numbers(["4D 0% B30", "4D 50% B30"])
        {1: [0.0, 50.0]}
        >>> varying_numbers(["rest 1", "stress 2"])
        {}
    """
    plain = list(map(_plain, names))
    if len({_NUMBER.sub("#", name) for name in plain}) != 1:
        return {}
    columns = zip(*(map(_value, _NUMBER.findall(name)) for name in plain), strict=True)
    return {place: list(column) for place, column in enumerate(columns) if len(set(column)) > 1}


def _around(name: str, place: int) -> tuple[str, str]:
    """Return what stands before and after a number."""
    match = list(_NUMBER.finditer(name))[place]
    return name[: match.start()], name[match.end() :]


def _value(number: str) -> float:
    return float(number.replace(",", "."))


def _plain(name: str) -> str:
    return " ".join(name.lower().split())
