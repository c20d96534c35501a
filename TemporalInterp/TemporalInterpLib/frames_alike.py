"""Whether the frames of a sequence go together, and in words why not."""

from __future__ import annotations

from collections import abc

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError

KINDS = {"i": "{bits}-bit integers", "u": "unsigned {bits}-bit integers", "f": "{bits}-bit real numbers"}


def require_alike(volumes: abc.Sequence[Volume], numbers: abc.Sequence[int], name: str) -> None:
    """Raise InvalidInputError unless volumes have one voxel grid and one scalar type.

    Args:
        volumes: one or more frames of a sequence.
        numbers: of these frames.
        name: of the sequence.
    """
    first = volumes[0]
    for number, volume in zip(numbers, volumes, strict=True):
        frames = f"Frames {numbers[0]} and {number} of '{name}'"
        if not volume.geometry.is_close(first.geometry):
            raise InvalidInputError(
                f"{frames} {_difference(first.geometry, volume.geometry)}; bring all frames onto one grid first, for "
                "instance with Crop Volume Sequence."
            )
        if volume.array.dtype != first.array.dtype:
            raise InvalidInputError(
                f"{frames} hold different kinds of numbers, {kind_of_numbers(first.array.dtype)} and "
                f"{kind_of_numbers(volume.array.dtype)}; convert all frames to one kind first, with Cast Scalar Volume."
            )


def kind_of_numbers(dtype: np.dtype) -> str:
    """Return a scalar type in words.

    Example:
        >>> kind_of_numbers(np.dtype("uint16")), kind_of_numbers(np.dtype("float32"))
        ('unsigned 16-bit integers', '32-bit real numbers')
    """
    return KINDS[dtype.kind].format(bits=8 * dtype.itemsize)


def _difference(first: Geometry, other: Geometry) -> str:
    """Return how two voxel grids differ, as a phrase."""
    if first.shape != other.shape:
        return f"differ in size, {_listed(first.shape[::-1])} and {_listed(other.shape[::-1])} voxels"
    if not np.allclose(first.spacing, other.spacing, rtol=1e-3, atol=0):
        return f"differ in voxel spacing, {_listed(first.spacing)} and {_listed(other.spacing)} mm"
    if not np.allclose(first.direction, other.direction, rtol=0, atol=1e-3):
        return "are turned against each other"
    apart = np.linalg.norm(np.subtract(first.origin, other.origin))
    return f"lie {apart:.3g} mm apart from each other" if apart > 1e-3 else "lie on slightly different grids"


def _listed(numbers: abc.Sequence[float]) -> str:
    return " x ".join(f"{number:.6g}" for number in numbers)
