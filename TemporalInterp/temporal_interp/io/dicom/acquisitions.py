"""Which images were acquired together: repeats, components and what serves other series are kept apart.

Either one series holds all phases of its slices, or each series holds one phase.
"""

from __future__ import annotations

import itertools
from collections import Counter, abc
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.clues import IMAGE_NUMBER, ORDER_CLUES, PHASE_CLUES, Clue, Kind
from temporal_interp.io.dicom.description import family, kin, named_phase
from temporal_interp.io.dicom.headers import SliceImage
from temporal_interp.io.dicom.numbered_names import varying_numbers
from temporal_interp.io.dicom.phases import phase_order
from temporal_interp.io.dicom.slices import in_slices

SAME_SLICES = 0.5
"""Series that share at least this part of all their slices show the same volume (our choice)."""

_TELLTALES: tuple[Callable[[SliceImage], Hashable], ...] = (
    lambda image: image.image_type,
    lambda image: image.echo,
    lambda image: image.acquisition,
    lambda image: image.clues.get("AcquisitionTime"),
    lambda image: image.clues.get("AcquisitionDateTime"),
    lambda image: image.path.parent,
    lambda image: image.path,
)
"""What tells the images of several acquisitions in one series apart, most telling first."""

_SURE_CLUES = tuple(clue for clue in ORDER_CLUES if clue.kind is not Kind.CLOCK and clue.name.isalpha())[:-2]
"""Clues that hold across series whatever these are called: neither clocks, nor names, nor acquisitions, nor images."""


@dataclass(frozen=True, eq=False)
class Part:
    """Images of one series and one acquisition.

    Attributes:
        images: the images.
        places: number of the slice of every image, on the grid that all parts share.
    """

    images: abc.Sequence[SliceImage]
    places: abc.Sequence[int]

    @cached_property
    def slices(self) -> frozenset[int]:
        """Numbers of its slices."""
        return frozenset(self.places)

    @property
    def moves(self) -> bool:
        """Whether it has several images of a slice."""
        return len(self.slices) < len(self.images)

    @property
    def name(self) -> str:
        """Description of its series."""
        return self.images[0].series.description


def acquisitions(images: abc.Sequence[SliceImage], together: bool = False) -> list[list[SliceImage]]:
    """Return images of one grid and orientation, acquisition by acquisition.

    Args:
        images: the images.
        together: series of one phase each belong together whatever their names, where anything puts them in order.
    """
    numbered = _numbered_places(images)
    found: list[list[SliceImage]] = []
    for kind in _grouped(numbered, lambda one: (one[0].is_enhanced, one[0].component, one[0].auxiliary)):
        parts = [
            part for series in _grouped(kind, lambda one: one[0].series.uid) for part in _without_repeats(_part(series))
        ]
        parts.sort(key=lambda part: (len(part.images[0].series.number), part.images[0].series.number))
        moving, still = [part for part in parts if part.moves], [part for part in parts if not part.moves]
        stacks = _stacks(moving)
        joined, apart = _joined(stacks, still)
        found += [_images(parts) for parts in joined]
        found += [_images(parts) for parts in _volumes(apart, ORDER_CLUES if together else _SURE_CLUES)]
    return found


def _numbered_places(images: abc.Sequence[SliceImage]) -> list[tuple[SliceImage, int]]:
    return [(image, number) for number, group in enumerate(in_slices(images)) for image in group]


def _part(numbered: abc.Sequence[tuple[SliceImage, int]]) -> Part:
    return Part([image for image, _ in numbered], [place for _, place in numbered])


def _without_repeats(part: Part) -> list[Part]:
    """Return a part, or its acquisitions where it holds several, such as both directions of a flow."""
    if not part.moves or any(image.mark.says for image in part.images):  # synthetic images are not acquired again
        return [part]
    numbered, rounds = list(zip(part.images, part.places, strict=True)), _rounds(part)
    for telltale in (*_TELLTALES, lambda image: rounds.get(id(image))):
        groups = [_part(group) for group in _grouped(numbered, lambda one: telltale(one[0]))]  # noqa: B023 - used here
        if len(groups) > 1 and _are_repeats(groups):
            return [one for group in groups for one in _without_repeats(group)]
    return [part]


def _rounds(part: Part) -> dict[int, int]:
    """Return how often the phases have begun again at an image, in the order of the image numbers, by its identity."""
    slices = in_slices(part.images)
    if any(IMAGE_NUMBER.name not in image.clues for image in part.images):
        return {}
    ordered = [sorted(images, key=lambda image: image.clues[IMAGE_NUMBER.name]) for images in slices]
    rounds: dict[int, int] = {}
    for clue in _SURE_CLUES:
        if all(clue.name in image.clues for image in part.images):
            for images in ordered:
                values = [image.clues[clue.name] for image in images]
                begun = np.cumsum(np.diff(values, prepend=values[0]) < 0)
                rounds |= {id(image): int(number) for image, number in zip(images, begun, strict=True)}
            return rounds
    return {}


def _are_repeats(parts: abc.Sequence[Part]) -> bool:
    """Tell whether parts show the same slices, each in several phases, over the same span of some clue."""
    if any(part.slices != parts[0].slices or not part.moves for part in parts):
        return False
    counts = {tuple(np.bincount(part.places)) for part in parts}
    return len(counts) == 1 and any(_overlap(clue, parts) for clue in ORDER_CLUES if clue.kind is not Kind.CLOCK)


def _overlap(clue: Clue, parts: abc.Sequence[Part]) -> bool:
    """Tell whether the values of a clue in all parts overlap by half or more of their span."""
    spans = []
    for part in parts:
        values = [value for row in clue.values([part.images]) for value in row if value is not None]
        if len(values) < len(part.images) or len(set(values)) == 1:
            return False
        spans.append((min(values), max(values)))
    shared = min(stop for _, stop in spans) - max(start for start, _ in spans)
    return shared >= max(stop - start for start, stop in spans) / 2


def _stacks(parts: list[Part]) -> list[list[Part]]:
    """Return series with all phases of their slices, stack by stack.

    A slice that was acquired again stays in its stack, which is then refused: nothing tells which one to take.
    """
    if _are_disjoint(parts):
        return [parts] if parts else []
    stacks: list[list[Part]] = []
    for relatives in _grouped(parts, lambda part: family(part.name)):
        if _are_disjoint(relatives):
            stacks.append(relatives)
        elif all(any(one.slices & other.slices for other in relatives if other is not one) for one in relatives):
            stacks += _repeats(relatives)
        else:
            stacks.append(relatives)
    return stacks


def _repeats(parts: list[Part]) -> list[list[Part]]:
    """Return the acquisitions of a stack that was acquired several times as a whole, else every part on its own."""
    stacks: list[list[Part]] = []
    for part in parts:
        stack = next((one for one in stacks if _are_disjoint([*one, part])), None)
        if stack is None:
            stacks.append([part])
        else:
            stack.append(part)
    whole = {frozenset().union(*(part.slices for part in stack)) for stack in stacks}
    return stacks if len(whole) == 1 else [[part] for part in parts]


def _joined(stacks: list[list[Part]], still: list[Part]) -> tuple[list[list[Part]], list[Part]]:
    """Return the stacks, with series of one phase that fill a gap of theirs, whose other phases are missing; and the
    others."""
    apart = []
    for part in still:
        for stack in stacks:
            if family(stack[0].name) == family(part.name) and _are_disjoint([*stack, part]):
                stack.append(part)
                break
        else:
            apart.append(part)
    return stacks, apart


def _volumes(parts: list[Part], sure: abc.Sequence[Clue]) -> list[list[Part]]:
    """Return series with one image a slice: those that are phases of one another together, others on their own.

    What `sure` clues put in order is together whatever its names.
    """
    if _are_disjoint(parts):
        return [parts] if parts else []
    found: list[list[Part]] = []
    for alike in _linked(parts):
        if len(alike) == 1 or _are_phases(alike, sure):
            found.append(alike)
            continue
        for relatives in _grouped(alike, lambda part: (family(part.name), named_phase(part.name) is None)):
            closest = _by_names(relatives)
            if len(closest) > 1 and not _are_sets(closest) and _are_phases(relatives, ORDER_CLUES):
                found.append(relatives)
            else:
                found += [one for together in closest for one in _rounds_of_series(together)]
    return found


def _by_names(parts: list[Part]) -> list[list[Part]]:
    """Return series whose names differ in no more than the phase together."""
    numbers = varying_numbers([part.name for part in parts])
    if len(numbers) == 2:  # the phase, and a kernel or a round
        for values in numbers.values():
            own = dict(zip(map(id, parts), values, strict=True))
            groups = _grouped(parts, lambda part: own[id(part)])  # noqa: B023 - used here
            if len({len(group) for group in groups}) == 1 and all(_are_phases(group, PHASE_CLUES) for group in groups):
                return groups
    return _grouped(parts, lambda part: kin(part.name))


def _are_sets(groups: abc.Sequence[list[Part]]) -> bool:
    """Tell whether groups of series with the same name each are phases on their own."""
    return len({len(group) for group in groups}) == 1 and all(_are_phases(group, ORDER_CLUES) for group in groups)


def _rounds_of_series(parts: list[Part]) -> list[list[Part]]:
    """Return series of one phase each, acquisition by acquisition, where all phases are there several times.

    The numbers of the series or the clock must put every acquisition as a whole before the next.
    """
    for clue in PHASE_CLUES:
        values = [_only_value(clue, part, parts) for part in parts]
        counts = Counter(values)
        if None not in counts and len(counts) > 1 and set(counts.values()) != {1}:
            break
    else:
        return [parts]
    if len(set(counts.values())) > 1:
        return [parts]
    for key in _WHEN:
        whens = [key(part) for part in parts]
        if None in whens:
            continue
        by_value = [
            sorted(when for when, value in zip(whens, values, strict=True) if value == one)  # type: ignore[type-var]
            for one in counts
        ]
        bounds = np.array(by_value, dtype=float)  # (phase, round)
        if (bounds.max(axis=0)[:-1] < bounds.min(axis=0)[1:]).all():
            number = np.searchsorted(bounds.min(axis=0), np.array(whens, dtype=float), side="right")
            rounds = [[part for part, own in zip(parts, number, strict=True) if own == one] for one in set(number)]
            return rounds if all(_are_phases(one, ORDER_CLUES) for one in rounds) else [parts]
    return [parts]


def _only_value(clue: Clue, part: Part, parts: abc.Sequence[Part]) -> float | None:
    """Return the value of a clue where all images of a series share it, as seen among others; None where not."""
    row = clue.values([[one.images[0] for one in parts], part.images])[1]
    return row[0] if len(set(row)) == 1 else None


def _series_number(part: Part) -> float | None:
    number = part.images[0].series.number
    return float(number) if number.isdecimal() else None


def _first(name: str) -> Callable[[Part], float | None]:
    """Return the function that returns the least value of a clue in a series."""
    return lambda part: min((image.clues[name] for image in part.images if name in image.clues), default=None)


_WHEN = (_first("AcquisitionDateTime"), _first("AcquisitionTime"), _first("ContentTime"), _series_number)
"""What tells when a series was acquired or reconstructed, most telling first."""


def _linked(parts: list[Part]) -> list[list[Part]]:
    """Return parts in groups that show the same volume."""
    groups: list[list[Part]] = []
    for part in parts:
        for group in groups:
            shared, every = group[0].slices & part.slices, group[0].slices | part.slices
            if len(shared) >= SAME_SLICES * len(every):
                group.append(part)
                break
        else:
            groups.append([part])
    return groups


def _are_phases(parts: list[Part], clues: abc.Sequence[Clue]) -> bool:
    """Tell whether clues put series of one image a slice in order."""
    slices = in_slices(_images(parts))
    if len(parts) < 2 or len(set(map(len, slices))) > 1:
        return False
    try:
        phase_order(slices, clues)
    except InvalidInputError:
        return False
    return True


def _are_disjoint(parts: abc.Sequence[Part]) -> bool:
    return len(frozenset().union(*(part.slices for part in parts))) == sum(len(part.slices) for part in parts)


def _images(parts: Iterable[Part]) -> list[SliceImage]:
    return list(itertools.chain.from_iterable(part.images for part in parts))


_One = TypeVar("_One")


def _grouped(things: Iterable[_One], key: Callable[[_One], Hashable]) -> list[list[_One]]:
    """Return things with the same key together, in the order in which they come."""
    groups: dict[Hashable, list[_One]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return list(groups.values())
