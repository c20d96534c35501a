"""When the frames of a NRRD file were acquired."""

from __future__ import annotations

import re
from collections import abc

import numpy as np

from temporal_interp.io.header_times import Index, numbered, regular, rising
from temporal_interp.io.nrrd_file import WRITTEN_AXIS, axis_entry, times_of

FRAME_LABELS = "MultiVolume.FrameLabels"
FRAME_TAG = "MultiVolume.FrameIdentifyingDICOMTagName"
FRAME_UNITS = "MultiVolume.FrameIdentifyingDICOMTagUnits"
"""Keys of Slicer's MultiVolume: values of the frames, what they are, and their unit."""

UNITS = {"sec": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms", "milliseconds": "ms"}

CLOCK_TAGS = ("AcquisitionTime", "ContentTime", "SeriesTime")
CLOCK = re.compile(r"([01]\d|2[0-3])[0-5]\d[0-5]\d(\.\d+)?")
"""Attributes of DICOM that are times of day, and how they are written: 101010.5 is half a second past 10:10:10."""


def key_axis(keys: abc.Mapping[str, str], axis: int) -> int:
    """Return the number that the list axis has in the keys; Slicer writes 3 wherever the axis is."""
    return axis if f"axis {axis} index values" in keys else WRITTEN_AXIS


def index_of(header: abc.Mapping, keys: abc.Mapping[str, str], axis: int, count: int) -> Index:
    """Return the index of the frames: Slicer's index values, else those of MultiVolume, else a step in the header.

    Args:
        header: as pynrrd parses it.
        keys: of the file.
        axis: of the frames, numbered from the fastest.
        count: number of frames.

    Raises:
        InvalidInputError: there is another number of index values, or one is not a number.
    """
    number = key_axis(keys, axis)
    if f"axis {number} index values" in keys:
        values, named, notes = times_of(keys, number, count)
        name, unit = (axis_entry(header, field, axis) for field in ("labels", "units"))
        return Index(values, name, unit, notes) if named else numbered(count, *notes)
    if FRAME_LABELS in keys:
        return _multi_volume(keys, count)
    start, step = _step(header, axis)
    if step is None:
        return numbered(count, *times_of(keys, number, count)[2])
    unit = axis_entry(header, "units", axis).strip() or axis_entry(header, "space units", 3).strip()
    return regular(count, start, step, UNITS.get(unit.lower(), unit))


def _multi_volume(keys: abc.Mapping[str, str], count: int) -> Index:
    """Return the index that Slicer's MultiVolume wrote."""
    labels = [label.strip() for label in keys[FRAME_LABELS].rstrip(", ").split(",")]
    tag, unit = (_told(keys.get(key, "")) for key in (FRAME_TAG, FRAME_UNITS))
    unit = UNITS.get(unit.lower(), unit)
    notes = []
    try:
        values = [float(label) for label in labels]
    except ValueError:
        return numbered(count, f"The frames have names instead of times ({', '.join(labels)}); frames are numbered.")
    if tag in CLOCK_TAGS and unit in ("s", "") and all(map(CLOCK.fullmatch, labels)):
        values, unit = _seconds_from_first(labels), "s"
        notes.append(f"The frames have times of day, {labels[0]} to {labels[-1]}; times are seconds from the first.")
    if len(values) != count or not rising(values):
        return numbered(count, f"{FRAME_LABELS} does not give a rising value for each of the {count} frames; not used.")
    return Index(values, "time" if unit in ("s", "ms") else tag or "phase", unit, notes)


def _told(text: str) -> str:
    """Return what a key says, "" where it says that this is not known."""
    return "" if text.strip().lower() in ("na", "n/a") else text.strip()


def _seconds_from_first(labels: abc.Sequence[str]) -> list[float]:
    """Return times of day, as DICOM writes them, in s from the first, also past midnight."""
    seconds = [3600.0 * int(label[:2]) + 60.0 * int(label[2:4]) + float(label[4:]) for label in labels]
    return [round(float(one - seconds[0]), 6) for one in np.unwrap(seconds, period=24 * 3600)]


def _step(header: abc.Mapping, axis: int) -> tuple[float, float | None]:
    """Return the time of the first frame and the step to the next, None where the header gives none."""
    vectors, origin = header.get("space directions"), header.get("space origin")
    if vectors is not None and np.shape(vectors) == (header["dimension"], 4):
        start = float(origin[3]) if origin is not None and len(origin) == 4 else 0.0
        step = float(vectors[axis][3])
        return (start, step) if np.isfinite(step) else (0.0, None)
    spacings = header.get("spacings", ())
    if axis < len(spacings) and np.isfinite(spacings[axis]):
        return 0.0, float(spacings[axis])
    return 0.0, None
