"""Whether there is room for a result, on the disk and in memory, before it is computed."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.errors import UnwritableFileError
from temporal_interp.memory import free_memory, in_words, require_memory

if TYPE_CHECKING:
    import numpy as np

FIELD_BYTES = 3 * 4
"""Of a displacement in a voxel: three components in float32."""

COMPRESSED = 0.5
"""Size of compressed voxels over their size in memory, a cautious guess."""


def require_room_for_sequence(
    path: Path | None,
    count: int,
    shape: tuple[int, int, int],
    dtype: np.dtype,
    also: Mapping[Path, float] | None = None,
    *,
    disk_share: float | None = None,
) -> None:
    """Raise UnwritableFileError or OutOfMemoryError if a sequence is too large for the disk or for the memory.

    Args:
        path: where it will be written; None where that takes next to nothing, as a film does.
        count: number of its frames.
        shape: of a frame, (K, J, I).
        dtype: of its voxels.
        also: bytes on the disk of other outputs.
        disk_share: see `Format`; None takes that of the format that the path chooses.
    """
    from temporal_interp.io.format_registry import writer_format

    size = count * math.prod(shape) * dtype.itemsize
    if disk_share is None:
        disk_share = 0.0 if path is None else writer_format(path).disk_share
    on_disk = {} if path is None else {path: disk_share * size}
    require_disk_space({**on_disk, **(also or {})})
    frame, free = size // max(1, count), free_memory()
    fit = 0 if free is None else free // max(1, frame)
    instead = f"About {fit} frames would fit." if fit else "Ask for less, or give a smaller region."
    what = f"{count} frames of {' x '.join(map(str, shape[::-1]))} voxels"
    require_memory(size, what if path is None else f"{path}: {what}", instead)


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


def existing_above(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    absolute = path.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())
