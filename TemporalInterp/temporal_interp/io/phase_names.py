"""What the names of files say of the phases that they hold: their order, and percentages of a cycle or times."""

from __future__ import annotations

import re
from collections import abc

import numpy as np

from temporal_interp.data.time_text import time_text
from temporal_interp.io.header_times import Index, numbered

NUMBER = re.compile(r"\d+")

DECIMAL = re.compile(r"\d+(?:[.,]\d+)?")

MEASURE = re.compile(
    r"(?<![a-z0-9])(?P<before>t|phase|ph|gated|pct|percent)?[ _-]*"
    r"(?P<number>\d+(?:[.,]\d+)?)[ _-]*(?P<after>%|pct|percent|ms)?(?![a-z0-9])"
)
"""A number that stands on its own in a name in lower case, and what is before or behind it."""

PHASE_FOLDER = re.compile(
    r"(?:p|scan|vol|volume|img|image|"
    r"(?:.*[^a-z])?(?:t|ph|phase|f|frame|time|timepoint|tp|bin|gate|gated|resp|dyn|dynamic))?[ _-]*"
    r"(?P<number>\d+(?:[.,]\d+)?)[ _-]*(?:%|pct|percent|ms|s)?"
)
"""The name in lower case of a folder that holds one phase, not one patient or session: phase_1, T1, 01."""

SMALLEST_PERCENT_STEP = 5.0
"""T00, T01, T02 are numbers of frames; T00, T10, T20, and no finer steps than this, are percentages (our choice)."""


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return the key by which names are sorted as people count: 2 before 10.

    Example:
        >>> sorted(["T10", "T2", "T1"], key=natural)
        ['T1', 'T2', 'T10']
    """
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts if part]


def pattern(name: str) -> str:
    """Return a name with # for every number in it: names of phases differ in nothing else.

    Example:
        >>> pattern("case1_T00.nii.gz")
        'case#_T#.nii.gz'
    """
    return NUMBER.sub("#", name)


def sets_of(names: abc.Sequence[str]) -> list[list[str]]:
    """Return the sets that names of one pattern, in natural order, make up: one for each patient, scan or echo.

    There are several where two numbers or more differ, and each of them has some value more than once; the sets then
    share one of these numbers. Numbers that rise together, as in img_01_T10 and img_02_T20, leave one set.

    Example:
        >>> sets_of(["p1_T00", "p1_T10", "p2_T00", "p2_T10"])
        [['p1_T00', 'p1_T10'], ['p2_T00', 'p2_T10']]
    """
    columns = list(zip(*([_number(one) for one in DECIMAL.findall(name)] for name in names), strict=True))
    varying = [column for column in columns if len(set(column)) > 1]
    if len(varying) < 2 or any(len(set(column)) == len(names) for column in varying):
        return [list(names)]
    splits = [
        [[name for name, own in zip(names, column, strict=True) if own == value] for value in dict.fromkeys(column)]
        for column in varying
    ]
    # rather sets whose names tell phases, then few large ones
    return min(splits, key=lambda sets: (not all(index_of_names(one).has_times for one in sets), len(sets)))


def are_phase_folders(names: abc.Sequence[str]) -> bool:
    """Tell whether names of folders, in natural order, are those of phases.

    Example:
        >>> are_phase_folders(["phase1", "phase2"]), are_phase_folders(["patient1", "patient2"])
        (True, False)
    """
    if len(names) < 2:
        return False
    if index_of_names(names).has_times:
        return True
    found = [PHASE_FOLDER.fullmatch(name.lower()) for name in names]
    numbers = {_number(match["number"]) for match in found if match is not None}
    return len(numbers) == len(names) and len({pattern(name.lower()) for name in names}) == 1


def index_of_names(names: abc.Sequence[str]) -> Index:
    """Return the index that the names give, which are in natural order; numbered where they give none.

    T00 .. T90, "phase 30" and "30pct" are percentages of a cycle, "120ms" is a time.

    Example:
        >>> index_of_names(["case1_T00", "case1_T10", "case1_T50"]).values
        [0.0, 10.0, 50.0]
    """
    found = [{match.start(): match for match in MEASURE.finditer(name.lower())} for name in names]
    for start in found[0]:
        matches = [one.get(start) for one in found]
        if any(match is None for match in matches):
            continue
        index = _index([match for match in matches if match is not None])
        if index is not None:
            return index
    return numbered(len(names), "The names of the files give no times; frames are numbered.")


def _index(matches: abc.Sequence[re.Match[str]]) -> Index | None:
    """Return the index that one number in each name gives, None where it is none."""
    values = [_number(match["number"]) for match in matches]
    kinds = {(match["before"] or "", match["after"] or "") for match in matches}
    steps = np.diff(values)
    if len(kinds) > 1 or not (steps > 0).all():
        return None
    before, after = kinds.pop()
    if after == "ms":
        return Index(values, "time", "ms", [f"Times are those in the names of the files, {_shown(values)} ms."])
    told = after in ("%", "pct", "percent") or before in ("pct", "percent")
    spaced = bool(before) and values[-1] <= 100 and len(values) > 1 and steps.min() >= SMALLEST_PERCENT_STEP
    if (told and values[-1] <= 100) or spaced:
        note = f"Phases are the percentages in the names of the files, {_shown(values)} %."
        return Index(values, "phase", "%", [note])
    return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _shown(values: abc.Sequence[float]) -> str:
    return f"{time_text(values[0])} to {time_text(values[-1])}"
