"""Entries of the header that say when in the cycle an image is, at instants between those of the source."""

from __future__ import annotations

from collections import abc

import numpy as np

from temporal_interp.io.dicom.headers import SliceImage
from temporal_interp.io.dicom.writing.source import DicomSource

CLASSIC = {
    "TriggerTime": 1.0,
    "FrameReferenceTime": 1.0,
    "NominalPercentageOfCardiacPhase": 1.0,
    "NominalPercentageOfRespiratoryPhase": 1.0,
    "NominalCardiacTriggerDelayTime": 1.0,
    "TemporalPositionTimeOffset": 1000.0,
}
"""Entries that are no clock, so that a time between two of theirs claims no acquisition; and what makes ms of them."""

DECIMALS = 6


def entry_at(keyword: str, images: abc.Sequence[SliceImage], source: DicomSource, time: float) -> float | None:
    """Return the value of an entry in one slice at an index value; None where not all images of the slice have it.

    It is linear between two phases, and goes on after the last as it did on average. Each slice has its own values, as
    their RR intervals differ.

    Args:
        keyword: of `CLASSIC`.
        images: of the slice, in order of their phase.
        source: the images of all slices.
        time: the index value.
    """
    values = [image.clues.get(keyword) for image in images]
    if any(value is None for value in values) or len(values) < 2:
        return None
    known = np.array(values, dtype=float) / CLASSIC[keyword]
    last = source.times[-1]
    value = float(np.interp(time, source.times, known))
    if time > last:
        value += (time - last) * float(known[-1] - known[0]) / (last - source.times[0])
    return round(value, DECIMALS)
