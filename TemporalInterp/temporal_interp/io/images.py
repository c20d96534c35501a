"""Image files through SimpleITK, with errors for the user and a check it does not make: is a NIfTI file complete?"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import UnreadableFileError, UnwritableFileError
from temporal_interp.io.files import (
    CHUNK,
    first_bytes,
    has_plain_name,
    header_text,
    itk_name,
    open_uncompressed,
    require_exists,
)
from temporal_interp.io.metaimage_header import is_metaimage, read_header
from temporal_interp.io.metaimage_voxels import compressed_voxels, end_of_header, is_compressed
from temporal_interp.io.placement import ASSUMED_SPACING, placed
from temporal_interp.memory import is_out_of_memory, require_memory

ADVICE = "Choose a folder that is writable and has space left."

NOT_TEXT = "its name, or that of a folder above it, is not text in UTF-8; choose another."


def read_image(path: Path, kind: str = "", *, frame: int | None = None) -> sitk.Image:
    """Return an image file as SimpleITK reads it.

    Args:
        path: of the file.
        kind: SimpleITK's name of the format, such as "MetaImageIO", where it is known from the content; by default the
            name of the file tells, too.
        frame: the only one of a 4D image that is read; it stays 4D.

    Raises:
        UnreadableFileError: there is no such file, or it is no image, or it is damaged.
    """
    require_exists(path)
    if path.is_dir():
        raise UnreadableFileError("this is a folder, an image file was expected.")
    _require_short_words(path)
    header = read_header(path) if is_metaimage(path) else None  # ITK would crash on some
    try:
        if header is not None and frame is None and is_compressed(header):
            return _read_compressed(path, header)
        return _read(path, kind, frame)
    except RuntimeError as error:
        if is_out_of_memory(error):  # the guard around all reading tells of it
            raise
        raise UnreadableFileError(f"this is not an image, or it is damaged ({_reason(error)}).") from error


LONGEST_WORD = 200
"""Characters of a number or a word in a NRRD header; ITK writes past its memory at some that are far longer."""

FREE_TEXT = ("content:", "labels:", "units:", "data file:", "datafile:", "sample units:", "#")
"""How lines of a NRRD header begin that may hold any text."""


def _require_short_words(path: Path) -> None:
    """Raise UnreadableFileError for a NRRD header that would end the whole program within ITK."""
    if not first_bytes(path, 4).startswith(b"NRRD"):
        return
    for line in header_text(path).splitlines():
        if ":=" in line or line.lower().startswith(FREE_TEXT):
            continue
        if max(map(len, line.split()), default=0) > LONGEST_WORD:
            raise UnreadableFileError(f"its header is damaged: '{line[:30]}...' is no entry of NRRD.")


def _read(path: Path, kind: str, frame: int | None) -> sitk.Image:
    reader = sitk.ImageFileReader()
    reader.SetFileName(itk_name(path))
    reader.SetImageIO(kind)
    reader.ReadImageInformation()
    if reader.HasMetaDataKey("dim[0]"):
        _require_complete_nifti(path, reader)
    sizes = list(reader.GetSize())
    if frame is not None:
        sizes[3] = 1
        reader.SetExtractIndex([0, 0, 0, frame])
        reader.SetExtractSize(sizes)
    require_memory(math.prod(sizes) * reader.GetNumberOfComponents() * _value_bytes(reader.GetPixelID()), "its voxels")
    return reader.Execute()


def _read_compressed(path: Path, header: dict[str, str]) -> sitk.Image:
    """Return a compressed MetaImage: voxels as we read them, the rest as ITK reads it."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(itk_name(path))
    reader.SetImageIO("MetaImageIO")
    reader.ReadImageInformation()
    image = sitk.GetImageFromArray(compressed_voxels(path, header), isVector=reader.GetNumberOfComponents() > 1)
    image.SetSpacing(reader.GetSpacing())
    image.SetOrigin(reader.GetOrigin())
    image.SetDirection(reader.GetDirection())
    for key in reader.GetMetaDataKeys():
        image.SetMetaData(key, reader.GetMetaData(key))
    return image


def _value_bytes(pixel_id: int) -> int:
    """Return the bytes that a value takes, by SimpleITK's words for its type, such as '16-bit signed integer'."""
    bits = re.search(r"(\d+)-bit", sitk.GetPixelIDValueAsString(pixel_id))
    return int(bits[1]) // 8 if bits else 1


def grid_of_image(image: sitk.Image, spacing: Sequence[float] | np.ndarray) -> tuple[Geometry, list[str]]:
    """Return the voxel grid of a 2D or 3D image, or of the frames of a 4D one, and notes.

    Args:
        image: as `read_image` returns it.
        spacing: of its voxels in mm, along (I, J, K); a single slice is 1 mm thick where there are two.

    Raises:
        InvalidInputError: the axes are sheared.
    """
    dimension = image.GetDimension()
    inside = min(dimension, 3)
    direction = np.eye(3)
    direction[:inside, :inside] = np.reshape(image.GetDirection(), (dimension, dimension))[:inside, :inside]
    across, rows, slices = [*image.GetSize()[:inside], 1][:3]
    origin = [*image.GetOrigin()[:inside], 0.0][:3]
    return placed((slices, rows, across), direction * [*spacing, ASSUMED_SPACING][:3], origin)


def write_image(image: sitk.Image, path: Path) -> None:
    """Write an image, compressed where the format can.

    Raises:
        UnwritableFileError: SimpleITK cannot write it, or the disk has no room for all of it.
    """
    if not has_plain_name(path):
        raise UnwritableFileError(NOT_TEXT)
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise UnwritableFileError(f"the image could not be written ({_reason(error)}). {ADVICE}") from error
    if not _is_whole(path, image):
        raise UnwritableFileError(f"only a part of the image could be written. {ADVICE}")


def _is_whole(path: Path, image: sitk.Image) -> bool:
    """Tell whether all of an image is in the file: ITK says nothing where a disk is full when it writes NIfTI."""
    voxels = image.GetNumberOfPixels() * image.GetNumberOfComponentsPerPixel() * _value_bytes(image.GetPixelID())
    try:
        if path.name.lower().endswith((".nii", ".nii.gz")):
            return _uncompressed_size(path, voxels) == voxels
        if is_metaimage(path):
            return path.stat().st_size >= end_of_header(path) + int(read_header(path).get("CompressedDataSize", voxels))
    except (EOFError, zlib.error, UnreadableFileError):
        return False
    return True


def _reason(error: RuntimeError) -> str:
    """Return the last line of SimpleITK's message, which says what happened; the others say where in its code."""
    return [line for line in str(error).splitlines() if line.strip()][-1].strip()


def _require_complete_nifti(path: Path, image: sitk.ImageFileReader) -> None:
    """Raise UnreadableFileError if voxels are missing at the end of the file: SimpleITK silently reads them as zero."""
    sizes = [int(image.GetMetaData(f"dim[{n}]")) for n in range(1, 1 + int(image.GetMetaData("dim[0]")))]
    voxel_bytes = math.prod(sizes) * int(image.GetMetaData("bitpix")) // 8
    expected = int(float(image.GetMetaData("vox_offset"))) + voxel_bytes
    try:
        found = _uncompressed_size(path, expected)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFileError("the compressed file is cut short or damaged; get it again.") from error
    if found < expected:
        raise UnreadableFileError(f"the file is cut short: {found} of {expected} bytes are there; get it again.")


def _uncompressed_size(path: Path, most: int) -> int:
    """Return how many bytes a file has, uncompressed; no more than `most` are looked at."""
    found = 0
    with open_uncompressed(path) as file:
        while found < most and (passed := len(file.read(min(CHUNK, most - found)))):
            found += passed
    return found
