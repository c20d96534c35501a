"""The 2D images in a DICOM file, from its header: a file, or every frame of an enhanced multi-frame file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.dicom.components import image_component
from temporal_interp.io.dicom.description import auxiliary_kind
from temporal_interp.io.dicom.entries import entry, integer, items, milliseconds, number, numbers, text, texts
from temporal_interp.io.dicom.headers import Series, SliceImage, file_label
from temporal_interp.io.dicom.marks import marks_of

LEAST_SPACING, GREATEST_SPACING = 1e-5, 1e4
"""Distance of pixels in mm; what lies outside is a mistake in the header."""

FRAMES_OF_A_FILE = 100_000
"""Numbers of the images of multi-frame files are this much apart from file to file."""


def is_multiframe(dataset: pydicom.Dataset) -> bool:
    """Tell whether a file holds several images."""
    return (number(dataset, "NumberOfFrames") or 1) > 1


def slice_images(dataset: pydicom.Dataset, path: Path) -> list[SliceImage]:
    """Return the images of a file; none if the header does not say where in the patient they are.

    Raises:
        UnreadableFileError: an entry that is needed is missing or makes no sense.
    """
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    try:
        if not per_frame:
            single = not is_multiframe(dataset) and entry(dataset, "ImagePositionPatient") is not None
            return [_image(_Header(dataset, ()), 0, path)] if single else []
        shared = items(dataset, "SharedFunctionalGroupsSequence")[:1]
        headers = [_Header(dataset, (own, *shared)) for own in per_frame]
        return [
            _image(header, number, path)
            for number, header in enumerate(headers)
            if header.item("PlanePositionSequence", "ImagePositionPatient") is not None
        ]
    except ValueError as error:
        raise UnreadableFileError(f"{file_label(path)}: its header cannot be understood ({error}).") from error


@dataclass(frozen=True)
class _Header:
    """The header of an image: of its file, and of an enhanced one, the functional groups of the frame.

    Attributes:
        file: header of the file.
        groups: functional groups of the frame, its own first; none of a classic file.
    """

    file: pydicom.Dataset
    groups: tuple[pydicom.Dataset, ...]

    def item(self, sequence: str, keyword: str) -> pydicom.Dataset | None:
        """Return what holds an entry: the item of a functional group, else the file; None where nothing does."""
        for group in self.groups if sequence else ():
            for item in items(group, sequence)[:1]:
                if entry(item, keyword) is not None:
                    return item
        return self.file if entry(self.file, keyword) is not None else None

    def number(self, sequence: str, keyword: str) -> float | None:
        item = self.item(sequence, keyword)
        return None if item is None else number(item, keyword)

    def rescaling(self, keyword: str, default: float) -> float:
        """Return an entry on which the voxels depend.

        Raises:
            ValueError: it is there, but is not one number.
        """
        item = self.item("PixelValueTransformationSequence", keyword)
        if item is None or (self.groups and item is self.file):
            return default
        value = number(item, keyword)
        if value is None:
            raise ValueError(f"{keyword} is {entry(item, keyword)!s:.40}, not a number")
        return value

    def needed(self, sequence: str, keyword: str, count: int) -> np.ndarray:
        """Return an entry without which the image has no place.

        Raises:
            ValueError: it is missing, or is not `count` numbers.
        """
        item = self.item(sequence, keyword)
        values = () if item is None else numbers(item, keyword)
        if len(values) != count:
            given = "missing" if item is None else f"{entry(item, keyword)!s:.40}"
            raise ValueError(f"{keyword} must be {count} number{'s' * (count > 1)}, it is {given}")
        return np.array(values)


def _image(header: _Header, frame: int, path: Path) -> SliceImage:
    file = header.file
    spacing, spacing_is_assumed = _pixel_spacing(header)
    image_type = _image_type(header)
    series = Series.of(file, path)
    trigger_delay = header.number("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime")
    actual_delay = header.number("CardiacSynchronizationSequence", "ActualCardiacTriggerDelayTime")
    cycle = "NominalInterval"
    if header.groups:
        cycle = "RRIntervalTimeNominal" if trigger_delay is not None or actual_delay is not None else ""
    allocated = int(header.needed("", "BitsAllocated", 1)[0])
    bits = min(integer(file, "BitsStored") or allocated, allocated)
    if not 1 <= bits <= 64:
        raise ValueError(f"BitsAllocated is {allocated} and BitsStored {bits}")
    rows, columns = (int(header.needed("", keyword, 1)[0]) for keyword in ("Rows", "Columns"))
    if min(rows, columns) < 1:
        raise ValueError(f"it has {rows} Rows and {columns} Columns")
    return SliceImage(
        path=path,
        frame=frame,
        is_enhanced=bool(header.groups),
        series=series,
        study=(text(file, "PatientID"), text(file, "StudyInstanceUID")),
        shape=(rows, columns),
        pixel_spacing=spacing,
        spacing_is_assumed=spacing_is_assumed,
        position=header.needed("PlanePositionSequence", "ImagePositionPatient", 3),
        axes=_axes(header.needed("PlaneOrientationSequence", "ImageOrientationPatient", 6)),
        thickness=header.number("PixelMeasuresSequence", "SliceThickness"),
        clues=_clues(header, frame),
        cycle=header.number("CardiacSynchronizationSequence", cycle) if cycle else None,
        phases_announced=None if header.groups else integer(file, "CardiacNumberOfImages"),
        component=image_component(file, _complex_component(header), image_type),
        image_type=image_type,
        auxiliary=auxiliary_kind(series.description, image_type),
        echo=header.number("MREchoSequence", "EffectiveEchoTime" if header.groups else "EchoTime"),
        acquisition=integer(file, "AcquisitionNumber"),
        slope=header.rescaling("RescaleSlope", 1.0),
        intercept=header.rescaling("RescaleIntercept", 0.0),
        allocated=allocated,
        bits=bits,
        signed=number(file, "PixelRepresentation") == 1,
        window=_window(header),
        mark=marks_of(header.groups[0] if header.groups else file, file)[0],
    )


_CLUES = (
    ("FrameContentSequence", "TemporalPositionIndex", 1.0),
    ("", "TemporalPositionIdentifier", 1.0),
    ("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase", 1.0),
    ("RespiratorySynchronizationSequence", "NominalPercentageOfRespiratoryPhase", 1.0),
    ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", 1.0),
    ("CardiacSynchronizationSequence", "ActualCardiacTriggerDelayTime", 1.0),
    ("", "TriggerTime", 1.0),
    ("TemporalPositionSequence", "TemporalPositionTimeOffset", 1000.0),
    ("", "FrameReferenceTime", 1.0),
)
"""Functional group, keyword and factor (to ms) of the numbers that may tell the phase."""

_INSTANTS = (
    ("FrameContentSequence", "FrameReferenceDateTime", "FrameReferenceDateTime"),
    ("FrameContentSequence", "FrameAcquisitionDateTime", "FrameAcquisitionDateTime"),
    ("", "AcquisitionDateTime", "AcquisitionDateTime"),
    ("", "AcquisitionDate", "AcquisitionTime"),
    ("", "ContentDate", "ContentTime"),
)
"""Functional group, date and time of the instants that may tell the phase."""


def _clues(header: _Header, frame: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for sequence, keyword, factor in _CLUES:
        value = header.number(sequence, keyword)
        if value is not None:
            found[keyword] = factor * value
    for sequence, date, time in _INSTANTS:
        item = header.item(sequence, time)
        instant = None if item is None else milliseconds(item, date, time)
        if instant is not None:
            found[time] = instant
    of_file = number(header.file, "InstanceNumber")
    if header.groups:
        found["InstanceNumber"] = FRAMES_OF_A_FILE * (of_file or 0) + frame
    elif of_file is not None:
        found["InstanceNumber"] = of_file
    return found


def _image_type(header: _Header) -> tuple[str, ...]:
    """Return the values of Frame Type or Image Type."""
    for group in header.groups:
        for sequence in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence"):
            for item in items(group, sequence)[:1]:
                if values := texts(item, "FrameType"):
                    return values
    return texts(header.file, "ImageType")


def _window(header: _Header) -> tuple[float, float] | None:
    """Return level and width of the first window that the header gives, None where it gives none."""
    level, width = (
        numbers(item, keyword) if (item := header.item("FrameVOILUTSequence", keyword)) is not None else ()
        for keyword in ("WindowCenter", "WindowWidth")
    )
    return (float(level[0]), float(width[0])) if len(level) and len(width) and width[0] > 0 else None


def _complex_component(header: _Header) -> str:
    item = header.item("MRImageFrameTypeSequence", "ComplexImageComponent")
    return "" if item is None else text(item, "ComplexImageComponent")


def _pixel_spacing(header: _Header) -> tuple[tuple[float, float], bool]:
    """Return the distance of rows and of columns in mm, and whether it is that on the detector."""
    missing = header.item("PixelMeasuresSequence", "PixelSpacing") is None
    assumed = missing and header.item("", "ImagerPixelSpacing") is not None
    keyword = "ImagerPixelSpacing" if assumed else "PixelSpacing"
    between_rows, between_columns = map(float, header.needed("PixelMeasuresSequence", keyword, 2))
    if (
        not LEAST_SPACING
        <= min(between_rows, between_columns)
        <= max(between_rows, between_columns)
        <= GREATEST_SPACING
    ):
        raise ValueError(f"{keyword} is {between_rows:g} and {between_columns:g} mm")
    return (between_rows, between_columns), assumed


def _axes(orientation: np.ndarray) -> np.ndarray:
    """Return the unit vectors of I and J, at right angles, from six direction cosines."""
    along_i, along_j = orientation.reshape(2, 3)
    if not along_i.any() or not along_j.any():
        raise ValueError("ImageOrientationPatient has an axis of zeros")
    along_i = along_i / np.linalg.norm(along_i)
    along_j = along_j / np.linalg.norm(along_j)
    if not abs(along_i @ along_j) < 1e-3:
        raise ValueError("rows and columns of the image are not at right angles")
    along_j = along_j - (along_i @ along_j) * along_i
    return np.stack([along_i, along_j / np.linalg.norm(along_j)])
