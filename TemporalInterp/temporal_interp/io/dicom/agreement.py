"""Whether slices agree on their phases, once these are in order: in time, in their series, in their image numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from temporal_interp.io.dicom.clues import IMAGE_NUMBER, Slices
from temporal_interp.io.dicom.headers import file_label

TIME_SHARE = 0.3
"""Slices of one phase may differ in time by this share of the step to the next phase (our choice).

An offset and a pace of a slice's own are no difference: RR intervals differ from breath hold to breath hold.
"""

GREATEST_PACE = 2.0
"""RR intervals of slices may differ by this factor (our choice)."""

PERCENT_ROUNDING = 1.0
"""Percentages of one phase may differ by this between slices."""

SHIFT_SHARE = 0.1
"""Times are those of the next phase where they differ by less than this share of a step (our choice)."""

LEAST_SHIFTED, LEAST_EVEN = 3, 5
"""Phases from which a shift by one, and even steps, can be told."""

SHOWN_SLICES, SHOWN_PHASES = 4, 8


@dataclass(frozen=True)
class Disagreement:
    """Where slices do not agree on the times of their phases.

    Attributes:
        words: what is wrong.
        slices: numbers of the slices.
    """

    words: str
    slices: tuple[int, ...]


def disagreement_in_time(times: np.ndarray, ordered: Slices) -> Disagreement | None:
    """Return where slices do not agree on the times of their phases, None where they do.

    Args:
        times: (slice, phase), rising along each slice.
        ordered: the images, likewise.
    """
    spans = times[:, -1] - times[:, 0]
    short, long = int(spans.argmin()), int(spans.argmax())
    if not spans[long] <= GREATEST_PACE * spans[short]:
        words = f"the phases of slice {short} span {spans[short]:g}, those of slice {long} span {spans[long]:g}."
        return Disagreement(words, (short, long))
    share = (times - times[:, :1]) / spans[:, None]
    steps = np.diff(np.median(share, axis=0))
    nearest = np.minimum(np.append(steps, np.inf), np.append(np.inf, steps))
    apart = np.ptp(share, axis=0) / nearest
    phase = int(apart.argmax())
    if apart[phase] > TIME_SHARE:
        first, last = sorted((int(share[:, phase].argmin()), int(share[:, phase].argmax())))
        files = " and ".join(file_label(ordered[number][phase].path) for number in (first, last))
        return Disagreement(f"slices {first} and {last} do not fit together at phase {phase} ({files}).", (first, last))
    return _disagreement_with_image_numbers(ordered) or _odd_time(times, ordered)


def disagreement_in_percent(percent: np.ndarray) -> Disagreement | None:
    """Return where slices do not have the same percentages, (slice, phase), but for rounding; None where they do."""
    apart = np.ptp(percent, axis=0)
    phase = int(apart.argmax())
    if apart[phase] <= PERCENT_ROUNDING:
        return None
    first, last = sorted((int(percent[:, phase].argmin()), int(percent[:, phase].argmax())))
    words = f"slices {first} and {last} have other percentages, {percent[first, phase]:g} and {percent[last, phase]:g}."
    return Disagreement(words, (first, last))


def lacks_phases(values: np.ndarray) -> Disagreement | None:
    """Return where slices lack different phases of a common numbering, (slice, phase), None where they do not."""
    sets = [frozenset(row) for row in values.tolist()]
    every, shared = frozenset().union(*sets), frozenset(sets[0]).intersection(*sets)
    if len(every) == len(sets[0]) or 2 * len(shared) < len(sets[0]):
        return None
    other = next(number for number, one in enumerate(sets) if one != sets[0])
    missing = sorted(sets[other] - sets[0])[0], sorted(sets[0] - sets[other])[0]
    return Disagreement(f"slice 0 has no phase {missing[0]:g}, slice {other} no phase {missing[1]:g}.", (0, other))


def shifted_by_a_phase(times: np.ndarray, ordered: Slices) -> Disagreement | None:
    """Return which slices have the times of one another, but for one phase at their ends; None where none do.

    Where the header announces more phases than there are, an offset of about a step is enough. Nothing is lacking where
    the images of every series are numbered from 1 without a gap.
    """
    if times.shape[1] < LEAST_SHIFTED or _are_numbered_without_gap(ordered):
        return None
    first = int(times[:, 0].argmin())
    steps = np.diff(times[first])
    announced = [image.phases_announced or 0 for images in ordered for image in images]
    lacking = min(announced) > times.shape[1]
    for number, row in enumerate(times):
        offset = row[0] - times[first, 0]
        same = np.abs(row[:-1] - times[first, 1:]).max() <= SHIFT_SHARE * steps.min()
        if same or (lacking and abs(offset - steps[0]) <= TIME_SHARE * steps[0]):
            words = f"slice {number} begins a whole phase after slice {first}; each seems to lack another phase."
            return Disagreement(words, (first, number))
    return None


def _are_numbered_without_gap(ordered: Slices) -> bool:
    numbers: dict[str, set[float]] = {}
    for images in ordered:
        for image in images:
            numbers.setdefault(image.series.uid, set()).add(image.clues.get(IMAGE_NUMBER.name, 0.0))
    count = sum(map(len, ordered))
    return sum(map(len, numbers.values())) == count and all(
        one == {*range(1, len(one) + 1)} for one in numbers.values()
    )


def _odd_time(times: np.ndarray, ordered: Slices) -> Disagreement | None:
    """Return which slice has one image alone out of its place among evenly spaced ones; None where none has.

    Image numbers are in order apart from it. Where the times as they are make even steps, it is the number that is odd.
    """
    if len(ordered) > 2 or times.shape[1] < LEAST_EVEN:
        return None
    for number, (row, images) in enumerate(zip(times, ordered, strict=True)):
        if _is_even(row, np.arange(len(row))) or any(IMAGE_NUMBER.name not in image.clues for image in images):
            continue
        by_number = np.argsort([image.clues[IMAGE_NUMBER.name] for image in images], kind="stable")
        if (np.diff(by_number) > 0).all():
            continue
        for place, index in enumerate(by_number):
            others = np.delete(np.arange(len(row)), place)
            if _is_even(row[by_number[others]], others):
                words = (
                    f"the times of {file_label(images[index].path)} and its image number disagree; those of all other "
                    f"images of slice {number} fit."
                )
                return Disagreement(words, (number,))
    return None


def _is_even(times: np.ndarray, places: np.ndarray) -> bool:
    """Tell whether times rise by even steps with their places, to `TIME_SHARE` of a step."""
    step = float(np.median(np.diff(times) / np.diff(places)))
    rest = times - step * places
    return step > 0 and float(np.ptp(rest)) <= 2 * TIME_SHARE * step


def _disagreement_with_image_numbers(ordered: Slices) -> Disagreement | None:
    """Return which slice alone is in another order than that of its image numbers, None unless one is.

    Where more are, the numbers may not be in the order of time, and tell nothing.
    """
    by_number = [sorted(images, key=lambda image: image.clues.get(IMAGE_NUMBER.name, 0.0)) for images in ordered]
    fits = [list(map(id, images)) == list(map(id, row)) for images, row in zip(ordered, by_number, strict=True)]
    if len(fits) < 3 or fits.count(False) != 1 or not image_numbers_agree(by_number):
        return None
    odd = fits.index(False)
    file = next(image.path for image, other in zip(ordered[odd], by_number[odd], strict=True) if image is not other)
    return Disagreement(f"slice {odd} alone is not in the order of its image numbers ({file_label(file)}).", (odd,))


def image_numbers_agree(ordered: Slices) -> bool:
    """Tell whether image numbers in rising order follow a pattern that holds in all slices.

    They do where they rise by the same steps in every slice; where all of a phase come before those of the next, or all
    of a slice before those of the next; and where every slice has a series of its own.
    """
    if any(IMAGE_NUMBER.name not in image.clues for images in ordered for image in images):
        return False
    numbers = np.array([[image.clues[IMAGE_NUMBER.name] for image in images] for images in ordered])
    if (np.diff(numbers, axis=1) <= 0).any():
        return False
    steps = np.diff(numbers, axis=1)
    by_phase = (numbers.max(axis=0)[:-1] < numbers.min(axis=0)[1:]).all()
    by_slice = numbers[numbers[:, 0].argsort()]
    one_after_another = (by_slice[:-1, -1] < by_slice[1:, 0]).all()
    series = [{image.series.uid for image in images} for images in ordered]
    own = len(set.union(*series)) == sum(map(len, series))
    return bool(not np.ptp(steps, axis=0).any() or by_phase or one_after_another or own)


def keeps_series_together(ordered: Slices) -> bool:
    """Tell whether every series lies in one phase, where a slice has images of several."""
    if all(len({image.series.uid for image in images}) == 1 for images in ordered):
        return True
    phases: dict[str, set[int]] = {}
    for images in ordered:
        for phase, image in enumerate(images):
            phases.setdefault(image.series.uid, set()).add(phase)
    return all(len(one) == 1 for one in phases.values())


def table_of_times(name: str, unit: str, times: np.ndarray, ordered: Slices, odd: Collection[int]) -> str:
    """Return a small table of the times of the phases and the numbers of their images (#), for a message."""
    rows = sorted({*odd, *range(min(SHOWN_SLICES - len(odd), len(times)))})
    last = min(SHOWN_PHASES, times.shape[1])
    lines = [f"{f'{name}, {unit}':<32}" + "".join(f"{f'phase {phase}':>14}" for phase in range(last))]
    for number in rows:
        label = f"slice {number} ({ordered[number][0].series.number or '-'})"
        cells = [
            f"{value:.6g}" + (f" #{image.clues[IMAGE_NUMBER.name]:g}" if IMAGE_NUMBER.name in image.clues else "")
            for value, image in zip(times[number, :last], ordered[number], strict=False)
        ]
        lines.append(f"{label:<32}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)
