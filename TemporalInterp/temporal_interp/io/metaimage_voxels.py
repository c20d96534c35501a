"""The voxels of compressed MetaImages, read by us: ITK returns whatever was in memory where it cannot inflate them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.files import first_bytes, inflated
from temporal_interp.io.metaimage_header import LONGEST_HEADER, dtype_of, is_yes
from temporal_interp.io.voxel_stream import read_frames, skip

BIG_ENDIAN_KEYS = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")


def is_compressed(header: dict[str, str]) -> bool:
    """Tell whether the voxels are compressed, and all in one file."""
    data_file = header["ElementDataFile"]
    in_one = "%" not in data_file and data_file.split()[:1] not in ([], ["LIST"])
    return in_one and is_yes(header, "BinaryData") and is_yes(header, "CompressedData")


def compressed_voxels(path: Path, header: dict[str, str]) -> np.ndarray:
    """Return the voxels of a file of which `is_compressed` is true: the axes of the header, the last one first.

    Files with several values a voxel have these along one more axis, at the end. What follows the voxels is ignored.

    Args:
        path: of the file with the header.
        header: as `metaimage_header.read_header` returns it.

    Raises:
        UnreadableFileError: the file is cut short or damaged.
        OutOfMemoryError: there is not enough memory.
    """
    sizes = [int(size) for size in header["DimSize"].split()]
    channels = int(header.get("ElementNumberOfChannels", 1))
    is_big = any(is_yes(header, key) for key in BIG_ENDIAN_KEYS)
    is_local = header["ElementDataFile"].upper() == "LOCAL"
    with (path if is_local else path.parent / header["ElementDataFile"]).open("rb") as file:
        skip(file, end_of_header(path) if is_local else max(0, int(header.get("HeaderSize", 0))))
        shape = (*sizes[::-1], channels) if channels > 1 else tuple(sizes[::-1])
        return read_frames(inflated(file), shape, dtype_of(header).newbyteorder(">" if is_big else "<"))


def end_of_header(path: Path) -> int:
    """Return the place of the first voxel in a file that holds both."""
    found = re.search(rb"(?:^|\n)\s*ElementDataFile\s*=[^\n]*\n", first_bytes(path, LONGEST_HEADER))
    if found is None:
        raise UnreadableFileError("the header does not say where voxels begin.")
    return found.end()
