"""Files and folders that appear whole or not at all.

Everything is written into a hidden folder beside its place (see `staging`) and moved there at the end, so nothing
half-written is ever at the place itself, and processes that write the same file do not disturb one another. The hidden
folder is removed when the block ends, even by Ctrl-C. A signal waits while files are moved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temporal_interp.errors import TemporalInterpError, UnwritableFileError, errors_naming
from temporal_interp.io.staging import staging_folder
from temporal_interp.signals import signals_wait


@contextmanager
def atomic_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a path to write to instead of `path`; the file moves to `path` only when the block succeeds.

    The yielded path has the same name, in a new folder beside `path`. Whatever else the block writes into that folder,
    such as a sidecar, moves with it.

    Raises:
        UnwritableFileError: something is there that must not be replaced.
        OSError: the folder is not there or cannot be written to.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "times.txt"
        >>> with atomic_file(path, overwrite=False) as unfinished:
        ...     _ = unfinished.write_text("0 40 80")
        ...     assert not path.exists()
        >>> path.read_text()
        '0 40 80'
    """
    require_replaceable(path, overwrite=overwrite)
    with staging_folder(path.absolute().parent) as staging:
        unfinished = staging / path.name
        yield unfinished
        with signals_wait():
            if not overwrite and unfinished.is_file():
                _move_where_nothing_is(unfinished, path)
            _move(staging, path.absolute().parent)


@contextmanager
def atomic_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield an empty folder to fill; what it holds is moved to `path` only when the block succeeds.

    Folders above `path` are made where they are missing.

    Args:
        path: the folder; it may exist.
        overwrite: if it exists and is not empty, replace files of the same name; others stay.

    Raises:
        UnwritableFileError: the folder holds something and `overwrite` is False, or a file is there.
        OSError: the folder above cannot be written to.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "tables"
        >>> with atomic_folder(folder, overwrite=False) as unfinished:
        ...     (unfinished / "scores.csv").touch()
        >>> [path.name for path in folder.iterdir()]
        ['scores.csv']
    """
    place = path.resolve()
    if not (overwrite and place.is_dir()):
        require_replaceable(place, overwrite=False)
    # inside the folder where it exists: it may be a mount point, or the one above it may not be writable
    with staging_folder(existing_folder(place)) as staging:
        filled = staging / place.name
        filled.mkdir()
        yield filled
        with signals_wait():
            place.parent.mkdir(parents=True, exist_ok=True)
            _move(filled, place)


def existing_folder(path: Path) -> Path:
    """Return the folder at an absolute path, or the nearest one above it."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


@contextmanager
def write_errors_naming(path: Path) -> Iterator[None]:
    """Put the path in front of what went wrong in the block, which writes to it; an OSError is one of ours then."""
    with errors_naming(path):
        try:
            yield
        except TemporalInterpError:
            raise
        except OSError as error:
            raise UnwritableFileError(
                f"it could not be written ({error.strerror or error}). Choose a folder that exists, is writable and "
                f"has space left."
            ) from error


def require_replaceable(path: Path, *, overwrite: bool) -> None:
    """Raise UnwritableFileError if something is at `path` that must not be replaced; a folder must be empty."""
    if path.is_dir():
        if any(path.iterdir()):
            raise UnwritableFileError("this folder is not empty; choose another name or empty it first.")
    elif path.exists() and not overwrite:
        raise UnwritableFileError("this file exists; choose another name or allow overwriting.")


def _move_where_nothing_is(source: Path, place: Path) -> None:
    """Move a file, in one step, unless another process has put one there in the meantime."""
    try:
        try:
            os.link(source, place)
        except FileExistsError:
            raise
        except OSError:  # a disk without hard links
            with place.open("xb"):
                pass
            try:
                source.replace(place)
            except BaseException:
                place.unlink(missing_ok=True)
                raise
            return
        source.unlink()
    except FileExistsError as error:
        raise UnwritableFileError(
            "this file was made by another program in the meantime; choose another name."
        ) from error


def _move(source: Path, place: Path) -> None:
    """Move a file or folder; where the folder exists, move what is inside."""
    if source.is_dir() and place.is_dir():
        for inside in sorted(source.iterdir()):
            _move(inside, place / inside.name)
    else:
        source.replace(place)
