"""Voxels as the integers that DICOM stores, with the slope and the intercept that bring the voxels back."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass

import numpy as np
import pydicom

from temporal_interp.errors import InvalidInputError

BITS_ALLOCATED = (8, 16, 32)


@dataclass(frozen=True)
class Storage:
    """How integers are stored.

    Attributes:
        allocated: bits that a value takes.
        bits: of which are used.
        signed: whether values are signed.
    """

    allocated: int
    bits: int
    signed: bool

    def limits(self, bits: int) -> tuple[int, int]:
        """Return the least and the greatest value of so many bits."""
        return (-(1 << bits - 1), (1 << bits - 1) - 1) if self.signed else (0, (1 << bits) - 1)

    @property
    def dtype(self) -> np.dtype:
        """The type of the values."""
        return np.dtype(f"<{'i' if self.signed else 'u'}{self.allocated // 8}")


@dataclass(frozen=True, eq=False)
class Stored:
    """An image as it is stored.

    Attributes:
        values: (row, column), integers.
        slope: of the rescaling.
        intercept: of the rescaling.
        bits: that the values need, not fewer than those of the source.
        error: greatest difference of a rescaled value from the voxel.
    """

    values: np.ndarray
    slope: float
    intercept: float
    bits: int
    error: float


def stored(voxels: np.ndarray, storage: Storage, rescalings: abc.Sequence[tuple[float, float]]) -> Stored:
    """Return voxels as integers.

    The first of the rescalings of the source under which all values fit is kept, so that programs that show stored
    values show synthetic images like acquired ones. Where none does, the range of the image is spread over all bits
    (our choice).

    Args:
        voxels: (row, column).
        storage: of the source.
        rescalings: slope and intercept of source images, the best first.

    Raises:
        InvalidInputError: a voxel is NaN or infinite.

    Example:
        >>> made = stored(np.array([[-1000.0, 500.0]]), Storage(16, 12, False), [(1.0, -1024.0)])
        >>> made.values.tolist(), made.bits, made.error
        ([[24, 1524]], 12, 0.0)
    """
    exact = voxels.astype(np.float64)
    if not np.isfinite(exact).all():
        raise InvalidInputError("a voxel is NaN or infinite, which the integers of DICOM cannot hold.")
    for bits in sorted({storage.bits, storage.allocated}):
        lowest, highest = storage.limits(bits)
        for slope, intercept in rescalings:
            values = np.rint((exact - intercept) / slope)
            if lowest <= values.min() and values.max() <= highest:
                return _stored(exact, values, slope, intercept, bits, storage)
    lowest, highest = storage.limits(storage.allocated)
    slope = float(np.ptp(exact)) / (highest - lowest) or 1.0
    intercept = float(exact.min()) - lowest * slope
    values = np.clip(np.rint((exact - intercept) / slope), lowest, highest)
    return _stored(exact, values, slope, intercept, storage.allocated, storage)


def _stored(
    exact: np.ndarray, values: np.ndarray, slope: float, intercept: float, bits: int, storage: Storage
) -> Stored:
    error = float(np.abs(values * slope + intercept - exact).max())
    # a source of float32 rounds slope x value + intercept to 24 bits, which is no loss of the integers
    negligible = max(abs(float(exact.min())), abs(float(exact.max()))) * 2.0**-22
    return Stored(values.astype(storage.dtype), slope, intercept, bits, 0.0 if error <= negligible else error)


def put_pixels(dataset: pydicom.Dataset, values: np.ndarray, storage: Storage, bits: int) -> None:
    """Put grey pixels, (row, column) or (frame, row, column), into a header, with the entries that describe them."""
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = values.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = storage.allocated, bits, bits - 1
    dataset.PixelRepresentation = int(storage.signed)
    content = np.ascontiguousarray(values, storage.dtype).tobytes()
    require_size(len(content))
    dataset.add_new(0x7FE00010, "OW" if storage.allocated > 8 else "OB", content + b"\0" * (len(content) % 2))


def require_size(size: int) -> None:
    """Raise InvalidInputError if so many bytes of pixels are too many for a file."""
    if size > MOST_BYTES:
        raise InvalidInputError("an uncompressed DICOM file holds no more than 4 GB of pixels; ask for fewer frames.")


MOST_BYTES = 2**32 - 2
"""The length of an entry has 32 bits, and is even."""
