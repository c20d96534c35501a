"""The voxels of a NRRD file: in the file itself, or in one or several beside it, in every encoding."""

from __future__ import annotations

import bz2
import io
import math
import re
from collections import abc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

import numpy as np

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.files import CHUNK, LONGEST_HEADER, inflated
from temporal_interp.io.voxel_stream import more_follows, read_frames, require_plausible, skip

TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
"""Names of the scalar types in the standard, by their names in NumPy."""

MAX_FILES = 100_000
"""A header that names more files than this is damaged (our choice)."""

RAW, GZIP, BZIP2, ASCII, HEX = ("raw",), ("gzip", "gz"), ("bzip2", "bz2"), ("ascii", "text", "txt"), ("hex",)
"""Names of the encodings in the standard."""


def read_voxels(header: abc.Mapping, file: BinaryIO, path: Path, data_files: list[str], frames_axis: int) -> np.ndarray:
    """Return the voxels, contiguous and in native byte order, the slowest axis first but for that of the frames.

    Args:
        header: as pynrrd parses it.
        file: the open file, behind its header.
        path: of that file; others are named relative to it.
        data_files: what the header has in "data file", a line each; empty where the voxels are in the file itself.
        frames_axis: number of the axis of frames, 0 for the slowest, which comes first in the result.

    Raises:
        UnreadableFileError: a file is cut short, damaged or not there.
        InvalidInputError: type, byte order or encoding are not known.
    """
    shape = [int(size) for size in header["sizes"][::-1]]
    dtype = _dtype(header)
    needed = math.prod(shape) * dtype.itemsize
    names = _file_names(data_files)
    if not names:
        with _content(header, file, path, dtype, needed) as content:
            return _read(content, shape, dtype, frames_axis)
    if needed % len(names):
        raise InvalidInputError(f"the voxels cannot be shared out evenly between the {len(names)} files of the header.")
    with _Chained([path.parent / name for name in names], header, dtype, needed // len(names)) as chained:
        return _read(cast(IO[bytes], chained), shape, dtype, frames_axis)


def _read(content: IO[bytes], shape: abc.Sequence[int], dtype: np.dtype, frames_axis: int) -> np.ndarray:
    voxels = read_frames(content, shape, dtype, frames_axis)
    if more_follows(content):
        raise UnreadableFileError("the file has more voxels than its header says; one of them is damaged.")
    return voxels


def _dtype(header: abc.Mapping) -> np.dtype:
    """Return the type of the voxels as they lie in the file."""
    name = next((name for name, names in TYPES.items() if header["type"] in names), None)
    if name is None:
        raise InvalidInputError(f"the voxels are of the type '{header['type']}', which cannot be read.")
    order = {"little": "<", "big": ">"}.get(str(header.get("endian", "")).lower(), "")
    if not order and name[1] != "1" and header["encoding"].lower() not in ASCII:
        raise InvalidInputError("the header does not say in which order bytes are; it needs the entry 'endian'.")
    return np.dtype(order + name)


def _file_names(lines: list[str]) -> list[str]:
    """Return the names of the files with the voxels: one, those of a list, or those of a pattern with its numbers."""
    if not lines:
        return []
    first, *listed = lines
    if first.split()[:1] == ["LIST"]:
        return [line.strip() for line in listed if line.strip()]
    match = re.fullmatch(r"(.*%.*?)\s+(-?\d+)\s+(-?\d+)\s+(-?[1-9]\d*)(?:\s+\d+)?", first)
    if match is None:
        return [first]
    start, stop, step = int(match[2]), int(match[3]), int(match[4])
    numbers = range(start, stop + (1 if step > 0 else -1), step)
    if not 0 < len(numbers) <= MAX_FILES:
        raise InvalidInputError(f"the entry 'data file: {first}' names {len(numbers)} files.")
    try:
        return [match[1] % number for number in numbers]
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"the entry 'data file: {first}' names no files ({error}).") from error


@contextmanager
def _content(header: abc.Mapping, file: BinaryIO, path: Path, dtype: np.dtype, needed: int) -> Iterator[IO[bytes]]:
    """Yield the voxels of one file as a stream of `needed` bytes that are not compressed."""
    for _ in range(int(header.get("line skip", header.get("lineskip", 0)))):
        if not file.readline(CHUNK):
            break
    behind = int(header.get("byte skip", header.get("byteskip", 0)))
    encoding = header["encoding"].lower()
    if encoding in RAW + GZIP:
        require_plausible(path.stat().st_size, needed)
    if encoding in ASCII:
        text = file.read().decode("ascii", "replace")
        numbers = np.array(text.replace(",", " ").split(), dtype=dtype.newbyteorder("="))
        yield io.BytesIO(numbers.astype(dtype).tobytes())
        return
    if encoding in HEX:
        yield io.BytesIO(bytes.fromhex(file.read().decode("ascii", "replace")))
        return
    with ExitStack() as stack:
        if encoding in RAW:
            content: IO[bytes] = file
        elif encoding in GZIP:
            content = stack.enter_context(inflated(file))
        elif encoding in BZIP2:
            content = cast(IO[bytes], stack.enter_context(bz2.open(file)))
        else:
            raise InvalidInputError(f"the voxels are encoded as '{header['encoding']}', which cannot be read.")
        if behind >= 0:
            skip(content, behind)
            yield content
        elif encoding in RAW:
            content.seek(-needed, io.SEEK_END)
            yield content
        else:
            yield io.BytesIO(_end_of(content, needed))


def _end_of(content: IO[bytes], count: int) -> bytes:
    """Return the last bytes of what is compressed, with no more in front of them than a header."""
    whole = content.read(count + LONGEST_HEADER)
    if more_follows(content):
        raise UnreadableFileError("the file has many more voxels than its header says; one of them is damaged.")
    return whole[-count:]


class _Chained(io.RawIOBase):
    """The voxels of several files, one after another, each with the same number of bytes."""

    def __init__(self, paths: abc.Sequence[Path], header: abc.Mapping, dtype: np.dtype, each: int) -> None:
        self._paths, self._header, self._dtype, self._each = list(paths), header, dtype, each
        self._open = ExitStack()
        self._content: IO[bytes] | None = None
        self._left = 0

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # what IO passes
        """Fill a part of the buffer and return the number of bytes, 0 behind the last file."""
        if not self._left:
            self._open.close()
            if not self._paths:
                return 0
            self._next(self._paths.pop(0))
        assert self._content is not None
        count = self._content.readinto(memoryview(buffer)[: self._left])  # type: ignore[attr-defined] # files have it
        self._left -= count
        return count

    def _next(self, path: Path) -> None:
        try:
            file = self._open.enter_context(path.open("rb"))
        except OSError as error:
            raise UnreadableFileError(
                f"its voxels are in {path.name} beside it, which cannot be opened ({error.strerror})."
            ) from error
        self._content = self._open.enter_context(_content(self._header, file, path, self._dtype, self._each))
        self._left = self._each

    def close(self) -> None:
        """Close the file that is open."""
        self._open.close()
        super().close()
