"""A folder for one process at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from temporal_interp.errors import UnwritableFileError

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
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / HOLDER_FILE
    try:
        with FileLock(folder / LOCK_FILE, timeout=0):
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
