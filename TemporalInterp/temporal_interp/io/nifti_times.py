"""When the frames of a NIfTI file were acquired: its header, and the JSON file of BIDS beside it."""

from __future__ import annotations

from collections import abc
from typing import Any, TypeGuard

import numpy as np

from temporal_interp.io.header_times import Index, numbered, regular, rising, shortest
from temporal_interp.io.nifti_header import NiftiHeader

TIME_BITS = 0x38
TO_MS = {8: 1000.0, 16: 1.0, 24: 0.001}
"""Lengths of the units of time that xyzt_units has codes for (s, ms, us), in ms."""

OTHER_UNITS = {32: "frequencies in Hz", 40: "shifts in ppm", 48: "angular velocities in rad/s"}
"""What the fourth axis may be instead of time, by the code of its unit."""

LARGEST = 10**300
"""Integers of this size and more are no times; Python cannot make them floating-point numbers."""


def header_index(header: NiftiHeader) -> Index:
    """Return the index of the frames by the header alone."""
    count, code = header.shape[0], header.number("xyzt_units") & TIME_BITS
    if count == 1:
        return numbered(1)
    if code in OTHER_UNITS:
        return numbered(count, f"The frames are {OTHER_UNITS[code]}, not times; they are numbered.")
    factor = TO_MS.get(code, 1.0)
    step = shortest(float(header.fields["pixdim"][4])) * factor
    start = shortest(float(header.fields["toffset"])) * factor if "toffset" in header.fields else 0.0
    return regular(count, start, step, "ms" if code in TO_MS else "")


def bids_index(content: dict[str, Any], name: str, header: Index) -> Index:
    """Return the index of the frames by a JSON file of BIDS, or that of the header where the file has none.

    `FrameTimesStart` and `VolumeTiming` are times of frames, `FrameDuration` a list of lengths of frames that follow on
    one another, `RepetitionTime` a step, all in s. The last is used only where the header has no time, since it may
    also be the time between pulses.

    Args:
        content: of the file.
        name: of the file, for notes.
        header: what the header says.
    """
    count = len(header.values)
    if count == 1:
        return header
    for key in ("FrameTimesStart", "VolumeTiming", "FrameDuration"):
        given = content.get(key)
        if given is None or (key == "FrameDuration" and _is_number(given)):  # of every frame, with no gaps told
            continue
        seconds = _numbers(given)
        if seconds is None:
            header.notes.append(f"{key} in {name} is not a list of numbers; not used.")
            continue
        if key == "FrameDuration":
            seconds = [0.0, *np.cumsum(seconds)][: len(seconds)]
        if len(seconds) == count and rising(seconds):
            values = [round(1000 * second, 6) for second in seconds]
            return Index(values, "time", "ms", [f"Times are those of {key} in {name}."])
        header.notes.append(f"{key} in {name} does not give a rising time for each of the {count} frames; not used.")
    step = content.get("RepetitionTime")
    if step is None or header.has_times:
        return header
    if _is_number(step) and 0 < step < np.inf:
        found = regular(count, 0.0, round(1000 * step, 6), "ms")
        return found._replace(notes=[f"The time step is RepetitionTime in {name}."])
    header.notes.append(f"RepetitionTime in {name} is not a positive number; not used.")
    return header


def _numbers(value: object) -> abc.Sequence[float] | None:
    """Return a list of numbers, None where it is something else."""
    if not isinstance(value, list) or not value or not all(map(_is_number, value)):
        return None
    return [float(one) for one in value]


def _is_number(value: object) -> TypeGuard[float]:
    """Tell whether an entry of a JSON file is a number; integers may be too large for one."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
    return whole or isinstance(value, float)
