"""The table of the sequences that were found in a file or a folder: what it says, without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from temporal_interp.data.time_text import time_text

if TYPE_CHECKING:  # the core's readers need packages that a bare Slicer lacks
    from temporal_interp.io import Candidate, Survey

EVEN = 0.02
"""Steps in time that differ by less than this share of their mean are called even."""


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        cells: the texts, one for each of `heads`.
        reason: why it cannot be loaded, "" where it can.
        details: what else is known, for a tooltip.
        candidate: what it stands for; None for something that is no sequence.
    """

    cells: tuple[str, ...]
    reason: str = ""
    details: str = ""
    candidate: Candidate | None = None


def heads() -> tuple[str, ...]:
    """Return the heads of the columns; the first is that of the picture."""
    return "", _("Name"), _("Frames"), _("Slices"), _("Rows x columns"), _("Spacing (mm)"), _("Time"), _("Remarks")


def rows(survey: Survey) -> list[Row]:
    """Return what was found, first what can be loaded, then the rest, each with its reason."""
    found = [_row(one) for one in survey.candidates]
    blanks = ("",) * (len(heads()) - 3)
    others = [Row(("", one.name, *blanks, one.why), one.why, one.why) for one in survey.left_out]
    return [*sorted(found, key=lambda row: bool(row.reason)), *others]


def first_choice(table: list[Row], path: Path) -> int:
    """Return the number of the row to choose at first, -1 where none can be: that of the file at `path`, if any is."""
    usable = [number for number, row in enumerate(table) if row.candidate is not None and not row.reason]
    preferred = [number for number in usable if path in table[number].candidate.files]
    return next(iter([*preferred, *usable]), -1)


def only_one(survey: Survey) -> Candidate | None:
    """Return what can be loaded without a question, None where there is something to tell or to choose."""
    alone = len(survey.candidates) == 1 and not survey.left_out
    return survey.readable[0] if alone and survey.readable else None


def heading(table: list[Row], place: str) -> str:
    """Return what is said above the table."""
    count = sum(not row.reason for row in table)
    if not count:
        return _("Nothing in '{place}' can be loaded as a sequence; the last column says why.").format(place=place)
    if count == 1:
        return _("There is one sequence in '{place}'.").format(place=place)
    return _("There are {count} sequences in '{place}': choose one, or double-click it.").format(
        count=count, place=place
    )


def _row(one: Candidate) -> Row:
    reason = one.problem or ("" if one.moves else _("One frame: there is nothing to interpolate."))
    across, down = one.size
    spacing = " x ".join(f"{size:.3g}" for size in one.spacing) if one.spacing else ""
    name = f"{one.number}: {one.description}" if one.number and one.description else one.description or one.number
    remarks = reason.splitlines()[0] if reason else " ".join([*_kind(one), *one.notes])
    texts = (name or one.place, str(one.frames), str(one.slices), f"{down} x {across}", spacing, _time(one), remarks)
    details = "\n".join([_("In {place}").format(place=one.place), *(reason.splitlines() or one.notes)])
    return Row(("", *texts), reason, details, one)


def _kind(one: Candidate) -> list[str]:
    words = [one.auxiliary] if one.auxiliary else []
    if one.component != "magnitude":
        words.append(_("{component} image").format(component=one.component))
    return [", ".join(words) + "."] if words else []


def _time(one: Candidate) -> str:
    """Return the period of a loop, and how far frames are apart, or else what their index spans."""
    if len(one.times) < 2:
        return ""
    steps = [later - earlier for earlier, later in pairwise(one.times)]
    mean = (one.times[-1] - one.times[0]) / len(steps)
    if not one.unit and list(one.times) == list(range(len(one.times))):
        return _("numbered")
    if max(steps) - min(steps) <= EVEN * mean or one.period is not None:
        words = _("every {step}").format(step=_short(mean, one.unit))
    else:
        words = _("{first} to {last}").format(first=time_text(one.times[0]), last=time_text(one.times[-1], one.unit))
    return (
        words
        if one.period is None
        else _("{words}, cycle {period}").format(words=words, period=_short(one.period, one.unit))
    )


def _short(value: float, unit: str) -> str:
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()
