"""The formats of sequences: each is declared once, as FORMAT in the module that reads it.

A new format is a new module of this package with a FORMAT, and a test; nothing else lists it. One from outside joins by
`register_format`. Reading, writing, refusals and messages ask here.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections import abc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.candidates import Candidate


class Writer(Protocol):
    """Writes a sequence, whole or not at all."""

    def __call__(self, sequence: Sequence, path: Path, *, overwrite: bool) -> None:
        """Write the sequence to `path`; replace a file that is there only with `overwrite`."""
        ...


class OutputCheck(Protocol):
    """Refuses, before the work, to write where something would be destroyed."""

    def __call__(self, path: Path, *, overwrite: bool) -> None:
        """Raise UnwritableFileError if a file beside `path` must stay."""
        ...


class Losses(Protocol):
    """Says what a file cannot hold."""

    def __call__(self, sequence: Sequence, path: Path) -> list[str]:
        """Return notes for the user on what of the sequence is not in the file itself at `path`."""
        ...


def no_losses(sequence: Sequence, path: Path) -> list[str]:
    """Return no notes: the format holds all of a sequence."""
    return []


def nothing_beside(path: Path, *, overwrite: bool) -> None:
    """Check of outputs for a format that writes nothing but the file itself."""


def no_files(path: Path) -> tuple[Path, ...]:
    """Return no files: what a format writes that writes nothing but the file itself."""
    return ()


@dataclass(frozen=True)
class Planned:
    """A sequence that is going to be written, as far as it is known before it is made.

    Attributes:
        times: of all frames, in order.
        unit: of the times.
        shape: of a frame, (K, J, I).
        source: volumes that it is made from, whose scalar type and range it keeps; none if they are not known.
    """

    times: abc.Sequence[float]
    unit: str
    shape: tuple[int, int, int]
    source: abc.Sequence[Volume] = ()


def anything(planned: Planned) -> None:
    """Check of content for a format that keeps every sequence."""


@dataclass(frozen=True)
class Format:
    """How one kind of file or folder is recognised, read and written.

    Attributes:
        name: short, unique.
        label: for people, with its article: "a video".
        extensions: endings of the names of such files, in lower case, with the dot.
        sniff: tells by its content whether something that exists is of this kind, whatever its name. Returns False, and
            does not raise, for everything else.
        read: returns the sequence. Raises InvalidInputError; the path is put in front of its message.
        candidates: returns the sequences among which `read` chooses by its keywords `series`, `component` and
            `progress`, see `read_sequence`; None where there is nothing to choose, and `read` takes but the path.
        asked_last: whether `sniff` asks a library that knows many kinds of files, which takes a while and may claim
            what another format reads better.
        reads_folders: read a folder that no format recognises by its content.
        write: writes a sequence; None where it is only read.
        sequence_extensions: of `extensions`, those by which `write` is chosen; "" stands for a folder, whose name has
            no ending.
        volume_extensions: endings of files in which SimpleITK keeps one volume.
        field_extensions: endings of files in which SimpleITK keeps one displacement field.
        keeps_attributes: whether the text attributes of volumes are in the file itself.
        check_output: looks for what must stay beside the file that is to be written.
        beside: returns the other files that are written with one.
        check_content: raises InvalidInputError, before the work, if a sequence cannot be kept in this format.
        disk_share: bytes on the disk while a sequence is written, over the bytes of its voxels; a cautious guess
            where they are compressed.
        losses: says what the file itself cannot hold, and where it is kept.
    """

    name: str
    label: str
    extensions: tuple[str, ...]
    sniff: Callable[[Path], bool]
    read: Callable[..., Sequence]
    candidates: Callable[..., list[Candidate]] | None = None
    asked_last: bool = False
    reads_folders: bool = False
    write: Writer | None = None
    sequence_extensions: tuple[str, ...] = ()
    volume_extensions: tuple[str, ...] = ()
    field_extensions: tuple[str, ...] = ()
    keeps_attributes: bool = False
    check_output: OutputCheck = nothing_beside
    beside: Callable[[Path], tuple[Path, ...]] = no_files
    check_content: Callable[[Planned], None] = anything
    disk_share: float = 0.5
    losses: Losses = no_losses


_registered: list[Format] = []
"""Formats from outside this package."""


def register_format(new: Format) -> None:
    """Add a format from outside this package; it is read and written like the shipped ones.

    Raises:
        InvalidInputError: a format of that name exists.

    Example:
        >>> import numpy as np
        >>> from temporal_interp.data.volume import Volume
        >>> from temporal_interp.data.geometry import Geometry
        >>> def read_npy(path: Path) -> Sequence:
        ...     frames = np.load(path)
        ...     geometry = Geometry(frames[0].shape)
        ...     return Sequence([Volume(frame, geometry) for frame in frames], range(len(frames)), "frame", "")
        >>> def is_npy(path: Path) -> bool:
        ...     return path.is_file() and path.read_bytes()[:6] == b"\\x93NUMPY"
        >>> register_format(Format("npy", "an array of NumPy", (".npy",), is_npy, read_npy))
        >>> unregister_format("npy")
    """
    if any(known.name == new.name for known in formats()):
        raise InvalidInputError(f"There is a format '{new.name}' already.")
    _registered.append(new)


def unregister_format(name: str) -> None:
    """Take back `register_format`."""
    _registered[:] = [known for known in _registered if known.name != name]


def formats() -> tuple[Format, ...]:
    """Return all formats: first files that are written, then what is only read, then folders that are written.

    Those that recognise files by a library of many kinds are the last.

    Example:
        >>> [one.name for one in formats() if one.write]
        ['nifti', 'nrrd', 'frame_folder']
    """
    return tuple(
        sorted(
            (*_shipped(), *_registered),
            key=lambda one: (one.asked_last, "" in one.sequence_extensions, one.write is None, one.name),
        )
    )


@functools.cache
def _shipped() -> tuple[Format, ...]:
    """Return the FORMAT of every module of this package that has one."""
    package = importlib.import_module("temporal_interp.io")
    names = [f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__)]
    declared = [getattr(importlib.import_module(name), "FORMAT", None) for name in names]
    return tuple(one for one in declared if isinstance(one, Format))


def format_of(path: Path) -> Format:
    """Return the format of a file or folder that exists, by its content, else by its name.

    Raises:
        UnreadableFileError: it is of no known format, or cannot be opened.
    """
    try:
        by_content = next((one for one in formats() if one.sniff(path)), None)
    except OSError as error:
        raise UnreadableFileError(f"this file cannot be opened ({error.strerror}).") from error
    if by_content is not None:
        return by_content
    for one in formats():
        if one.reads_folders if path.is_dir() else path.name.lower().endswith(one.extensions):
            return one
    raise UnreadableFileError(f"this cannot be read as a sequence. What can be: {readable()}.")


def volume_format(path: Path) -> Format | None:
    """Return the format of a file by its content, if it is one of those in which single volumes are kept."""
    return next((one for one in formats() if one.volume_extensions and one.sniff(path)), None)


def writer_format(path: Path) -> Format:
    """Return the format in which a sequence is written to `path`, by the ending of its name.

    Raises:
        InvalidInputError: no format has that ending.
    """
    for ending in (*sequence_extensions(), ""):
        if path.name.lower().endswith(ending) if ending else not path.suffix:
            return next(one for one in formats() if ending in one.sequence_extensions)
    raise InvalidInputError(
        f"the name must end in {one_of(sequence_extensions())}, or have no ending for a folder with a file per frame."
    )


def readable() -> str:
    """Return what can be read as a sequence, for messages."""
    shown = [f"{one.label} ({', '.join(one.extensions)})" if one.extensions else one.label for one in formats()]
    return one_of(shown)


def sequence_extensions() -> tuple[str, ...]:
    """Return the endings of files in which a sequence is written.

    Example:
        >>> sequence_extensions()
        ('.seq.nrrd', '.nii.gz', '.nii')
    """
    return _best_first(lambda one: [ending for ending in one.sequence_extensions if ending])


def volume_extensions() -> tuple[str, ...]:
    """Return the endings of files in which one volume is written.

    Example:
        >>> volume_extensions()
        ('.nrrd', '.mha', '.nii.gz', '.nii')
    """
    return _best_first(lambda one: one.volume_extensions)


def field_extensions() -> tuple[str, ...]:
    """Return the endings of files in which one displacement field is written.

    Example:
        >>> field_extensions()
        ('.nrrd', '.mha')
    """
    return _best_first(lambda one: one.field_extensions)


def _best_first(endings_of: Callable[[Format], Iterable[str]]) -> tuple[str, ...]:
    """Return endings: those of formats that keep attributes first, then longer ones, which win over their own
    suffixes."""
    found = {ending: not one.keeps_attributes for one in formats() for ending in endings_of(one)}
    return tuple(sorted(found, key=lambda ending: (found[ending], -len(ending), ending)))


def one_of(names: Iterable[str]) -> str:
    """Return some names as a choice in words.

    Example:
        >>> one_of([".seq.nrrd", ".nii.gz", ".nii"])
        '.seq.nrrd, .nii.gz or .nii'
    """
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
