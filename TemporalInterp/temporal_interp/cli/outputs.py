"""Where a command may write, checked before the long work."""

from __future__ import annotations

import os
from pathlib import Path

from temporal_interp.errors import InvalidInputError, UnwritableFileError


def require_file_output(path: Path, endings: tuple[str, ...], *, force: bool) -> None:
    """Raise InvalidInputError unless a file of one of these endings can be written at `path`."""
    if not path.name.lower().endswith(endings):
        raise InvalidInputError(f"{path}: the name must end in {' or '.join(endings)}, which chooses the format.")
    if path.is_dir():
        raise UnwritableFileError(f"{path} is a folder; give the name of a file.")
    if path.exists() and not force:
        raise UnwritableFileError(f"{path} exists; choose another name or add --force to replace it.")
    _require_writable(path.parent)


def require_sequence_output(path: Path, *, force: bool) -> None:
    """Raise InvalidInputError unless a sequence can be written at `path`: a file, or a folder if it has no ending."""
    if path.suffix:
        from temporal_interp.io.format_registry import sequence_extensions, writer_format

        require_file_output(path, sequence_extensions(), force=force)
        writer_format(path).check_output(path, overwrite=force)
    elif path.is_dir() and any(path.iterdir()):
        raise UnwritableFileError(f"The folder {path} holds files; choose another name or empty it.")
    else:
        require_folder_output(path, force=force)


def require_folder_output(path: Path, *, force: bool) -> None:
    """Raise UnwritableFileError unless files can be written into a folder at `path`, new, empty, or with `force`."""
    if path.exists() and not path.is_dir():
        raise UnwritableFileError(f"{path} is a file; give the name of a folder.")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise UnwritableFileError(
            f"The folder {path} holds files; choose another or add --force (files of the same name are replaced)."
        )
    _require_writable(path)


def _require_writable(folder: Path) -> None:
    """Raise UnwritableFileError unless the folder, or the nearest one above it that exists, can be written to."""
    existing = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    if not existing.is_dir():
        raise UnwritableFileError(f"{existing} is a file, so {folder} cannot be a folder.")
    if not os.access(existing, os.W_OK):
        raise UnwritableFileError(f"The folder {existing} cannot be written to; choose another place.")
