"""Whether there is room for a result, on the disk and in memory, before it is computed."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.errors import OutOfMemoryError, UnwritableFileError
from temporal_interp.tensors.devices import physical_memory

if TYPE_CHECKING:
    import numpy as np

FIELD_BYTES = 3 * 4
"""Of a displacement in a voxel: three components in float32."""

COMPRESSED = 0.5
"""Size of compressed voxels over their size in memory, a cautious guess."""


def require_room_for_sequence(
    path: Path,
    count: int,
    shape: tuple[int, int, int],
    dtype: np.dtype,
    also: Mapping[Path, float] | None = None,
    *,
    disk_share: float | None = None,
) -> None:
    """Raise UnwritableFileError or OutOfMemoryError if a sequence is too large for the disk or for the memory.

    Args:
        path: where it will be written.
        count: number of its frames.
        shape: of a frame, (K, J, I).
        dtype: of its voxels.
        also: bytes on the disk of other outputs.
        disk_share: see `Format`; None takes that of the format that the path chooses.
    """
    from temporal_interp.io.format_registry import writer_format

    size = count * math.prod(shape) * dtype.itemsize
    share = writer_format(path).disk_share if disk_share is None else disk_share
    require_disk_space({path: share * size, **(also or {})})
    require_memory(size, f"{path}: {count} frames of {' x '.join(map(str, shape[::-1]))} voxels")


def require_disk_space(needs: Mapping[Path, float]) -> None:
    """Raise UnwritableFileError if the disk is too small for results.

    Args:
        needs: for every path that will be written, the bytes that this takes.

    Example:
        >>> require_disk_space({Path("cine.seq.nrrd"): 10**18})
        Traceback (most recent call last):
        temporal_interp.errors.UnwritableFileError: cine.seq.nrrd: the result takes about 1000000 TB, ...
    """
    on_disk: dict[int, list[Path]] = {}
    for path in needs:
        on_disk.setdefault(existing_above(path).stat().st_dev, []).append(path)
    for paths in on_disk.values():
        disk = shutil.disk_usage(existing_above(paths[0]))
        needed = sum(needs[path] for path in paths)
        if disk.total and needed > disk.free:  # some file systems on a network say that they have no size
            raise UnwritableFileError(
                f"{' and '.join(map(str, paths))}: the result takes about {in_words(needed)}, and the disk has "
                f"{in_words(disk.free)} left. Make room, choose another place, or ask for less."
            )


def require_memory(needed: float, what: str) -> None:
    """Raise OutOfMemoryError if a result is larger than the memory of this computer; `what` says what it is."""
    there = physical_memory()
    if there is not None and needed > there:
        raise OutOfMemoryError(
            f"{what} take {in_words(needed)} of memory, and this computer has {in_words(there)}. Ask for less."
        )


def existing_above(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    absolute = path.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())


def in_words(size: float) -> str:
    """Return a number of bytes with its unit.

    Example:
        >>> in_words(1_540_000), in_words(12)
        ('1.5 MB', '12 bytes')
    """
    for unit, length in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= length:
            return f"{size / length:.1f} {unit}" if size < 1000 * length else f"{size / length:.0f} {unit}"
    return f"{size:.0f} bytes"
