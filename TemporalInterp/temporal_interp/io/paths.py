"""What all readers and writers share: errors that name the file, and writing that never leaves half a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temporal_interp.errors import InvalidInputError

INDEX_FILE = "index.csv"
"""In a folder of frames, the file that lists them."""

VIDEO_ENDINGS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".gif")

READABLE = (
    "a 4D NIfTI file (.nii, .nii.gz), a sequence saved by 3D Slicer (.seq.nrrd), a multi-frame DICOM file, a folder of "
    f"DICOM files, a video ({', '.join(VIDEO_ENDINGS)}), or a folder of frames with an {INDEX_FILE}"
)
"""What can be read as a sequence, for messages."""

PIXEL_SIZE_NOTE = "The file does not say, or not for certain, how large its pixels are; 1 mm was taken."

COMPRESSION = 1
"""Level of gzip. Level 9 takes about seven times as long and saves a twentieth (our measurement, cine MR and CT)."""


@contextmanager
def errors_naming(path: Path) -> Iterator[None]:
    """Put the path in front of the message of an InvalidInputError raised in the block."""
    try:
        yield
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from error


def require_there(path: Path) -> None:
    """Raise InvalidInputError unless there is a file or folder at `path`."""
    if not path.exists():
        raise InvalidInputError("there is no such file or folder.")


@contextmanager
def replacing(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield where to write instead of `path`; what was written takes its place only when the block ends well.

    The yielded path has the same name, in a new folder beside `path`. Whatever else the block writes into that folder
    (a sidecar) moves along. If the block raises, nothing is left.

    Raises:
        InvalidInputError: something is there that may not be replaced, or the folder is not there or not writable.
    """
    require_replaceable(path, overwrite=overwrite)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".temporal_interp-") as staging:
            yield Path(staging) / path.name
            for written in sorted(Path(staging).iterdir()):
                place = path.parent / written.name
                if place.is_dir():
                    place.rmdir()
                written.replace(place)
    except OSError as error:
        raise InvalidInputError(
            f"it could not be written ({error.strerror or error}). Choose a folder that exists, is writable and has "
            f"space left."
        ) from error


def require_replaceable(path: Path, *, overwrite: bool) -> None:
    """Raise InvalidInputError if something is at `path` that must not be replaced; folders must be empty."""
    if path.is_dir():
        if any(path.iterdir()):
            raise InvalidInputError("this folder is not empty; choose another name or empty it first.")
    elif path.exists() and not overwrite:
        raise InvalidInputError("this file exists; choose another name or allow overwriting.")
