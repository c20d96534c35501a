"""The memory that there is: of the computer, of the group that a container or a scheduler confines us to, of limits."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from temporal_interp.errors import OutOfMemoryError

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
OWN_SIZES = Path("/proc/self/statm")
SYSTEM_MEMORY = Path("/proc/meminfo")

FAILED_TO_ALLOCATE = (
    "out of memory",
    "t allocate memory",  # can't, and cannot
    "failed to allocate",
    "bad_alloc",
    "bad allocation",
    "start new thread",  # there is no room for its stack
    "failed to map segment",
)
"""Words of libraries that could not have memory, in lower case."""

UNLIMITED = 1 << 60
"""A limit of more bytes than this is none: version 1 of control groups has no word for it."""


def total_memory() -> int | None:
    """Return the bytes that this process could have if nothing were in use; None where the system does not tell.

    That is the memory of the computer, or less where a control group (a container, a job of a scheduler) or
    `ulimit -v` allows less.
    """
    return min([*_physical(), *(limit for limit, _ in _control_groups()), *_address_space(whole=True)], default=None)


def free_memory() -> int | None:
    """Return the bytes that this process can still take; None where the system does not tell.

    What the system keeps of files in memory counts as free, since it gives that up. Where it does not tell what is
    free, as on macOS, what it has in all is returned.

    Example:
        >>> free = free_memory()
        >>> free is None or free > 0
        True
    """
    groups = [max(0, limit - used) for limit, used in _control_groups()]
    return min([*(_available() or _physical()), *groups, *_address_space(whole=False)], default=None)


def require_memory(needed: float, what: str, instead: str = "Ask for less.") -> None:
    """Raise OutOfMemoryError if something takes more memory than there is.

    Args:
        needed: its bytes.
        what: the beginning of a sentence on what takes them, in the plural, such as "4 frames of 512 voxels".
        instead: a sentence on what would fit.

    Example:
        >>> require_memory(1e18, "All frames")
        Traceback (most recent call last):
        temporal_interp.errors.OutOfMemoryError: All frames take 1000000 TB of memory, and ...
    """
    there = free_memory()
    if there is not None and needed > there:
        raise OutOfMemoryError(f"{what} take {in_words(needed)} of memory, and {in_words(there)} are free. {instead}")


@dataclass(frozen=True)
class Footprint:
    """The memory that work on a frame takes, beside the frames themselves, as Testing/Benchmarks/memory.py measures it.

    Attributes:
        per_voxel: bytes for every voxel of a frame.
        at_once: further bytes for every voxel that is worked on at once.
        most_at_once: voxels that are worked on at once, at most; larger frames are cut into tiles, or made coarser.
        least_at_once: voxels of the smallest tile, where tiles can be smaller; 0 where they cannot.
    """

    per_voxel: int = 0
    at_once: int = 0
    most_at_once: int = 0
    least_at_once: int = 0

    def of(self, voxels: int) -> int:
        """Return the bytes for a frame of this many voxels.

        >>> Footprint(per_voxel=10, at_once=100, most_at_once=1000).of(2000)
        120000
        """
        return self.per_voxel * voxels + self.at_once * min(voxels, self.most_at_once)

    def least(self, voxels: int) -> int:
        """Return the bytes for a frame of this many voxels in the smallest tiles.

        >>> Footprint(per_voxel=10, at_once=100, most_at_once=1000, least_at_once=10).least(2000)
        21000
        """
        return self.per_voxel * voxels + self.at_once * min(voxels, self.least_at_once or self.most_at_once)

    def voxels_at_once(self, voxels: int, free: int | None) -> int:
        """Return how many voxels can be worked on at once, of a frame of that many, where so many bytes are free.

        >>> tiled = Footprint(per_voxel=10, at_once=100, most_at_once=1000, least_at_once=10)
        >>> tiled.voxels_at_once(2000, None), tiled.voxels_at_once(2000, 60_000), tiled.voxels_at_once(2000, 0)
        (1000, 400, 10)
        """
        if free is None or not self.at_once:
            return self.most_at_once
        room = (free - self.per_voxel * voxels) // self.at_once
        return max(self.least_at_once or self.most_at_once, min(self.most_at_once, room))

    def largest(self, free: int) -> int:
        """Return about how many voxels a frame can have for so many bytes.

        >>> Footprint(per_voxel=10, at_once=100, most_at_once=1000).largest(120_000)
        2000
        """
        least = self.least_at_once or self.most_at_once
        if free <= self.least(least):
            return max(0, free) // max(1, self.per_voxel + self.at_once)
        return (free - self.at_once * least) // max(1, self.per_voxel)


NOTHING = Footprint()
"""Next to nothing."""


def require_fits(footprint: Footprint, shape: Sequence[int], what: str, also: float = 0, instead: str = "") -> None:
    """Raise OutOfMemoryError if work on a frame takes more memory than there is.

    Args:
        footprint: of the work.
        shape: of the frame.
        what: the beginning of a sentence on the work, such as "A registration".
        also: bytes of results that come on top.
        instead: the end of a sentence on what could be done, other than to crop the images.

    Example:
        >>> require_fits(Footprint(per_voxel=100), (10**5, 10**5, 10**5), "A registration")
        Traceback (most recent call last):
        temporal_interp.errors.OutOfMemoryError: A registration of 100000 x 100000 x 100000 voxels takes 100000 TB ...
    """
    voxels, free = math.prod(shape), free_memory()
    needed = footprint.least(voxels) + also
    if free is None or needed <= free:
        return
    size = " x ".join(map(str, shape[::-1]))
    share = max(0, footprint.largest(free - int(also * footprint.largest(free) / voxels))) / voxels
    fits = f"Crop the images to about {share:.0%} of their voxels{instead}" if share >= 0.01 else "Close other programs"
    raise OutOfMemoryError(
        f"{what} of {size} voxels takes {in_words(needed)} of memory, and {in_words(free)} are free. {fits}."
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory could not be had.

    PyTorch and ITK raise RuntimeError for it, and a library that cannot be loaded for want of it is an ImportError.

    Example:
        >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"))
        True
        >>> is_out_of_memory(RuntimeError("sizes of tensors must match"))
        False
    """
    if isinstance(error, MemoryError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError | OSError | ImportError) and any(one in words for one in FAILED_TO_ALLOCATE)


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


def _physical() -> list[int]:
    """Return the memory of the computer, in a list of one; none where it is not told."""
    if sys.platform == "win32":
        return _of_windows("ullTotalPhys")
    try:
        return [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):
        return []


def _available() -> list[int]:
    """Return the memory of the computer that is not in use, with its swap, in a list of one; none where not told."""
    if sys.platform == "win32":
        return _of_windows("ullAvailPhys")
    entries = dict(line.split(":", 1) for line in _lines(SYSTEM_MEMORY) if ":" in line)
    try:
        return [sum(int(entries[name].split()[0]) for name in ("MemAvailable", "SwapFree")) * 1024]
    except (KeyError, ValueError, IndexError):
        return []


def _of_windows(name: str) -> list[int]:
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX of Windows."""

        _fields_ = (
            ("dwLength", ctypes.c_ulong),
            ("dwMemoryLoad", ctypes.c_ulong),
            *((entry, ctypes.c_ulonglong) for entry in ("ullTotalPhys", "ullAvailPhys", "ullTotalPageFile")),
            *((entry, ctypes.c_ulonglong) for entry in ("ullAvailPageFile", "ullTotalVirtual", "ullAvailVirtual")),
            ("ullAvailExtendedVirtual", ctypes.c_ulonglong),
        )

    status = Status(dwLength=ctypes.sizeof(Status))
    told = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined] # on Windows
    return [int(getattr(status, name))] if told else []


def _control_groups() -> Iterator[tuple[int, int]]:
    """Yield the limit of every control group around this process, and how much of it is in use.

    A container sees its own group at the root, whatever /proc says of its path.
    """
    for line in _lines(OWN_CGROUPS):
        _, controllers, path = line.strip().split(":", 2)
        if not controllers:  # version 2
            yield from _limits(CGROUPS, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _limits(CGROUPS / "memory", path, *names)


def _limits(root: Path, path: str, limit: str, used: str, reclaimable: str) -> Iterator[tuple[int, int]]:
    group = root / path.strip("/")
    for folder in (group, *group.parents):
        if root not in (folder, *folder.parents):
            return
        most, now = _number(folder / limit), _number(folder / used)
        if most is None or now is None or most >= UNLIMITED:
            continue
        kept = dict(line.split(" ", 1) for line in _lines(folder / "memory.stat") if " " in line)
        yield most, max(0, now - int(kept.get(reclaimable, 0)))


def _address_space(*, whole: bool) -> Iterable[int]:
    """Return what `ulimit -v` and `ulimit -d` allow in all, or beyond what is in use; none where they set no limit."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    sizes = next(iter(_lines(OWN_SIZES)), "").split()
    found = []
    for name, place in (("RLIMIT_AS", 0), ("RLIMIT_DATA", 5)):  # of statm: size of the program, of its data
        most = resource.getrlimit(getattr(resource, name))[0] if hasattr(resource, name) else resource.RLIM_INFINITY
        if most == resource.RLIM_INFINITY or most >= UNLIMITED:
            continue
        used = int(sizes[place]) * os.sysconf("SC_PAGE_SIZE") if len(sizes) > place and not whole else 0
        found.append(max(0, most - used))
    return found


def _number(path: Path) -> int | None:
    """Return the number in a file, None where there is none, as in 'max'."""
    text = next(iter(_lines(path)), "").strip()
    return int(text) if text.isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
