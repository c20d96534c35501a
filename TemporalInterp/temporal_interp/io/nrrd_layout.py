"""Which axes of a NRRD file are those of its volumes, and which counts its frames."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.io.nrrd_file import axis_entry

FRAME_KINDS = ("list", "time")
SPACE_KINDS = ("domain", "space")
UNKNOWN_KINDS = ("???", "none", "")
FRAME_LABELS = ("t", "time", "frame", "frames", "phase", "phases")
TIME_UNITS = ("s", "sec", "ms", "msec", "us")

MULTI_VOLUME = "MultiVolume.NumberOfFrames"
"""Key of files that Slicer's MultiVolume wrote."""


@dataclass(frozen=True)
class Layout:
    """The axes of a file, numbered from the fastest.

    Attributes:
        frames: number of the axis of frames, None where there is one volume.
        space: numbers of the axes in space, two or three.
        notes: on what was assumed.
    """

    frames: int | None
    space: tuple[int, ...]
    notes: tuple[str, ...] = ()


def layout_of(header: abc.Mapping, keys: abc.Mapping[str, str]) -> Layout:
    """Return which axis is which.

    The axis of frames is the one of the kind list or time. Where there is none, it is the one that has no direction in
    space, or that runs along time, or whose label or unit says so; else the last.

    Args:
        header: as pynrrd parses it.
        keys: of the file.

    Raises:
        InvalidInputError: the file holds something other than scalar volumes.
    """
    kinds = [axis_entry(header, "kinds", axis).lower() for axis in range(header["dimension"])]
    axes = [axis for axis in range(header["dimension"]) if int(header["sizes"][axis]) > 1 or kinds[axis] != "stub"]
    while len(axes) > 4 and (single := [axis for axis in axes if int(header["sizes"][axis]) == 1]):
        axes.remove(single[-1])
    lists = [axis for axis in axes if kinds[axis] in FRAME_KINDS]
    others = [axis for axis in axes if kinds[axis] not in (*FRAME_KINDS, *SPACE_KINDS, *UNKNOWN_KINDS)]
    if len(others) == 1 and not lists and MULTI_VOLUME in keys:
        lists, others = others, []
    if others:
        raise InvalidInputError(
            f"a sequence of scalar volumes has one number in every voxel, not a colour or a vector; axis "
            f"{others[0] + 1} of this file is of the kind {kinds[others[0]]}."
        )
    if len(lists) > 1 or not 2 <= len(axes) - len(lists) <= (3 if lists else 4):
        shown = ", ".join(kind or "none" for kind in kinds)
        raise InvalidInputError(
            f"a sequence of scalar volumes has four axes, three of them in space and one of the kind list or time; "
            f"this file has {header['dimension']}, of the kinds {shown}."
        )
    if lists or len(axes) < 4:
        frames, note = lists[0] if lists else None, None
    else:
        frames, note = _likely_frames(header, axes)
    return Layout(frames, tuple(axis for axis in axes if axis != frames), (note,) if note else ())


def _likely_frames(header: abc.Mapping, axes: abc.Sequence[int]) -> tuple[int, str | None]:
    """Return which of four axes is that of frames, by something other than its kind, and a note if that is a guess."""
    vectors = header.get("space directions")
    if vectors is not None and len(vectors) == header["dimension"]:
        rows = np.asarray(vectors, dtype=float)[list(axes)]
        without = [axis for axis, row in zip(axes, rows, strict=True) if not np.isfinite(row).all()]
        if len(without) == 1:
            return without[0], None
        along_time = [axis for axis, row in zip(axes, rows, strict=True) if len(row) == 4 and not row[:3].any()]
        if len(along_time) == 1 and str(header.get("space", "")).lower().endswith(("time", "rast", "last", "lpst")):
            return along_time[0], None
        if len(along_time) == 1:
            return along_time[
                0
            ], f"The header does not say what its axes are; axis {along_time[0] + 1} was taken for time."
    named = [
        axis
        for axis in axes
        if axis_entry(header, "labels", axis).lower() in FRAME_LABELS
        or axis_entry(header, "units", axis).lower() in TIME_UNITS
    ]
    if len(named) == 1:
        return named[0], None
    return axes[-1], f"The header does not say which of its axes is time; the last, axis {axes[-1] + 1}, was taken."
