"""The DICOM images in a file or a folder, found by a look at every header; what cannot be read is named."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.filereader import read_partial
from pydicom.uid import UID

from temporal_interp.errors import OutOfMemoryError, Progress, UnreadableFileError
from temporal_interp.io.dicom.clip import Clip
from temporal_interp.io.dicom.deflated import DEFERRED, PIXEL_TAGS, at_pixels, opened
from temporal_interp.io.dicom.entries import integer, odd_values_accepted, text
from temporal_interp.io.dicom.headers import SliceImage, file_label
from temporal_interp.io.dicom.slice_images import is_multiframe, slice_images
from temporal_interp.io.dicom.sniff import HEAD, begins_like_dicom, has_preamble

REPORTED = 500
"""Files from one report of progress to the next."""

_UNDEFINED_LENGTH = 0xFFFFFFFF
_LEAST_FRAME = 8
"""Bytes that a compressed frame takes at least: the head of its item."""


@dataclass(frozen=True)
class PassedOver:
    """A file that has the name or the first bytes of a DICOM file, but cannot be read.

    Attributes:
        path: the file.
        why: a phrase that follows its name.
        series: UID of its series, "" where it is not known.
    """

    path: Path
    why: str
    series: str = ""

    def __str__(self) -> str:
        return f"{file_label(self.path)} {self.why}"


@dataclass
class Found:
    """What a file or a folder holds.

    Attributes:
        images: those with a place in the patient.
        clips: multi-frame files without one.
        placeless: number of single images without one.
        passed_over: files that cannot be read.
    """

    images: list[SliceImage] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    placeless: int = 0
    passed_over: list[PassedOver] = field(default_factory=list)


def scan(path: Path, progress: Progress) -> Found:
    """Return the images of a file, or of all files below a folder, without hidden ones."""
    return scan_files([path] if path.is_file() else files_below(path), progress)


def scan_files(files: Sequence[Path], progress: Progress) -> Found:
    """Return the images of some files."""
    found = Found()
    with odd_values_accepted():
        for number, file in enumerate(files):
            if number % REPORTED == REPORTED - 1:
                progress(number / len(files), f"file {number} of {len(files)}")
            _add(file, found)
    return found


def files_below(folder: Path) -> Sequence[Path]:
    """Return all files below a folder that are not hidden, sorted."""
    return sorted(file for file in folder.rglob("*") if not file.name.startswith(".") and file.is_file())


def read_header(path: Path) -> pydicom.Dataset | None:
    """Return the header of a DICOM file with an image; None if it is no DICOM file or holds something else.

    Raises:
        UnreadableFileError: the file is cut short or damaged.
    """
    with odd_values_accepted():
        header = _header(path)
    if isinstance(header, PassedOver):
        raise UnreadableFileError(f"{header}.")
    return header


def _header(path: Path) -> pydicom.Dataset | PassedOver | None:
    """Return the header of a DICOM file with an image, or why it cannot be read; None if it is something else."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            sure = has_preamble(head) or path.suffix.lower() == ".dcm"
            if not sure and not begins_like_dicom(head):
                return None
            file.seek(0)
            plain = opened(file)
            dataset, trouble = _read(plain, plain.seek(0, io.SEEK_END))
    except (UnreadableFileError, OutOfMemoryError) as error:
        return PassedOver(path, f"cannot be used: {str(error).removesuffix('.')}")
    except OSError as error:
        return PassedOver(path, f"cannot be opened ({error.strerror})")
    if trouble:
        series = "" if dataset is None else text(dataset, "SeriesInstanceUID")
        return PassedOver(path, trouble, series) if sure else None
    return dataset


def _add(path: Path, found: Found) -> None:
    header = _header(path)
    if isinstance(header, PassedOver):
        found.passed_over.append(header)
    elif header is not None:
        _add_image(header, path, found)


def _add_image(dataset: pydicom.Dataset, path: Path, found: Found) -> None:
    try:
        images = slice_images(dataset, path)
    except UnreadableFileError as error:
        why = str(error).removeprefix(f"{file_label(path)}: ").removesuffix(".")
        found.passed_over.append(PassedOver(path, f"cannot be used: {why}", text(dataset, "SeriesInstanceUID")))
        return
    if images:
        found.images += images
    elif is_multiframe(dataset):
        found.clips.append(Clip(path, dataset))
    else:
        found.placeless += 1


def _read(file: BinaryIO, size: int) -> tuple[pydicom.Dataset | None, str]:
    """Return the header of an open file up to its pixels, None where it is no image, and what is wrong with it."""
    if not size:
        return None, "is cut short: it is empty"
    file.seek(0)
    try:
        dataset = read_partial(file, stop_when=at_pixels, defer_size=DEFERRED, force=True)
        pixels = _Pixels.at(file, dataset)
    except Exception as error:  # pydicom raises whatever goes wrong on a file that is cut short or is no DICOM file
        return None, f"is cut short or damaged ({error})"
    uid = text(dataset, "SOPClassUID") or text(dataset.file_meta, "MediaStorageSOPClassUID")
    is_image, is_sized = "Image Storage" in _class_name(uid), "Rows" in dataset
    if is_image and (pixels is None or not is_sized):
        return dataset, "is cut short: it is an image without pixels"
    if not uid and not is_sized:
        return dataset, "has the name or the first bytes of a DICOM file, but holds no image or is cut short"
    if pixels is None or not is_sized or not (is_image or _class_name(uid) == uid):
        return None, ""  # something else than an image, such as a report, a segmentation or a dose map
    missing = pixels.missing(dataset, size)
    return dataset, f"is cut short: {missing} bytes of its pixels are missing" if missing > 0 else ""


@dataclass(frozen=True)
class _Pixels:
    """The entry that holds the pixels.

    Attributes:
        start: place of its value in the file.
        length: of its value in bytes; None where it is not known before decoding.
    """

    start: int
    length: int | None

    @classmethod
    def at(cls, file: BinaryIO, dataset: pydicom.Dataset) -> _Pixels | None:
        """Return the entry at the place where reading stopped, None where it holds no pixels."""
        implicit, little = dataset.original_encoding
        place, head, order = file.tell(), file.read(12), "<" if little else ">"
        if len(head) < 12:
            return None
        group, element = struct.unpack(f"{order}HH", head[:4])
        if (group << 16) + element not in PIXEL_TAGS:
            return None
        size = 8 if implicit else 12
        (length,) = struct.unpack(f"{order}I", head[size - 4 : size])
        return cls(place + size, None if length == _UNDEFINED_LENGTH else length)

    def missing(self, dataset: pydicom.Dataset, size: int) -> int:
        """Return by how many bytes a file of that size is too short for what its header announces; 0 or less if it
        is not."""
        frames = integer(dataset, "NumberOfFrames") or 1
        if self.length is None:
            return _LEAST_FRAME * frames - size
        values = frames * (integer(dataset, "Rows") or 0) * (integer(dataset, "Columns") or 0)
        bits = (integer(dataset, "BitsAllocated") or 0) * (integer(dataset, "SamplesPerPixel") or 1)
        announced = values * bits // 8
        if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
            announced = announced * 2 // 3
        return max(self.start + self.length - size, announced - self.length)


@functools.cache
def _class_name(uid: str) -> str:
    """Return the name of a kind of DICOM object, its UID where that is unknown."""
    return UID(uid).name
