"""DICOM acquisitions as candidates, with what tells one from another."""

from __future__ import annotations

import itertools
from collections import Counter, abc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from temporal_interp.errors import InvalidInputError
from temporal_interp.io.candidates import Candidate
from temporal_interp.io.dicom.clip import Clip
from temporal_interp.io.dicom.components import MAGNITUDE
from temporal_interp.io.dicom.entries import DAY
from temporal_interp.io.dicom.headers import Series, SliceImage
from temporal_interp.io.dicom.marks import SYNTHETIC, marks_of
from temporal_interp.io.dicom.stack import Stack

UNNUMBERED = "none"
"""Number of a series without one."""

_TELLTALES: tuple[tuple[str, Callable[[SliceImage], str]], ...] = (
    ("of patient", lambda image: image.study[0]),
    ("echo", lambda image: "" if image.echo is None else f"{image.echo:g} ms"),
    ("acquisition", lambda image: "" if image.acquisition is None else f"{image.acquisition}"),
    ("acquired at", lambda image: _acquired(image)),
    ("in", lambda image: image.path.parent.name),
    ("in", lambda image: image.path.name if image.is_enhanced else "single images"),
)
"""What may tell acquisitions with the same number apart."""

_NO_TIMES: tuple[float, ...] = ()


def listed(acquisitions: abc.Sequence[Stack | Clip]) -> list[Candidate]:
    """Return acquisitions as candidates, in the same order."""
    series = [_series(one) for one in acquisitions]
    numbers = [_number(one) for one in series]
    several = {number for number, count in Counter(numbers).items() if count > 1}
    counters: dict[str, itertools.count[int]] = {}
    candidates = []
    for one, own, number in zip(acquisitions, series, numbers, strict=True):
        description = _description(own)
        if number in several:
            alike = [other for other, theirs in zip(acquisitions, numbers, strict=True) if theirs == number]
            number = f"{number}.{next(counters.setdefault(number, itertools.count(1)))}"
            description = f"{description} ({difference})" if (difference := _difference(one, alike)) else description
            description = description.strip()
        elif isinstance(one, Stack) and one.images[0].component != MAGNITUDE:
            description = f"{description} ({one.images[0].component})"
        candidates.append(
            _stack(one, own, number, description) if isinstance(one, Stack) else _clip(one, own, number, description)
        )
    return candidates


def _stack(stack: Stack, series: list[Series], number: str, description: str) -> Candidate:
    first, times, unit, period, problem = stack.images[0], _NO_TIMES, "", None, ""
    notes, told = tuple[str, ...](), False
    if stack.phases > 1:
        try:
            order = stack.order
            times, unit, period, notes = tuple(order.values), order.unit, order.period, tuple(order.notes)
            told = order.is_told
        except InvalidInputError as error:
            problem = str(error)
    return Candidate(
        number=number,
        description=description,
        uids=_uids(series),
        series=tuple((one.number, one.description) for one in series),
        place=_place([one.folder for one in series]),
        frames=stack.phases,
        slices=len(stack.slices),
        size=stack.size,
        times=times,
        unit=unit,
        component=first.component,
        image_type=first.image_type,
        auxiliary=first.auxiliary or SYNTHETIC * any(image.mark.attributes for image in stack.images),
        read=stack.sequence,
        name=_name(stack, number, description),
        spacing=stack.spacing,
        period=period,
        window=stack.window,
        problem=problem,
        notes=notes,
        phases_told=told,
        files_of_series=tuple(_files(stack, one) for one in series),
        picture=stack.picture,
    )


def _files(stack: Stack, series: Series) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(image.path for image in stack.images if image.series.uid == series.uid))


def _clip(clip: Clip, series: list[Series], number: str, description: str) -> Candidate:
    times, unit, problem = _NO_TIMES, "", ""
    try:
        times, unit = clip.times()
    except InvalidInputError as error:
        problem = str(error)
    return Candidate(
        number=number,
        description=description,
        uids=_uids(series),
        series=tuple((one.number, one.description) for one in series),
        place=clip.path.name,
        frames=clip.phases,
        slices=1,
        size=clip.size,
        times=times,
        unit=unit,
        component=MAGNITUDE,
        image_type=(),
        auxiliary=SYNTHETIC * any(mark.attributes for mark in marks_of(clip.header, clip.header, clip.phases)),
        read=clip.sequence,
        name=_name(clip, number, description),
        spacing=clip.spacing,
        problem=problem,
        files_of_series=((clip.path,),),
        picture=clip.picture,
    )


def _name(one: Stack | Clip, number: str, description: str) -> str:
    """Return the name of a candidate in notes."""
    place = one.path.name if isinstance(one, Clip) else one.images[0].series.folder
    slices = 1 if isinstance(one, Clip) else len(one.slices)
    columns, rows = one.size
    named = f" '{description}'" if description else ""
    return f"series {number}{named} in {place}: {slices} slices x {one.phases} phases, {rows} x {columns} pixels"


def _series(one: Stack | Clip) -> list[Series]:
    if isinstance(one, Clip):
        return [one.series]
    series = {image.series.uid: image.series for image in one.images}.values()
    return sorted(series, key=lambda each: (len(each.number), each.number))


def _uids(series: list[Series]) -> tuple[str, ...]:
    return tuple(one.uid for one in series)


def _number(series: list[Series]) -> str:
    """Return the numbers of series, in short.

    Example:
        >>> _number([Series("1.2", "7", "", ""), Series("1.3", "8", "", ""), Series("1.4", "9", "", "")])
        '7-9'
    """
    numbers = [one.number or UNNUMBERED for one in series]
    whole = [int(number) if number.isdecimal() else None for number in numbers]
    if len(numbers) > 2 and None not in whole and whole == list(range(whole[0], whole[0] + len(whole))):  # type: ignore[operator, arg-type]
        return f"{numbers[0]}-{numbers[-1]}"
    return ", ".join(dict.fromkeys(numbers))


def _place(folders: list[str]) -> str:
    different = list(dict.fromkeys(folders))
    return ", ".join(different if len(different) < 4 else [*different[:2], "..."])


def _description(series: list[Series]) -> str:
    names = list(dict.fromkeys(one.description for one in series if one.description))
    return names[0] if len(names) == 1 else f"{names[0]} ... {names[-1]}" if names else ""


def _difference(one: Stack | Clip, alike: abc.Sequence[Stack | Clip]) -> str:
    """Return in a few words what tells an acquisition from others of the same series."""
    if isinstance(one, Clip):
        return ""
    others = [other.images[0] for other in alike if isinstance(other, Stack) and other is not one]
    first = one.images[0]
    shared = set(first.image_type).intersection(*(other.image_type for other in others))
    words = [word for word in dict.fromkeys(first.image_type) if word not in shared and len(word) > 1]  # not M and P
    if any(other.component != first.component for other in others):
        words.insert(0, first.component)
    if first.auxiliary:
        words.append(first.auxiliary)
    for name, of in _TELLTALES:
        if not words and of(first) not in ("", *map(of, others)):
            words.append(f"{name} {of(first)}")
    return ", ".join(words)


def _acquired(image: SliceImage) -> str:
    """Return the time of acquisition, to the second."""
    since_midnight = image.clues.get("AcquisitionTime")
    return "" if since_midnight is None else str(timedelta(seconds=since_midnight % DAY // 1000))
