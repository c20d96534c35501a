"""Headers of MetaImages, looked at before ITK reads them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.files import first_bytes
from temporal_interp.io.voxel_stream import require_plausible

FIRST_KEYS = (b"ObjectType", b"NDims", b"Comment", b"ObjectSubType")
"""The header begins with one of these."""

LONGEST_HEADER = 1 << 16
"""Bytes in which the header ends (our choice)."""

INTEGERS = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8}
TYPES = {f"MET_{name}": f"i{size}" for name, size in INTEGERS.items()}
TYPES |= {f"MET_U{name}": f"u{size}" for name, size in INTEGERS.items()}
TYPES |= {"MET_FLOAT": "f4", "MET_DOUBLE": "f8"}
"""Types of voxels that ITK reads as numbers, by NumPy's names."""

YES = ("t", "1")
"""How a yes begins in a header, in lower case."""

LARGEST_SIZE = 1 << 31


def is_metaimage(path: Path) -> bool:
    """Tell by its first key whether a file is a MetaImage."""
    start = first_bytes(path, LONGEST_HEADER)
    return start.lstrip().startswith(FIRST_KEYS) and b"NDims" in start


def read_header(path: Path) -> dict[str, str]:
    """Return the entries of the header, as far as they matter; ITK crashes on some that cannot be.

    Raises:
        UnreadableFileError: the header is damaged, or the file is too short for it, or the one with the voxels is not
            there.
        InvalidInputError: the voxels are of another type than numbers.
    """
    header: dict[str, str] = {}
    for line in first_bytes(path, LONGEST_HEADER).split(b"\n"):
        key, _, value = line.decode("latin-1").partition("=")
        header[key.strip()] = value.strip()
        if key.strip() == "ElementDataFile":
            break
    try:
        dimension, sizes = int(header["NDims"]), [int(size) for size in header["DimSize"].split()]
        channels = int(header.get("ElementNumberOfChannels", 1))
        data_file = header["ElementDataFile"]
    except (KeyError, ValueError) as error:
        raise UnreadableFileError(f"the header is cut short or damaged ({error}).") from error
    if not 2 <= dimension <= 4 or len(sizes) != dimension or not all(0 < size < LARGEST_SIZE for size in sizes):
        raise UnreadableFileError(
            f"the header has {dimension} axes of the sizes {header['DimSize']}; volumes have 2 or 3, and sequences 4."
        )
    if not 0 < channels < LARGEST_SIZE:
        raise UnreadableFileError(f"the header has {channels} values for every voxel.")
    beside = data_file.split()[:1]
    if header.get("ElementType", "").removesuffix("_ARRAY") not in TYPES:
        raise InvalidInputError(f"the voxels are of the type '{header.get('ElementType')}', which cannot be read.")
    is_beside = beside and beside[0].upper() not in ("LOCAL", "LIST") and "%" not in data_file
    if is_beside and not (path.parent / data_file).is_file():
        raise UnreadableFileError(f"its voxels are in {data_file} beside it; that file is not there.")
    if is_beside or data_file.upper() == "LOCAL":
        needed = math.prod(sizes) * channels * dtype_of(header).itemsize
        _require_long_enough(path.parent / data_file if is_beside else path, header, needed)
    return header


def _require_long_enough(path: Path, header: dict[str, str], needed: int) -> None:
    """Raise UnreadableFileError if a file is too short for its voxels: ITK takes the memory for them first."""
    size = path.stat().st_size
    if is_plain(header) and needed > size:
        raise UnreadableFileError(f"the file is cut short: {size} of {needed} bytes are there; get it again.")
    require_plausible(size, needed)


def is_plain(header: dict[str, str]) -> bool:
    """Tell whether the voxels are neither compressed nor text, and all in one file."""
    data_file = header["ElementDataFile"]
    return (
        is_yes(header, "BinaryData")
        and not is_yes(header, "CompressedData")
        and "%" not in data_file
        and not data_file.upper().startswith("LIST")
    )


def is_yes(header: dict[str, str], key: str) -> bool:
    """Tell whether an entry of a header is there and says yes."""
    return header.get(key, "").lower()[:1] in YES


def dtype_of(header: dict[str, str]) -> np.dtype:
    """Return the type of the voxels, in native byte order."""
    return np.dtype(TYPES[header["ElementType"].removesuffix("_ARRAY")])
