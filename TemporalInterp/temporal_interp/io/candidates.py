"""The sequences in a folder that holds several, and the choice of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from temporal_interp.data.sequence import Sequence as FrameSequence
from temporal_interp.data.time_text import time_text
from temporal_interp.errors import AmbiguousInputError, InvalidInputError, Progress

SeriesChoice: TypeAlias = int | str | Sequence[int | str]
"""A number, a UID or a part of the description of a series, or several numbers and UIDs."""

SHOWN = 40
"""Candidates that a table lists."""

COLUMNS: tuple[str, ...] = ("series", "description", "frames", "slices", "size", "times", "in")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A sequence, or a single volume, that can be read.

    Attributes:
        number: of its series; "300-309" or "4, 7" of several, "5.1" and "5.2" where one series holds several sequences.
        description: of its series, and what else tells it from the others.
        uids: of its series.
        series: the number and the description of each of its series.
        place: name of the folder that holds it, or of its file.
        frames: number of frames.
        slices: number of slices.
        size: columns and rows.
        times: index values of the frames; empty where they are not known.
        unit: of the times.
        component: of a complex image: magnitude, phase, real or imaginary.
        image_type: other words on what it shows, such as the direction of a flow.
        auxiliary: MIP, MinIP, average or localiser, where it serves other sequences, synthetic, where it was made from
            one, else "".
        read: returns it.
        name: for messages.
        spacing: of the voxels in mm, along (I, J, K); None where it is not known.
        period: length of the cycle in `unit` where it is a loop, else None.
        window: level and width that its files give for showing it, None where they give none.
        problem: why it cannot be read, as far as that is known before its voxels are read; "" where nothing is known.
        notes: what is assumed, as far as that is known before its voxels are read.
        phases_told: whether entries made for that, or the names of its series, tell its phases apart: not a clock, nor
            the numbers of images.
        files_of_series: the files that hold it, series by series.
        picture: returns the middle slice of its first frame, (row, column).
    """

    number: str
    description: str
    uids: tuple[str, ...]
    series: tuple[tuple[str, str], ...]
    place: str
    frames: int
    slices: int
    size: tuple[int, int]
    times: tuple[float, ...]
    unit: str
    component: str
    image_type: tuple[str, ...]
    auxiliary: str
    read: Callable[[Progress], FrameSequence] = field(repr=False)
    name: str = field(repr=False)
    spacing: tuple[float, float, float] | None = None
    period: float | None = None
    window: tuple[float, float] | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    phases_told: bool = False
    files_of_series: tuple[tuple[Path, ...], ...] = field(default=(), repr=False)
    picture: Callable[[], np.ndarray] | None = field(default=None, repr=False)

    @property
    def moves(self) -> bool:
        """Whether it has several frames."""
        return self.frames > 1

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold it."""
        return tuple(file for files in self.files_of_series for file in files)

    @property
    def uid(self) -> str:
        """UID of its first series."""
        return self.uids[0]

    def as_json(self) -> dict[str, object]:
        """Return what a program wants to know of it."""
        names = ("number", "description", "uids", "place", "frames", "slices", "size", "times", "unit", "component")
        return {name: getattr(self, name) for name in (*names, "auxiliary")}


@dataclass(frozen=True)
class LeftOut:
    """Something that is not part of any sequence.

    Attributes:
        name: of a file, or in words.
        why: it is left out.
    """

    name: str
    why: str


@dataclass(frozen=True)
class Survey:
    """What a place holds.

    Attributes:
        candidates: its sequences, and single volumes.
        left_out: what cannot be read.
    """

    candidates: tuple[Candidate, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def readable(self) -> tuple[Candidate, ...]:
        """The sequences, of several frames each, that nothing speaks against."""
        return tuple(one for one in self.candidates if one.moves and not one.problem)


def choose(
    candidates: Sequence[Candidate], *, series: str | None = None, component: str | None = None
) -> tuple[Candidate, list[Candidate]]:
    """Return the one candidate that is meant, and those that were left out.

    Without a choice it is the only one that moves: magnitude goes before other components, and a cine before what only
    serves others.

    Args:
        candidates: one or more.
        series: number, UID or part of the description of a series, or several numbers, ranges such as 20-22 or UIDs
            separated by commas; upper and lower case do not matter.
        component: of a complex image, or another word of its image type.

    Raises:
        AmbiguousInputError: it is not clear which one is meant; the message lists them.
        InvalidInputError: none is meant.
    """
    meant = list(candidates)
    if series is not None:
        meant = _of_series(meant, series)
        if not meant:
            raise InvalidInputError(f"{_why_none(candidates, series)}. There are:\n{table(candidates)}")
    if component is not None:
        meant = [one for one in meant if component.lower() in (one.component, *map(str.lower, one.image_type))]
        if not meant:
            raise InvalidInputError(f"nothing shows '{component}'. There are:\n{table(candidates)}")
    meant = [one for one in meant if one.moves] or meant
    if component is None:
        meant = _preferred(meant, lambda one: one.component == "magnitude")
    meant = _preferred(meant, lambda one: not one.auxiliary)
    if len(meant) > 1:
        several = "is more than one cine" if meant[0].moves else "are several volumes and no cine"
        raise AmbiguousInputError(
            f"there {several} here. Choose one with --series NUMBER (or its UID or a part of its "
            f"description; series=... in Python):\n{table(meant)}",
            meant,
        )
    return meant[0], [one for one in candidates if one is not meant[0]]


def series_text(series: SeriesChoice) -> str:
    """Return a choice of series as it is written on the command line.

    Example:
        >>> series_text(310), series_text(["310", 311])
        ('310', '310,311')
    """
    return str(series) if isinstance(series, (int, str)) else ",".join(map(str, series))


def named_series(series: str, known: Collection[str]) -> tuple[set[str], list[str]]:
    """Return which of the known numbers and UIDs a choice such as "40, 41, 50-52" names, and what is not known.

    Example:
        >>> named, missing = named_series("05, 20-22, 99", ["5", "20", "21", "22"])
        >>> sorted(named), missing
        (['20', '21', '22', '5'], ['99'])
    """
    numbers = {int(one): one for one in known if one.isdecimal()}
    named: set[str] = set()
    missing = []
    for part in filter(None, map(str.strip, series.split(","))):
        ends = re.fullmatch(r"(\d+)\s*-\s*(\d+)", part)
        if part in known:
            named.add(part)
        elif part.isdecimal() and int(part) in numbers:
            named.add(numbers[int(part)])
        elif ends and {int(ends[1]), int(ends[2])} <= {*numbers}:
            named |= {one for number, one in numbers.items() if int(ends[1]) <= number <= int(ends[2])}
        else:
            missing.append(part)
    return named, missing


def table(candidates: Sequence[Candidate]) -> str:
    """Return candidates as lines of a table."""
    rows = [COLUMNS, *(row(one) for one in candidates[:SHOWN])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{text:<{width}}" for text, width in zip(one, widths, strict=True)).rstrip() for one in rows]
    left = len(candidates) - SHOWN
    return "\n".join([*lines, f"and {left} more"] if left > 0 else lines)


def row(one: Candidate) -> tuple[str, ...]:
    """Return a candidate as a row of a table."""
    times = f"{time_text(one.times[0])} to {time_text(one.times[-1], one.unit)}" if one.times else "-"
    size = f"{one.size[0]} x {one.size[1]}"
    return one.number, one.description or "-", str(one.frames), str(one.slices), size, times, one.place


def _preferred(candidates: list[Candidate], is_better: Callable[[Candidate], bool]) -> list[Candidate]:
    return [one for one in candidates if is_better(one)] or candidates


def _known(candidates: Sequence[Candidate]) -> set[str]:
    """Return the numbers and the UIDs of all series."""
    return {name for one in candidates for name in (*one.uids, *(number for number, _ in one.series))}


def _why_none(candidates: Sequence[Candidate], series: str) -> str:
    """Return why a choice names no candidate."""
    named, missing = named_series(series, _known(candidates))
    if named and missing:
        return f"there is no series {', '.join(missing)}"
    if named:
        return f"series {', '.join(sorted(named))} are not phases or slices of one sequence"
    return f"no series is '{series}'"


def _of_series(candidates: list[Candidate], series: str) -> list[Candidate]:
    """Return the candidates that a number, a UID or a text names: exactly, else as a part."""
    wanted = series.strip().lower()
    named, missing = named_series(series, _known(candidates))
    tests: tuple[Callable[[Candidate], bool], ...] = (
        lambda one: wanted in (one.number.lower(), *one.uids),
        lambda one: bool(named) and not missing and named <= _known([one]),
        lambda one: wanted in [one.description.lower(), *(name.lower() for _, name in one.series)],
        lambda one: wanted in " ".join([one.description, *(name for _, name in one.series)]).lower(),
        lambda one: wanted in one.place.lower(),
    )
    for test in tests:
        if found := [one for one in candidates if test(one)]:
            return found
    return []
