"""What may tell the phases of a cine apart: entries of the header, and the names of series, in order of preference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from temporal_interp.io.dicom.description import named_phase
from temporal_interp.io.dicom.entries import DAY
from temporal_interp.io.dicom.headers import SliceImage
from temporal_interp.io.dicom.numbered_names import Meaning, numbers_in_names

Slices = Sequence[Sequence[SliceImage]]

BREATH = "inspiration and expiration in the names of the series"
IN_BREATH = "the percentage of inspiration and expiration in the names of the series"
IN_NAME = "the phase in the names of the series"
TIME_IN_NAME = "the time in the names of the series"
NUMBER_IN_NAME = "the number in the names of the series"
"""Names of clues that are no entry of the header."""


class Kind(Enum):
    """What the values of a clue are; a DELAY is a time after the R wave or the first phase, a CLOCK the time of day."""

    ORDER = auto()
    DELAY = auto()
    PERCENT = auto()
    CLOCK = auto()


INDEX = {
    Kind.ORDER: ("frame", ""),
    Kind.DELAY: ("time", "ms"),
    Kind.PERCENT: ("phase", "%"),
    Kind.CLOCK: ("time", "ms"),
}
"""Name and unit of the index that values make; those of a clock are counted from the first phase."""


@dataclass(frozen=True)
class Clue:
    """Something in the headers that may tell phases apart.

    Attributes:
        name: keyword of the entry, or words for what else it is.
        kind: what its values are.
        note: what to tell the user where the times are its values.
    """

    name: str
    kind: Kind
    note: str = ""

    def values(self, slices: Slices) -> list[list[float | None]]:
        """Return the value of every image, None where it has none."""
        if self.name in (BREATH, IN_BREATH, IN_NAME, TIME_IN_NAME, NUMBER_IN_NAME):
            by_series = _named_values(slices, self.name)
            return [[by_series.get(image.series.uid) for image in images] for images in slices]
        if self.name == "AcquisitionNumber":
            return [[image.acquisition for image in images] for images in slices]
        values = [[image.clues.get(self.name) for image in images] for images in slices]
        return _across_midnight(values) if self.kind is Kind.CLOCK else values


def _clock(name: str, what: str) -> Clue:
    note = f"There are no trigger times; phases have the time of {what} ({name}), counted from the first phase."
    return Clue(name, Kind.CLOCK, note)


_INDEX = (Clue("TemporalPositionIndex", Kind.ORDER), Clue("TemporalPositionIdentifier", Kind.ORDER))
_PERCENT = (
    Clue("NominalPercentageOfCardiacPhase", Kind.PERCENT),
    Clue("NominalPercentageOfRespiratoryPhase", Kind.PERCENT),
)
_DELAY = (
    Clue("NominalCardiacTriggerDelayTime", Kind.DELAY),
    Clue("ActualCardiacTriggerDelayTime", Kind.DELAY),
    Clue("TriggerTime", Kind.DELAY),
    Clue("TemporalPositionTimeOffset", Kind.DELAY),
)
_NAMES = (
    Clue(BREATH, Kind.ORDER),
    Clue(
        IN_BREATH,
        Kind.PERCENT,
        "Phases were distinguished by the percentage of inspiration or expiration in the name of their series; a "
        "breath was taken to be half inspiration (0 to 50 %) and half expiration (50 to 100 %).",
    ),
    Clue(IN_NAME, Kind.PERCENT, "Phases were distinguished by the percentage in the name of their series."),
    Clue(TIME_IN_NAME, Kind.DELAY, "Phases have the time in the name of their series."),
)
NUMBERED = Clue(NUMBER_IN_NAME, Kind.ORDER)
_CLOCKS = (
    _clock("FrameReferenceDateTime", "the frame"),
    _clock("FrameAcquisitionDateTime", "acquisition"),
    _clock("AcquisitionDateTime", "acquisition"),
    _clock("AcquisitionTime", "acquisition"),
    Clue("FrameReferenceTime", Kind.DELAY, "There are no times of acquisition; phases have their FrameReferenceTime."),
    _clock("ContentTime", "the content"),
)

ACQUISITION_NUMBER = Clue("AcquisitionNumber", Kind.ORDER)

IMAGE_NUMBER = Clue("InstanceNumber", Kind.ORDER)

FALLBACK_CLUES = (*_CLOCKS, ACQUISITION_NUMBER, IMAGE_NUMBER)
"""Clues that tell any two images apart, those of two acquisitions or reconstructions as well."""

ORDER_CLUES = (
    *_INDEX,
    *_PERCENT,
    *_DELAY,
    *_NAMES,
    *_CLOCKS[:-1],
    NUMBERED,
    _CLOCKS[-1],
    ACQUISITION_NUMBER,
    IMAGE_NUMBER,
)
"""What may tell the order of phases, best first."""

PHASE_CLUES = tuple(clue for clue in ORDER_CLUES if clue not in FALLBACK_CLUES)
"""Clues that have the same value in the same phase of another acquisition."""

TELLING_CLUES = (*_INDEX, *_PERCENT, *_DELAY, *_NAMES)
"""Clues that are there to tell phases apart."""

TIME_CLUES = (*_DELAY, *_PERCENT, *_NAMES[1:], *_CLOCKS)
"""What may tell the times of phases whose order is known, best first."""


_MEANINGS = {
    IN_NAME: Meaning.PERCENT,
    TIME_IN_NAME: Meaning.MILLISECONDS,
    NUMBER_IN_NAME: Meaning.NUMBER,
}


def _named_values(slices: Slices, which: str) -> dict[str, float]:
    """Return the phase in the name of every series, in percent of the cycle, by UID; none where one has none.

    Where names differ by one number alone, that is the phase: a percentage of a reconstruction is the same in all.
    With inspiration and expiration, 0 % In is the start of a breath, 100 % its middle, and 0 % Ex its end. The order of
    a breath also tells 100 % In from 100 % Ex.
    """
    series = {image.series.uid: image.series for images in slices for image in images}
    if which in _MEANINGS:
        numbers = numbers_in_names([one.description for one in series.values()])
        if numbers and numbers[0] is _MEANINGS[which]:
            return dict(zip(series, numbers[1], strict=True))
        if which != IN_NAME:
            return {}
    phases = {uid: named_phase(one.description) for uid, one in series.items()}
    known = [phase for phase in phases.values() if phase is not None]
    if len(known) < len(phases):
        return {}
    values = {phase.value for phase in known}
    if not (all(phase.percent for phase in known) or (len(values) > 1 and all(value % 5 == 0 for value in values))):
        return {}  # "Phase 1", "Phase 2" are no percentages
    if (which == IN_NAME) == any(phase.breath == "ex" for phase in known):
        return {}
    if which == IN_NAME:
        return {uid: phase.value for uid, phase in phases.items() if phase is not None}
    if any(not phase.breath for phase in known):
        return {}
    turn = 1 if which == BREATH else 0
    return {
        uid: phase.value / 2 if phase.breath == "in" else turn + 100 - phase.value / 2
        for uid, phase in phases.items()
        if phase is not None
    }


def _across_midnight(values: list[list[float | None]]) -> list[list[float | None]]:
    """Return times of day of which those after midnight come after those before it.

    Days are compared only where every image has its date, and they are not all the same: some scanners do not write
    the date, or write that of the study. The night is where the clock has its longest gap.
    """
    known = np.array(sorted({value for row in values for value in row if value is not None}))
    if not known.size or (known[0] >= DAY and known[0] // DAY != known[-1] // DAY):
        return values
    times = np.unique(known % DAY)
    gaps = np.diff(times, append=times[0] + DAY)
    latest = times[gaps.argmax()]  # what comes later on the clock was acquired before midnight
    if latest == times[-1] or np.ptp(times) <= DAY / 2:
        return [[None if value is None else value % DAY for value in row] for row in values]
    return [[None if v is None else v % DAY + (DAY if v % DAY <= latest else 0) for v in row] for row in values]
