"""Multi-frame DICOM files without a place in the patient, such as ultrasound clips: one slice over time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.multival import MultiValue

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.headers import Series
from temporal_interp.io.dicom.pixels import stored_pixels
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
        return int(self.header.NumberOfFrames)

    def __str__(self) -> str:
        return (
            f"{self.path.name} of {Series.of(self.header, self.path)}: 1 slice x {self.phases} frames, "
            f"{self.header.Rows} x {self.header.Columns} pixels"
        )

    def sequence(self) -> Sequence:
        """Return the frames, each a volume of one slice; colour becomes luminance.

        Raises:
            UnreadableFileError: the file is damaged.
            InvalidInputError: the frames are not points in time.
        """
        _require_frames_in_time(self.header)
        values, name, unit, notes = _index(self.header, self.phases)
        pixels = stored_pixels(self.path)
        spacing, spacing_notes = _pixel_spacing(self.header)
        geometry = Geometry((1, *pixels.shape[1:]), (spacing[1], spacing[0], 1.0))
        notes += spacing_notes
        if self.header.get("SamplesPerPixel", 1) > 1 or self.header.PhotometricInterpretation == "PALETTE COLOR":
            notes.append(COLOUR_NOTE)
        return Sequence([Volume(frame[None], geometry) for frame in pixels], values, name, unit, notes=notes)


def _require_frames_in_time(header: pydicom.Dataset) -> None:
    """Raise InvalidInputError where frames are slices, angles or pages."""
    pointers = header.get("FrameIncrementPointer") or []
    pointers = list(pointers) if isinstance(pointers, MultiValue | list) else [pointers]
    if "PerFrameFunctionalGroupsSequence" in header or (pointers and not set(pointers) & set(TIME_POINTERS)):
        raise InvalidInputError(
            "this multi-frame file gives neither a place in the patient nor a time for its frames, so they cannot be "
            "read as a cine."
        )


def _index(header: pydicom.Dataset, count: int) -> tuple[list[float], str, str, list[str]]:
    """Return the index values of the frames, their name and unit, and notes."""
    increments = header.get("FrameTimeVector")
    if increments:
        if len(increments) != count:
            raise InvalidInputError(f"the file has {count} frames, but times for {len(increments)}.")
        return np.cumsum(np.array(increments, dtype=float)).tolist(), "time", "ms", []
    step = _frame_time(header)
    if step is None:
        note = "The file does not say how far apart in time its frames are; they are numbered."
        return list(map(float, range(count))), "frame", "", [note]
    return [round(number * step, 6) for number in range(count)], "time", "ms", []


def _frame_time(header: pydicom.Dataset) -> float | None:
    """Return the time from frame to frame in ms, None where the header has none."""
    if float(header.get("FrameTime") or 0) > 0:
        return float(header.FrameTime)
    for rate in ("CineRate", "RecommendedDisplayFrameRate"):
        if float(header.get(rate) or 0) > 0:
            return 1000 / float(header[rate].value)
    return None


def _pixel_spacing(header: pydicom.Dataset) -> tuple[tuple[float, float], list[str]]:
    """Return the distance of rows and of columns in mm, and notes."""
    if header.get("PixelSpacing"):
        between_rows, between_columns = map(float, header.PixelSpacing)
        return (between_rows, between_columns), []
    spacings = {
        (10 * abs(float(region.PhysicalDeltaY)), 10 * abs(float(region.PhysicalDeltaX)))
        for region in header.get("SequenceOfUltrasoundRegions") or []
        if _is_calibrated(region, header)
    }
    if len(spacings) == 1:
        return spacings.pop(), []
    return (1.0, 1.0), [PIXEL_SIZE_NOTE]


def _is_calibrated(region: pydicom.Dataset, header: pydicom.Dataset) -> bool:
    """Tell whether a region of an ultrasound image is 2D tissue with a scale in cm.

    A region that reaches beyond the image gives the scale of the image before it was made smaller.
    """
    return (
        region.get("RegionSpatialFormat") == TISSUE_2D
        and region.get("PhysicalUnitsXDirection") == CENTIMETRES
        and region.get("PhysicalUnitsYDirection") == CENTIMETRES
        and bool(region.get("PhysicalDeltaX"))
        and bool(region.get("PhysicalDeltaY"))
        and region.RegionLocationMaxX1 < header.Columns
        and region.RegionLocationMaxY1 < header.Rows
    )
