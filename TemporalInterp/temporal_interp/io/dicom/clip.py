"""Multi-frame DICOM files without a place in the patient, such as ultrasound clips: one slice over time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pydicom
from pydicom.multival import MultiValue

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, UnreadableFileError
from temporal_interp.io.dicom.entries import entry, integer, items, number, numbers, odd_values_accepted, text
from temporal_interp.io.dicom.headers import Series, file_label
from temporal_interp.io.dicom.marks import Mark, marks_of
from temporal_interp.io.dicom.pixels import decoded_frames
from temporal_interp.io.notes import COLOUR_NOTE, PIXEL_SIZE_NOTE

TIME_POINTERS = (0x00181063, 0x00181065)
"""FrameTime and FrameTimeVector."""

CENTIMETRES = 3
"""Code of Physical Units X and Y Direction."""

TISSUE_2D = 1
"""Code of Region Spatial Format."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A multi-frame file: a candidate for a cine.

    Attributes:
        path: the file.
        header: its header.
    """

    path: Path
    header: pydicom.Dataset

    @property
    def phases(self) -> int:
        """Number of frames."""
        return integer(self.header, "NumberOfFrames") or 1

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return integer(self.header, "Columns") or 0, integer(self.header, "Rows") or 0

    @property
    def series(self) -> Series:
        """The series that it belongs to."""
        return Series.of(self.header, self.path)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance of pixels in mm along (I, J), and the thickness of the slice."""
        (rows, columns), _ = _pixel_spacing(self.header)
        return columns, rows, 1.0

    def picture(self) -> np.ndarray:
        """Return the first frame, (row, column).

        Raises:
            UnreadableFileError: the file is damaged.
        """
        with odd_values_accepted():
            return next(decoded_frames(self.path, [0]))

    def times(self) -> tuple[tuple[float, ...], str]:
        """Return the index values of the frames and their unit.

        Raises:
            InvalidInputError: the frames are not points in time.
        """
        _require_frames_in_time(self.header)
        index = self.index
        return tuple(index.values), index.unit

    @cached_property
    def index(self) -> _Index:
        """The times of the frames, and how they were made."""
        marks = marks_of(self.header, self.header, self.phases)
        attributes = [dict(mark.attributes) for mark in marks]
        times = [mark.time for mark in marks if mark.time is not None]
        if len(times) == len(marks) and (np.diff(times) > 0).all():
            return _Index(times, marks[0].index_name, marks[0].unit, [], attributes, _period(marks[0], times))
        return _Index(*_index(self.header, self.phases), attributes, None)

    def sequence(self, progress: Progress) -> Sequence:
        """Return the frames, each a volume of one slice; colour becomes luminance.

        Raises:
            UnreadableFileError: the file is damaged.
            InvalidInputError: the frames are not points in time.
        """
        _require_frames_in_time(self.header)
        index = self.index
        geometry, (_, spacing_notes) = clip_geometry(self), _pixel_spacing(self.header)
        with odd_values_accepted():
            frames = [frame[None] for frame in decoded_frames(self.path, range(self.phases))]
        if len(frames) != self.phases:
            raise UnreadableFileError(
                f"{file_label(self.path)}: {self.phases} frames were announced, it has {len(frames)}."
            )
        notes = [*index.notes, *spacing_notes]
        is_palette = text(self.header, "PhotometricInterpretation") == "PALETTE COLOR"
        if is_palette or (integer(self.header, "SamplesPerPixel") or 1) > 1:
            notes.append(COLOUR_NOTE)
        volumes = [Volume(frame, geometry) for frame in frames]
        return Sequence(
            volumes, index.values, index.name, index.unit, index.attributes, notes=notes, period=index.period
        )


def clip_geometry(clip: Clip) -> Geometry:
    """Return the voxel grid of the frames of a clip."""
    columns, rows = clip.size
    return Geometry((1, rows, columns), clip.spacing)


@dataclass(frozen=True)
class _Index:
    """The index values of frames, see `Sequence`."""

    values: list[float]
    name: str
    unit: str
    notes: list[str]
    attributes: list[dict[str, str]]
    period: float | None


def _period(mark: Mark, times: list[float]) -> float | None:
    return mark.period if mark.period is not None and mark.period > times[-1] - times[0] else None


def _require_frames_in_time(header: pydicom.Dataset) -> None:
    """Raise InvalidInputError where frames are slices, angles or pages."""
    pointers = entry(header, "FrameIncrementPointer") or []
    pointers = list(pointers) if isinstance(pointers, MultiValue | list) else [pointers]
    if "PerFrameFunctionalGroupsSequence" in header or (pointers and not set(pointers) & set(TIME_POINTERS)):
        raise InvalidInputError(
            "this multi-frame file gives neither a place in the patient nor a time for its frames, so they cannot be "
            "read as a cine."
        )


def _index(header: pydicom.Dataset, count: int) -> tuple[list[float], str, str, list[str]]:
    """Return the index values of the frames, their name and unit, and notes."""
    increments = numbers(header, "FrameTimeVector")
    if increments:
        if len(increments) != count:
            raise InvalidInputError(f"the file has {count} frames, but times for {len(increments)}.")
        return _from_increments(np.array(increments))
    step = _frame_time(header)
    if step is None:
        note = "The file does not say how far apart in time its frames are; they are numbered."
        return list(map(float, range(count))), "frame", "", [note]
    return [round(number * step, 6) for number in range(count)], "time", "ms", []


def _from_increments(increments: np.ndarray) -> tuple[list[float], str, str, list[str]]:
    """Return the index of frames from the time between each and the one before it."""
    if (increments[1:] < 0).any() or not increments[1:].any():
        note = "FrameTimeVector does not rise from frame to frame; frames are numbered."
        return list(map(float, range(len(increments)))), "frame", "", [note]
    times = np.cumsum(increments)
    first = np.flatnonzero(np.append(True, np.diff(times) > 0))  # of the frames at one time
    if len(first) == len(times):
        return times.tolist(), "time", "ms", []
    # the end of the last frames at one time is not known; it was taken to be one usual step later
    step = float(np.median(np.diff(times[first])))
    ends = np.append(first, len(times)), np.append(times[first], times[-1] + step)
    spaced = np.interp(np.arange(len(times)), *ends)
    note = "FrameTimeVector gives several frames the same time; they were spaced evenly up to the next time."
    return np.round(spaced, 6).tolist(), "time", "ms", [note]


def _frame_time(header: pydicom.Dataset) -> float | None:
    """Return the time from frame to frame in ms, None where the header has none."""
    step = number(header, "FrameTime") or 0
    if step > 0:
        return step
    for keyword in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = number(header, keyword) or 0
        if rate > 0:
            return 1000 / rate
    return None


def _pixel_spacing(header: pydicom.Dataset) -> tuple[tuple[float, float], list[str]]:
    """Return the distance of rows and of columns in mm, and notes."""
    given = numbers(header, "PixelSpacing")
    if len(given) == 2 and min(given) > 0:
        return (given[0], given[1]), []
    spacings = {
        (10 * abs(number(region, "PhysicalDeltaY") or 0), 10 * abs(number(region, "PhysicalDeltaX") or 0))
        for region in items(header, "SequenceOfUltrasoundRegions")
        if _is_calibrated(region, header)
    }
    if len(spacings) == 1:
        return spacings.pop(), []
    return (1.0, 1.0), [PIXEL_SIZE_NOTE]


def _is_calibrated(region: pydicom.Dataset, header: pydicom.Dataset) -> bool:
    """Tell whether a region of an ultrasound image is 2D tissue with a scale in cm.

    A region that reaches beyond the image gives the scale of the image before it was made smaller.
    """
    right, bottom = integer(region, "RegionLocationMaxX1"), integer(region, "RegionLocationMaxY1")
    return (
        integer(region, "RegionSpatialFormat") == TISSUE_2D
        and integer(region, "PhysicalUnitsXDirection") == CENTIMETRES
        and integer(region, "PhysicalUnitsYDirection") == CENTIMETRES
        and bool(number(region, "PhysicalDeltaX"))
        and bool(number(region, "PhysicalDeltaY"))
        and right is not None
        and bottom is not None
        and right < (integer(header, "Columns") or 0)
        and bottom < (integer(header, "Rows") or 0)
    )
