"""The order and the times of the phases of a stack of DICOM images."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.agreement import (
    Disagreement,
    disagreement_in_percent,
    disagreement_in_time,
    image_numbers_agree,
    keeps_series_together,
    lacks_phases,
    shifted_by_a_phase,
    table_of_times,
)
from temporal_interp.io.dicom.clues import (
    ACQUISITION_NUMBER,
    FALLBACK_CLUES,
    IMAGE_NUMBER,
    INDEX,
    NUMBERED,
    ORDER_CLUES,
    TELLING_CLUES,
    TIME_CLUES,
    Clue,
    Kind,
    Slices,
)
from temporal_interp.io.dicom.cycle import whole_cycle
from temporal_interp.io.dicom.headers import SliceImage, file_label

DECIMALS = 3
"""Times are rounded to the microsecond: scanners write 34.4000015258789 for 34.4."""

WHOLE_SECOND = 1000
"""Clocks that tell no less, in ms, may be the same for two phases of neighbouring slices."""

RR_SHARE = 0.01
"""RR intervals that differ by less than this share are not worth a note."""


@dataclass(frozen=True, eq=False)
class PhaseOrder:
    """The images of every slice in order of their phase, and their index.

    Attributes:
        slices: the images.
        values: of the index, one a phase.
        name: of the index.
        unit: of the index.
        notes: for the user.
        period: length of the cycle in `unit` where the phases are one whole cycle, see `whole_cycle`.
        is_told: whether one of `TELLING_CLUES` gives the order.
    """

    slices: Slices
    values: Sequence[float]
    name: str
    unit: str
    notes: Sequence[str] = ()
    period: float | None = None
    is_told: bool = False

    @property
    def attributes(self) -> list[dict[str, str]]:
        """Attributes of every phase; a phase is synthetic if an image of it is."""
        return [
            next((dict(image.mark.attributes) for image in images if image.mark.attributes), {})
            for images in zip(*self.slices, strict=True)
        ]


class _UnusableError(Exception):
    """A clue that does not tell the order of the phases; the message says why, and is empty where it is not there."""


class _DoubledError(_UnusableError):
    """A clue that is the same for two images of one place."""

    def __init__(self, message: str, of_two_series: bool) -> None:
        super().__init__(message)
        self.of_two_series = of_two_series


def phase_order(slices: Slices, clues: Sequence[Clue] = ORDER_CLUES) -> PhaseOrder:
    """Return the phases of slices that have the same number of images each.

    The order is that of the first of `clues` that every image has and that does not contradict itself. The times are
    those of the first of `TIME_CLUES` that rises in this order and agrees between the slices; without one, phases are
    numbered. A phase's time is the median over the slices, as the RR interval differs from breath hold to breath hold
    (our choice).

    Their period is that of `whole_cycle`.

    Raises:
        InvalidInputError: nothing tells the order of the phases, or the times of the slices contradict each other.
    """
    if len(slices[0]) == 1:
        return PhaseOrder(slices, [0.0], "frame", "")
    reasons: dict[str, str] = {}
    doubled, of_two_series, tried = "", False, list[Clue]()
    for clue in clues:
        if clue in FALLBACK_CLUES and (
            of_two_series or any(_is_repeated(other, slices) for other in (*tried, NUMBERED))
        ):
            break  # clocks and numbers would only tell images of several acquisitions or components apart
        try:
            ordered = _ordered_by(clue, slices)
        except _UnusableError as why:
            if str(why) and clue is not ACQUISITION_NUMBER:  # which often counts something else
                reasons[clue.name] = str(why)
                tried.append(clue)
            if isinstance(why, _DoubledError):
                doubled = doubled or str(why)
                of_two_series |= why.of_two_series and clue not in FALLBACK_CLUES
            continue
        return _with_times(ordered, clue, reasons)
    if doubled:
        raise InvalidInputError(
            f"two images have the same place and time, and nothing else tells their order: {doubled}. Keep one of "
            f"each, or name the series that belong together."
        )
    together = "; ".join(reasons.values()) or "there are no times and no image numbers"
    raise InvalidInputError(
        f"nothing in the headers tells the order of the {len(slices[0])} images at the place of "
        f"{file_label(slices[0][0].path)}: {together}. Choose one series, or correct these entries."
    )


def _ordered_by(clue: Clue, slices: Slices) -> list[list[SliceImage]]:
    """Return the images of every slice in the order of a clue.

    Raises:
        _UnusableError: it does not tell the order.
        InvalidInputError: it tells when images were acquired, and the slices contradict each other.
    """
    values = clue.values(slices)
    given = sum(value is not None for row in values for value in row)
    if not given or all(len(set(row)) == 1 for row in values):
        raise _UnusableError
    total = sum(map(len, values))
    if given < total:
        first = next(
            image.path
            for images, row in zip(slices, values, strict=True)
            for image, value in zip(images, row, strict=True)
            if value is None
        )
        raise _UnusableError(f"{clue.name} is missing on {total - given} of {total} images, as on {file_label(first)}")
    ordered = []
    for images, row in zip(slices, values, strict=True):
        order = np.argsort(np.array(row, dtype=float), kind="stable")
        for one, other in itertools.pairwise(order):
            if row[one] == row[other]:
                two = images[one], images[other]
                of_two_series = two[0].series != two[1].series
                labels = [
                    file_label(image.path) + f" (series {image.series.number})" * (of_two_series) for image in two
                ]
                raise _DoubledError(
                    f"{clue.name} is {row[one]:g} on both {labels[0]} and {labels[1]}, which show the same place",
                    of_two_series,
                )
        ordered.append([images[number] for number in order])
    _require_consistent(clue, ordered)
    return ordered


def _require_consistent(clue: Clue, ordered: Slices) -> None:
    """Raise as `_ordered_by` where the slices do not agree on the phases."""
    if clue is IMAGE_NUMBER:
        if any(len({image.series.uid for image in images}) > 1 for images in ordered):
            raise _UnusableError("InstanceNumber counts anew in each of several series")
        if not image_numbers_agree(ordered):
            raise _UnusableError("InstanceNumber does not follow the same pattern in all slices")
        return
    if not keeps_series_together(ordered):
        raise _UnusableError(f"{clue.name} puts images of one series into several phases")
    times = _rows(clue, ordered)
    if clue.kind is Kind.ORDER:
        if wrong := lacks_phases(times):
            raise _contradiction(clue, times, ordered, wrong)
        if np.ptp(times, axis=0).any():
            raise _UnusableError(f"{clue.name} has other values in some slices than in others")
        return
    wrong = disagreement_in_percent(times) if clue.kind is Kind.PERCENT else disagreement_in_time(times, ordered)
    shifted = shifted_by_a_phase(times, ordered)
    if shifted and (clue.kind is Kind.DELAY or (not wrong and (times % WHOLE_SECOND).any())):
        raise _contradiction(clue, times, ordered, shifted)
    if wrong and clue.kind is Kind.CLOCK:
        raise _UnusableError(f"{clue.name} does not rise in the same way in all slices")
    if wrong:
        raise _contradiction(clue, times, ordered, wrong)


def _contradiction(clue: Clue, times: np.ndarray, ordered: Slices, wrong: Disagreement) -> InvalidInputError:
    return InvalidInputError(
        f"the slices contradict each other on when the phases were acquired: {wrong.words}\n"
        f"{table_of_times(clue.name, INDEX[clue.kind][1], times, ordered, wrong.slices)}\n"
        f"Correct {clue.name}, or take the images of this slice out of the folder."
    )


def _is_repeated(clue: Clue, slices: Slices) -> bool:
    """Tell whether every value of a clue is there the same number of times, more than once.

    Times of the clock may be, where they are given to the second.
    """
    if clue.kind is Kind.CLOCK:
        return False
    values = clue.values(slices)
    counts = {count for row in values for count in Counter(row).values()}
    return len(counts) == 1 and counts != {1} and any(len(set(row)) > 1 for row in values)


def _rows(clue: Clue, ordered: Slices) -> np.ndarray:
    """Return the values of a clue that all images have, (slice, phase)."""
    return np.array(clue.values(ordered), dtype=float)


def _with_times(ordered: Slices, by: Clue, reasons: dict[str, str]) -> PhaseOrder:
    """Return the phases with the times that fit to their order; `reasons` say which clues were of no use."""
    marked = _marked(ordered)
    if marked is not None:
        return marked
    for clue in TIME_CLUES:
        times = _times(clue, ordered)
        if times is not None:
            break
    else:
        return _numbered(ordered, by, reasons)
    notes = [f"{reason}; it was not used." for name, reason in reasons.items() if _ranks_before(name, clue, by)]
    notes += [clue.note] if clue.note else []
    notes += _other_order_of_numbers(ordered) if by.name == "ContentTime" else []
    notes += _missing_phases(ordered) + _spread(times, clue)
    values = np.round(np.median(times, axis=0), DECIMALS)
    period = whole_cycle(ordered, times, values, clue)
    period = None if period is None else round(period, DECIMALS)
    return PhaseOrder(ordered, values.tolist(), *INDEX[clue.kind], notes, period, by in TELLING_CLUES)


def _marked(ordered: Slices) -> PhaseOrder | None:
    """Return phases with the times that this program has written, None where it has not, or not in this order."""
    first = ordered[0][0].mark
    times = np.array([[image.mark.time for image in images] for images in ordered], dtype=float)  # NaN for None
    alike = {(image.mark.index_name, image.mark.unit, image.mark.period) for images in ordered for image in images}
    if np.isnan(times).any() or np.ptp(times, axis=0).any() or len(alike) > 1 or (np.diff(times[0]) <= 0).any():
        return None
    period = first.period
    if period is not None and not period > times[0, -1] - times[0, 0]:
        return None
    return PhaseOrder(ordered, times[0].tolist(), first.index_name, first.unit, period=period, is_told=True)


def _numbered(ordered: Slices, by: Clue, reasons: dict[str, str]) -> PhaseOrder:
    kind = "the image numbers" if by is IMAGE_NUMBER else by.name
    note = f"There are no times; phases are in the order of {kind} and numbered."
    notes = [*(f"{reason}; it was not used." for reason in reasons.values()), note, *_missing_phases(ordered)]
    numbers = list(map(float, range(len(ordered[0]))))
    return PhaseOrder(ordered, numbers, *INDEX[Kind.ORDER], notes, is_told=by in TELLING_CLUES)


def _ranks_before(name: str, *used: Clue) -> bool:
    """Tell whether a clue would have been preferred to one of those that were used."""
    order = [clue.name for clue in ORDER_CLUES]
    return any(order.index(name) < order.index(clue.name) for clue in used)


def _times(clue: Clue, ordered: Slices) -> np.ndarray | None:
    """Return the times of the phases, (slice, phase), None where a clue does not tell them."""
    values = clue.values(ordered)
    if any(value is None for row in values for value in row):
        return None
    times = np.array(values, dtype=float)
    if (np.diff(times, axis=1) <= 0).any() or disagreement_in_time(times, ordered) is not None:
        return None
    if clue.kind is Kind.PERCENT and disagreement_in_percent(times) is not None:
        return None
    return times - times[:, :1] if clue.kind is Kind.CLOCK else times


def _spread(times: np.ndarray, clue: Clue) -> list[str]:
    """Return notes on how the times of a phase differ from slice to slice."""
    if INDEX[clue.kind][1] != "ms":
        return []
    first, last = times[:, 0], times[:, -1]
    span = last - first
    if np.ptp(span) > RR_SHARE * span.max():
        what = "RR interval differs" if clue.kind is Kind.DELAY else "The pace differs"
        return [
            f"{what} between slices (the last phase is at {last.min():.0f}-{last.max():.0f} ms); phases were matched "
            f"by number and have the median time."
        ]
    if np.ptp(first) > RR_SHARE * span.max():
        return [
            f"Slices of one phase are acquired at different times (up to {np.ptp(first):.0f} ms apart); a phase has "
            f"the median time."
        ]
    return []


def _other_order_of_numbers(ordered: Slices) -> list[str]:
    """Return a note if image numbers put phases in another order than that of ContentTime, alike in all slices."""
    if any(IMAGE_NUMBER.name not in image.clues for images in ordered for image in images):
        return []
    by_number = [sorted(images, key=lambda image: image.clues[IMAGE_NUMBER.name]) for images in ordered]
    if by_number == [list(images) for images in ordered] or not image_numbers_agree(by_number):
        return []
    return [
        "The image numbers put the phases in another order than ContentTime, which may be that of the reconstruction; "
        "ContentTime was taken. Check the order of the frames."
    ]


def _missing_phases(ordered: Slices) -> list[str]:
    """Return a note if the header promises more phases than there are."""
    given = [image.phases_announced for images in ordered for image in images]
    announced = {number for number in given if number is not None}
    if len(announced) == 1 and max(announced) > len(ordered[0]):
        return [f"The headers announce {max(announced)} phases, {len(ordered[0])} are there; some may be missing."]
    return []
