"""A folder for one process at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from temporal_interp.errors import UnwritableFileError


@contextmanager
def locked(path: Path, timeout: float = 0) -> Iterator[None]:
    """Hold the lock of a file, which is made, while the block runs; on a disk without locks nothing is held.

    Args:
        path: of the lock file. It stays afterwards: to remove it would let two processes hold "the" lock.
        timeout: seconds to wait for another process.

    Raises:
        filelock.Timeout: another process holds it.
        OSError: the file cannot be made.
    """
    from filelock import FileLock

    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire()
    except NotImplementedError:  # such as some network drives
        path.touch()
    try:
        yield
    finally:
        lock.release()


LOCK_FILE = ".in-use.lock"
HOLDER_FILE = ".in-use"
"""Says in words who holds the lock; on some systems a locked file itself cannot be read."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Work in a folder, which is made where it is missing, while no other process of this program does.

    A process that is killed gives the folder back.

    Raises:
        UnwritableFileError: another process works in it; the message says which.
        OSError: the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> with alone_in(Path(tempfile.mkdtemp()) / "run"):
        ...     pass  # train
    """
    from filelock import Timeout

    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / HOLDER_FILE
    try:
        with locked(folder / LOCK_FILE):
            now = datetime.now().strftime("%Y-%m-%d %H:%M")
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {now}", encoding="utf-8")
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        raise UnwritableFileError(
            f"{folder} is in use by {who}. Wait for it, stop it, or choose another folder."
        ) from error
