"""The headers of DICOM files, for every 2D image in them: its place, its time and the scaling of its pixels."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from temporal_interp.errors import UnreadableFileError

DEFERRED = 1 << 16
"""Elements of more bytes, such as the pixels, stay in the file until they are needed."""

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, EOFError, OSError, struct.error, zlib.error)
"""What pydicom raises on damaged files."""


@dataclass(frozen=True)
class Series:
    """A DICOM series, as a user knows it."""

    uid: str
    number: str
    description: str
    folder: str

    def __str__(self) -> str:
        description = f" '{self.description}'" if self.description else ""
        return f"series {self.number or '(no number)'}{description} in {self.folder}"

    @classmethod
    def of(cls, dataset: pydicom.Dataset, path: Path) -> Series:
        """Return the series that a file belongs to."""
        return cls(
            str(dataset.get("SeriesInstanceUID", "")),
            str(dataset.get("SeriesNumber") or ""),
            str(dataset.get("SeriesDescription") or "").strip(),
            path.parent.name,
        )


@dataclass(frozen=True, eq=False)
class SliceImage:
    """One 2D image with a place in the patient: a file, or a frame of an enhanced multi-frame file.

    Attributes:
        path: the file.
        frame: number of the frame in it, 0 where it has one.
        series: the series it belongs to.
        study: UID of the study it belongs to.
        shape: rows and columns.
        pixel_spacing: mm between rows (along J) and between columns (along I).
        position: LPS mm of the first pixel's centre.
        axes: unit vectors of I (along a row) and J (along a column), one per line, LPS.
        thickness: mm, None where not given.
        trigger_time: ms since the R wave, or since the first phase; None where not given.
        acquired_at: time of acquisition in ms, from an arbitrary zero; None where not given.
        number: of the phase or of the image in its series; None where not given.
        cycle: length of the cardiac cycle in ms, from R wave to R wave; None where not given with the trigger time.
        phases_announced: number of phases that the header promises for every slice, None where not given.
        slope: of the rescaling of stored values.
        intercept: of the rescaling of stored values.
        bits: number of bits of a stored value.
        signed: whether stored values are signed.
    """

    path: Path
    frame: int
    series: Series
    study: str
    shape: tuple[int, int]
    pixel_spacing: tuple[float, float]
    position: np.ndarray
    axes: np.ndarray
    thickness: float | None
    trigger_time: float | None
    acquired_at: float | None
    number: int | None
    cycle: float | None
    phases_announced: int | None
    slope: float
    intercept: float
    bits: int
    signed: bool

    @property
    def normal(self) -> np.ndarray:
        """Unit vector at right angles to the image, so that (I, J, normal) is right-handed."""
        return np.cross(self.axes[0], self.axes[1])

    @property
    def stored_limits(self) -> tuple[int, int]:
        """Least and greatest value that can be stored."""
        return (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)


def series_names(images: Iterable[SliceImage]) -> str:
    """Return the series of some images in order of their number, for a message."""
    series = {image.series.uid: image.series for image in images}.values()
    return ", ".join(map(str, sorted(series, key=lambda one: (len(one.number), one.number, one.folder))))


def dicom_files(path: Path) -> Iterator[Path]:
    """Yield a file itself, or all files below a folder in a fixed order, without hidden ones."""
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            yield file


def read_header(path: Path) -> pydicom.Dataset | None:
    """Return the header of a DICOM file with an image; None if it is no DICOM file or holds something else.

    Raises:
        UnreadableFileError: the file is cut short or damaged.
    """
    try:
        # force: old files lack the DICM prefix and are recognised by their name
        dataset = pydicom.dcmread(path, defer_size=DEFERRED, force=path.suffix.lower() == ".dcm")
        kind = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
        has_pixels = "PixelData" in dataset and "Rows" in dataset
    except InvalidDicomError:
        return None
    except _UNREADABLE as error:
        raise UnreadableFileError(
            f"{file_label(path)} is a DICOM file that is cut short or damaged ({error})."
        ) from error
    if kind is None:
        raise UnreadableFileError(
            f"{file_label(path)} has the name or the first bytes of a DICOM file, but is not one or is cut short."
        )
    if "Image Storage" in kind.name and not has_pixels:
        raise UnreadableFileError(f"{file_label(path)} is cut short: it is an image without pixels. Get it again.")
    is_unknown = kind.name == str(kind)
    return dataset if has_pixels and ("Image Storage" in kind.name or is_unknown) else None


def file_label(path: Path) -> str:
    """Return a file's name with that of its folder, by which a user finds it."""
    return f"{path.parent.name}/{path.name}"


def is_multiframe(dataset: pydicom.Dataset) -> bool:
    """Tell whether a file holds several images."""
    return int(dataset.get("NumberOfFrames") or 1) > 1


def slice_images(dataset: pydicom.Dataset, path: Path) -> list[SliceImage]:
    """Return the images of a file; none if the header does not say where in the patient they are.

    Raises:
        UnreadableFileError: an entry of the header makes no sense.
    """
    try:
        if "PerFrameFunctionalGroupsSequence" in dataset:
            return [
                image
                for number, own in enumerate(dataset.PerFrameFunctionalGroupsSequence)
                if (image := _frame_image(dataset, own, number, path)) is not None
            ]
        if is_multiframe(dataset) or not dataset.get("ImagePositionPatient"):
            return []
        return [_file_image(dataset, path)]
    except _UNREADABLE as error:
        raise UnreadableFileError(f"{file_label(path)}: its header cannot be understood ({error}).") from error


def _file_image(dataset: pydicom.Dataset, path: Path) -> SliceImage:
    """Return the image of a file that holds one."""
    return SliceImage(
        path=path,
        frame=0,
        position=_numbers(dataset.ImagePositionPatient, 3),
        axes=_axes(dataset.ImageOrientationPatient),
        pixel_spacing=tuple(_numbers(dataset.PixelSpacing, 2)),
        thickness=_number(dataset.get("SliceThickness")),
        trigger_time=_number(dataset.get("TriggerTime")),
        acquired_at=_acquired_at(dataset),
        number=_integer(dataset.get("InstanceNumber")),
        cycle=_cycle(dataset, "NominalInterval"),
        phases_announced=_integer(dataset.get("CardiacNumberOfImages")),
        slope=_number_or(1.0, dataset.get("RescaleSlope")),
        intercept=_number_or(0.0, dataset.get("RescaleIntercept")),
        **_shared_by_frames(dataset, path),
    )


def _frame_image(dataset: pydicom.Dataset, own: pydicom.Dataset, number: int, path: Path) -> SliceImage | None:
    """Return one frame of an enhanced multi-frame file; None if it has no position in the patient."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]

    def entry(sequence: str, keyword: str) -> Any:
        return item(sequence).get(keyword)

    def item(sequence: str) -> pydicom.Dataset:
        items = own.get(sequence) or shared[0].get(sequence)
        return items[0] if items else pydicom.Dataset()

    position = entry("PlanePositionSequence", "ImagePositionPatient")
    if not position:
        return None
    delay = _number(entry("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"))
    offset = _number(entry("TemporalPositionSequence", "TemporalPositionTimeOffset"))
    phase = _integer(entry("FrameContentSequence", "TemporalPositionIndex"))
    return SliceImage(
        path=path,
        frame=number,
        position=_numbers(position, 3),
        axes=_axes(entry("PlaneOrientationSequence", "ImageOrientationPatient")),
        pixel_spacing=tuple(_numbers(entry("PixelMeasuresSequence", "PixelSpacing"), 2)),
        thickness=_number(entry("PixelMeasuresSequence", "SliceThickness")),
        trigger_time=delay if delay is not None or offset is None else 1000 * offset,
        acquired_at=_milliseconds(str(entry("FrameContentSequence", "FrameAcquisitionDateTime") or "")),
        number=number if phase is None else phase,
        cycle=None if delay is None else _cycle(item("CardiacSynchronizationSequence"), "RRIntervalTimeNominal"),
        phases_announced=None,
        slope=_number_or(1.0, entry("PixelValueTransformationSequence", "RescaleSlope")),
        intercept=_number_or(0.0, entry("PixelValueTransformationSequence", "RescaleIntercept")),
        **_shared_by_frames(dataset, path),
    )


def _shared_by_frames(dataset: pydicom.Dataset, path: Path) -> dict[str, Any]:
    """Return the attributes of SliceImage that all frames of a file share."""
    return {
        "series": Series.of(dataset, path),
        "study": str(dataset.get("StudyInstanceUID", "")),
        "shape": (int(dataset.Rows), int(dataset.Columns)),
        "bits": int(dataset.get("BitsStored", dataset.BitsAllocated)),
        "signed": bool(dataset.get("PixelRepresentation", 0)),
    }


def _numbers(values: Iterable, count: int) -> np.ndarray:
    array = np.array([float(value) for value in values])
    if array.shape != (count,) or not np.isfinite(array).all():
        raise ValueError(f"{count} numbers were expected, got {array.tolist()}")
    return array


def _number(value: Any) -> float | None:
    return None if value is None or value == "" or not np.isfinite(float(value)) else float(value)


def _number_or(default: float, value: Any) -> float:
    number = _number(value)
    return default if number is None else number


def _integer(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)


def _cycle(dataset: pydicom.Dataset, keyword: str) -> float | None:
    """Return the length of a cycle; None where it is not given or no number: the images can be read without it."""
    try:
        return _number(dataset.get(keyword))
    except (TypeError, ValueError):
        return None


def _axes(orientation: Iterable) -> np.ndarray:
    """Return the unit vectors of I and J, at right angles, from six direction cosines."""
    along_i, along_j = _numbers(orientation, 6).reshape(2, 3)
    along_i = along_i / np.linalg.norm(along_i)
    along_j = along_j / np.linalg.norm(along_j)
    if not abs(along_i @ along_j) < 1e-3:
        raise ValueError("rows and columns of the image are not at right angles")
    along_j = along_j - (along_i @ along_j) * along_i
    return np.stack([along_i, along_j / np.linalg.norm(along_j)])


def _acquired_at(dataset: pydicom.Dataset) -> float | None:
    if dataset.get("AcquisitionTime"):
        return _milliseconds(str(dataset.get("AcquisitionDate") or "20000101") + str(dataset.AcquisitionTime))
    return _milliseconds(str(dataset.get("AcquisitionDateTime") or ""))


def _milliseconds(text: str) -> float | None:
    """Return a DICOM date and time, YYYYMMDDHHMMSS.FFFFFF&ZZXX, as ms; None if it is not given to the second."""
    match = re.match(r"(\d{14})(\.\d+)?", text)
    if match is None:
        return None
    try:
        whole = datetime.strptime(match[1], "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return 1000 * ((whole - datetime(2000, 1, 1)).total_seconds() + float(match[2] or 0))
