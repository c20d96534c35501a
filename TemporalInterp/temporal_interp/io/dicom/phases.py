"""The order and the times of the phases of a stack of DICOM images."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.headers import SliceImage, file_label

Slices = Sequence[Sequence[SliceImage]]

DECIMALS = 3
"""Times are rounded to the microsecond: scanners write 34.4000015258789 for 34.4."""

RR_SHARE = 0.01
"""RR intervals that differ by less than this share are not worth a note."""

STEP_SHARE = 0.5
"""A cycle may be longer or shorter than its phases by less than this share of the step from phase to phase."""


@dataclass(frozen=True, eq=False)
class PhaseOrder:
    """The images of every slice in order of their phase, and their index.

    Attributes:
        slices: the images.
        values: of the index, one a phase.
        name: of the index.
        unit: of the index.
        notes: for the user.
        period: length of the cycle in `unit` where the phases are one whole cycle, see `phase_order`.
    """

    slices: Slices
    values: Sequence[float]
    name: str
    unit: str
    notes: Sequence[str] = ()
    period: float | None = None


@dataclass(frozen=True)
class _Clue:
    """An entry of the header that may tell phases apart.

    Attributes:
        of: returns the entry of an image, None where it has none.
        name: of the index that it makes.
        unit: of the index that it makes, "" if it gives only the order.
        across_series: whether it also tells images of several series at one place apart.
        is_clock: whether it is the time of day. Such times are counted from the first phase, and images of one place
            that share it only mean that it is no clue here; otherwise one of them is a duplicate.
        note: what to tell the user where it is used.
    """

    of: Callable[[SliceImage], float | None]
    name: str
    unit: str
    across_series: bool
    is_clock: bool
    note: str

    def value_of(self, image: SliceImage) -> float:
        """Return the entry of an image that is known to have one."""
        value = self.of(image)
        assert value is not None
        return value


def _percent(image: SliceImage) -> float | None:
    """Return the phase that the series is named after, as in 'Gated, 40.0%'."""
    match = re.search(r"(\d+(?:\.\d+)?)\s*%", image.series.description)
    return float(match[1]) if match else None


_CLUES = (
    _Clue(attrgetter("trigger_time"), "time", "ms", across_series=True, is_clock=False, note=""),
    _Clue(
        _percent,
        "phase",
        "%",
        across_series=True,
        is_clock=False,
        note="Phases were distinguished by the percentage in the name of their series.",
    ),
    _Clue(
        attrgetter("acquired_at"),
        "time",
        "ms",
        across_series=False,
        is_clock=True,
        note="There are no trigger times; phases have the time of acquisition, counted from the first phase.",
    ),
    _Clue(
        attrgetter("number"),
        "frame",
        "",
        across_series=False,
        is_clock=False,
        note="There are no times; phases are in the order of the image numbers and numbered.",
    ),
)
"""In order of preference."""


def phase_order(slices: Slices) -> PhaseOrder:
    """Return the phases of slices that have the same number of images each.

    Phases are matched by their number; a phase's time is the median over the slices, as the RR interval differs from
    breath hold to breath hold (our choice).

    Phases are one whole cycle, and have its length as their period, only where the headers say so (our choice):

    - Trigger times and the length of the cycle are given, as by retrospective gating. In every slice, the phases last
      as long as the cycle to within half a step, each lasting one step; and there are as many as are announced, if the
      header does announce a number. The period is the median over the slices, as the times are. Prospective gating,
      which leaves out the end of the cycle, gives no period: the last gap would be too long to be filled like the
      others.
    - Series are named after evenly spaced percentages of the cycle that make up 100 %.

    Raises:
        InvalidInputError: nothing tells the order of the phases, or an image is duplicated.
    """
    if len(slices[0]) == 1:
        return PhaseOrder(slices, [0.0], "frame", "")
    for clue in _CLUES:
        if _tells_phases(clue, slices):
            ordered = [sorted(images, key=clue.value_of) for images in slices]
            return _with_times(ordered, clue)
    raise InvalidInputError(
        f"nothing in the headers tells the order of the {len(slices[0])} images at the place of "
        f"{file_label(slices[0][0].path)}: no trigger times, no times of acquisition, no image numbers, or several "
        f"series. Point at the folder of one series."
    )


def _tells_phases(clue: _Clue, slices: Slices) -> bool:
    """Tell whether a clue orders the images of every slice.

    Raises InvalidInputError where it would, were it not for duplicate images.
    """
    values = [[clue.of(image) for image in images] for images in slices]
    if any(None in row for row in values) or all(len(set(row)) == 1 for row in values):
        return False
    if not clue.across_series and any(len({image.series.uid for image in images}) > 1 for images in slices):
        return False
    doubled = next((images for images in slices if len({clue.of(image) for image in images}) < len(images)), None)
    if doubled is None:
        return True
    if clue.is_clock:
        return False
    ordered = sorted(doubled, key=clue.value_of)
    one, other = next(pair for pair in itertools.pairwise(ordered) if clue.of(pair[0]) == clue.of(pair[1]))
    raise InvalidInputError(
        f"two images have the same place and time: {file_label(one.path)} of {one.series} and "
        f"{file_label(other.path)} of {other.series}. Keep one of each, for example only the magnitude images."
    )


def _with_times(ordered: Slices, clue: _Clue) -> PhaseOrder:
    notes = [clue.note] if clue.note else []
    notes += _missing_phases(ordered)
    if not clue.unit:
        return PhaseOrder(ordered, list(map(float, range(len(ordered[0])))), clue.name, clue.unit, notes)
    times = np.array([[clue.value_of(image) for image in images] for images in ordered])
    if clue.is_clock:
        times = times - times[:, :1]
    last = times[:, -1]
    if clue.unit == "ms" and np.ptp(last) > RR_SHARE * last.max():
        notes.append(
            f"RR interval differs between slices (the last phase is at {last.min():.0f}-{last.max():.0f} ms); phases "
            f"were matched by number and have the median time."
        )
    values = np.round(np.median(times, axis=0), DECIMALS)
    period = _period(ordered, times, clue)
    if period is not None and not _is_whole(values, period):
        period = None
    return PhaseOrder(ordered, values.tolist(), clue.name, clue.unit, notes, period)


def _period(ordered: Slices, times: np.ndarray, clue: _Clue) -> float | None:
    """Return the length of the cycle, None where the phases of a slice, whose times are a row, are not a whole one."""
    if clue.unit == "%":
        even = np.allclose(np.diff(times), 100 / times.shape[1], rtol=0, atol=1e-6)
        return 100.0 if even and not np.ptp(times, axis=0).any() else None
    if clue.is_clock:
        return None
    cycles = []
    for images, row in zip(ordered, times, strict=True):
        given = {image.cycle for image in images}
        announced = {image.phases_announced for image in images} - {None}
        cycle = given.pop()
        if given or cycle is None or announced - {len(images)} or not _is_whole(row, cycle):
            return None
        cycles.append(cycle)
    return round(float(np.median(cycles)), DECIMALS)


def _is_whole(times: np.ndarray, cycle: float) -> bool:
    """Tell whether phases last as long as a cycle, and the gap from the last to the first as long as the others."""
    steps = np.diff(times)
    step = float(np.median(steps))
    closing = cycle - (times[-1] - times[0])
    return max(abs(len(times) * step - cycle), abs(closing - step)) < STEP_SHARE * step


def _missing_phases(ordered: Slices) -> list[str]:
    """Return a note if the header promises more phases than there are."""
    given = [image.phases_announced for images in ordered for image in images]
    announced = {number for number in given if number is not None}
    if len(announced) == 1 and max(announced) > len(ordered[0]):
        return [f"The headers announce {max(announced)} phases, {len(ordered[0])} are there; some may be missing."]
    return []
