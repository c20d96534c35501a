"""Hidden folders beside a result in which it is made, and what a process that was killed left of them.

Such a folder is named after the host, and a lock in it is held for as long as its process lives. The next one that
writes to the same place removes those of this host whose lock is free. Those of other hosts, on a shared drive, are
left to them.
"""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temporal_interp.io.locks import locked

STAGING_PREFIX = ".temporal_interp-"

_HOST = re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:60] or "host"
_LOCK = "in-use.lock"

JUST_NOW = 3600
"""Seconds for which a folder without a lock may be one that is being made."""

_swept: set[Path] = set()
"""Folders in which this process has looked already."""


@contextmanager
def staging_folder(beside: Path) -> Iterator[Path]:
    """Yield a new, empty folder on the same disk as `beside`, a folder; it is removed at the end, whatever happens.

    Raises:
        OSError: `beside` is not there, or cannot be written to.

    Example:
        >>> place = Path(tempfile.mkdtemp())
        >>> with staging_folder(place) as folder:
        ...     (folder / "result").touch()
        >>> list(place.iterdir())
        []
    """
    beside = beside.absolute()
    if beside not in _swept:
        _swept.add(beside)
        sweep(beside)
    with (
        tempfile.TemporaryDirectory(dir=beside, prefix=f"{STAGING_PREFIX}{_HOST}-", ignore_cleanup_errors=True) as made,
        locked(Path(made) / _LOCK),
    ):
        inner = Path(made) / "new"
        inner.mkdir()
        yield inner


def sweep(folder: Path) -> None:
    """Remove what processes of this host that are gone have left in a folder."""
    from filelock import FileLock, Timeout

    for left in folder.glob(f"{STAGING_PREFIX}{_HOST}-*"):
        try:
            if not (left / _LOCK).exists() and time.time() - left.stat().st_mtime < JUST_NOW:
                continue
            with FileLock(left / _LOCK, timeout=0):
                pass
        except (Timeout, OSError, NotImplementedError):  # in use, or on a disk without locks: nobody can tell
            continue
        shutil.rmtree(left, ignore_errors=True)
