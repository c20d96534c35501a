"""Image files through SimpleITK, with errors for the user and a check it does not make: is a NIfTI file complete?"""

from __future__ import annotations

import gzip
import math
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
from temporal_interp.io.placement import ASSUMED_SPACING, placed

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
    try:
        image = sitk.ReadImage(itk_name(path), imageIO=kind) if frame is None else _read_frame(path, kind, frame)
    except RuntimeError as error:
        raise UnreadableFileError(f"this is not an image, or it is damaged ({_reason(error)}).") from error
    if image.HasMetaDataKey("dim[0]"):
        _require_complete_nifti(path, image)
    return image


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


def _read_frame(path: Path, kind: str, frame: int) -> sitk.Image:
    reader = sitk.ImageFileReader()
    reader.SetFileName(itk_name(path))
    reader.SetImageIO(kind)
    reader.ReadImageInformation()
    reader.SetExtractIndex([0, 0, 0, frame])
    reader.SetExtractSize([*reader.GetSize()[:3], 1])
    return reader.Execute()


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
        UnwritableFileError: SimpleITK cannot write it.
    """
    if not has_plain_name(path):
        raise UnwritableFileError(NOT_TEXT)
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        raise UnwritableFileError(f"the image could not be written ({_reason(error)}).") from error


def _reason(error: RuntimeError) -> str:
    """Return the last line of SimpleITK's message, which says what happened; the others say where in its code."""
    return [line for line in str(error).splitlines() if line.strip()][-1].strip()


def _require_complete_nifti(path: Path, image: sitk.Image) -> None:
    """Raise UnreadableFileError if voxels are missing at the end of the file: SimpleITK silently reads them as zero."""
    sizes = [int(image.GetMetaData(f"dim[{n}]")) for n in range(1, 1 + int(image.GetMetaData("dim[0]")))]
    voxel_bytes = math.prod(sizes) * int(image.GetMetaData("bitpix")) // 8
    expected = int(float(image.GetMetaData("vox_offset"))) + voxel_bytes
    try:
        found = _uncompressed_size(path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFileError("the compressed file is cut short or damaged; get it again.") from error
    if found < expected:
        raise UnreadableFileError(f"the file is cut short: {found} of {expected} bytes are there; get it again.")


def _uncompressed_size(path: Path) -> int:
    with open_uncompressed(path) as file:
        return sum(len(chunk) for chunk in iter(lambda: file.read(CHUNK), b""))
