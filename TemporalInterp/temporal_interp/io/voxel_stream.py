"""Voxels from an open file into one array, without a second copy of them in memory."""

from __future__ import annotations

import io
import math
import zlib
from collections import abc
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO

import numpy as np

from temporal_interp.errors import OutOfMemoryError, UnreadableFileError
from temporal_interp.io.files import CHUNK, damage_told
from temporal_interp.memory import in_words, require_memory

INFLATION = 1032
"""No gzip file grows by more than this when it is uncompressed."""

MOST_SKIPPED = 1 << 30
"""Bytes of a compressed file that are read over to reach the first voxel, at most (our choice)."""


INSTEAD = "Close other programs, or take a computer with more."


@dataclass(frozen=True)
class Scale:
    """What voxels in a file are multiplied by, and what is added then."""

    slope: float
    intercept: float

    def type_of(self, stored: np.dtype) -> np.dtype:
        """Return the type of the scaled voxels: float32, or float64 where the file has 64 bits; ITK does the same."""
        return np.dtype(np.float64 if stored.itemsize == 8 else np.float32)

    def of(self, voxels: np.ndarray) -> np.ndarray:
        """Return scaled voxels as float64."""
        return voxels * np.float64(self.slope) + self.intercept


def read_frames(
    file: IO[bytes], shape: abc.Sequence[int], dtype: np.dtype, frames_axis: int = 0, scale: Scale | None = None
) -> np.ndarray:
    """Return the next voxels of an open file as (frame, ...), contiguous and in native byte order.

    They are read into place piece by piece: the array is all that is held, whatever the order of its axes in the file.

    Args:
        file: open, at the first voxel; uncompressed.
        shape: size of the axes as they lie in the file, the slowest first.
        dtype: of the voxels in the file.
        frames_axis: which of the axes comes first in the result.
        scale: what to do with every voxel; None to take it as it is.

    Raises:
        UnreadableFileError: the file ends before the last voxel, or its compression is damaged.
        OutOfMemoryError: there is not enough memory.
    """
    slower, frames, faster = math.prod(shape[:frames_axis]), shape[frames_axis], math.prod(shape[frames_axis + 1 :])
    others = tuple(size for axis, size in enumerate(shape) if axis != frames_axis)
    kept = (dtype if scale is None else scale.type_of(dtype)).newbyteorder("=")
    size = slower * frames * faster * kept.itemsize
    require_memory(size, "its voxels", INSTEAD)
    try:
        result = np.empty((frames, *others), kept)
    except (MemoryError, ValueError) as error:  # NumPy raises the latter where no machine could hold it
        raise OutOfMemoryError(f"its voxels take {in_words(size)}, more memory than there is. {INSTEAD}") from error
    if slower == 1 and scale is None:
        _fill(file, result)
        if not dtype.isnative:
            result.byteswap(inplace=True)
        return result
    if slower == 1:  # in pieces of any length
        whole = result.reshape(-1)
        for start, piece in _pieces(file, whole.size, 1, dtype):
            whole[start : start + len(piece)] = scale.of(piece[:, 0]) if scale else piece[:, 0]
        return result
    places = result.reshape(frames, slower, faster)
    for start, piece in _pieces(file, slower, frames * faster, dtype):
        block = piece.reshape(-1, frames, faster).swapaxes(0, 1)
        places[:, start : start + len(piece)] = scale.of(block) if scale else block
    return result


def skip(file: IO[bytes], count: int) -> None:
    """Go over the next bytes of a file, which may be compressed; there may be fewer.

    Raises:
        UnreadableFileError: the compression is damaged, or so much of it would have to be read that it cannot be meant.
    """
    if isinstance(getattr(file, "raw", None), io.FileIO):
        file.seek(count, io.SEEK_CUR)
        return
    if count > MOST_SKIPPED:
        raise UnreadableFileError(f"the header says that voxels begin {in_words(count)} behind it; it is damaged.")
    with _damage_told():
        while count > 0 and (passed := len(file.read(min(count, CHUNK)))):
            count -= passed


def more_follows(file: IO[bytes]) -> bool:
    """Tell whether there is more to read; at the end of a compressed file, its checksum is looked at.

    Raises:
        UnreadableFileError: the compression is damaged.
    """
    with _damage_told():
        return bool(file.read(1))


def require_plausible(file_bytes: int, needed: int) -> None:
    """Raise UnreadableFileError if a file, uncompressed or by gzip, is too short for the bytes that its header needs.

    It is asked before memory is taken.
    """
    if needed > INFLATION * file_bytes:
        raise UnreadableFileError(
            f"the file is cut short: its header needs {needed} bytes of voxels, and the file has {file_bytes} bytes."
        )


def _damage_told() -> AbstractContextManager[None]:
    """Turn what compression libraries raise into an error for the user."""
    return damage_told(
        (EOFError, zlib.error, OSError), "the compressed file is cut short or damaged ({error}); get it again."
    )


def _pieces(file: IO[bytes], rows: int, row: int, dtype: np.dtype) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number of the first row of a piece, and the piece, (rows, row), which is used again for the next."""
    several = min(rows, max(1, CHUNK // (row * dtype.itemsize)))
    piece = np.empty((several, row), dtype)
    for start in range(0, rows, several):
        part = piece[: min(several, rows - start)]
        _fill(file, part)
        yield start, part


def _fill(file: IO[bytes], array: np.ndarray) -> None:
    """Fill a contiguous array with the next bytes of a file."""
    view = memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type] # arrays have a buffer
    done = 0
    while done < len(view):
        with _damage_told():
            count = file.readinto(view[done : done + CHUNK])  # type: ignore[attr-defined] # files have it
        if not count:
            raise UnreadableFileError("the file is cut short: voxels are missing at its end; get it again.")
        done += count
