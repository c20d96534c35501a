"""What a command is going to write, checked before the long work."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.cli.room import existing_above
from temporal_interp.errors import InvalidInputError, UnwritableFileError, errors_naming

if TYPE_CHECKING:
    from temporal_interp.io.format_registry import Planned


@dataclass(frozen=True)
class Output:
    """A file or folder that a command writes.

    Attributes:
        path: where to.
        option: that named it, for messages.
        files: all files that are written, as far as they are known.
        is_folder: files are written into it.
        require: raises InvalidInputError or UnwritableFileError unless it can be written; the argument is --force.
    """

    path: Path
    option: str
    files: tuple[Path, ...]
    is_folder: bool
    require: Callable[[bool], None]


def file_output(path: Path | None, endings: Iterable[str], option: str = "--output") -> Output | None:
    """Return a file of one of these endings as an output; None stays None, as for all kinds of output."""
    if path is None:
        return None
    return Output(path, option, (path,), False, lambda force: _require_file(path, tuple(endings), force))


def sequence_output(path: Path, option: str = "--output") -> Output:
    """Return a sequence as an output: a file, or a folder if its name has no ending."""
    if not path.suffix:
        return Output(path, option, (path,), False, lambda force: _require_new_folder(path))
    from temporal_interp.io.format_registry import sequence_extensions, writer_format

    endings = sequence_extensions()
    beside = writer_format(path).beside(path) if path.name.lower().endswith(endings) else ()

    def require(force: bool) -> None:
        _require_file(path, endings, force)
        writer_format(path).check_output(path, overwrite=force)

    return Output(path, option, (path, *beside), False, require)


def folder_output(path: Path | None, option: str = "--output", names: Iterable[str] = ()) -> Output | None:
    """Return a folder as an output, new, empty, or with --force; `names` are of files that are written there."""
    if path is None:
        return None
    files = (path, *(path / name for name in names))
    return Output(path, option, files, True, lambda force: _require_folder(path, force))


def state_output(path: Path | None, option: str, names: Iterable[str] = ()) -> Output | None:
    """Return a file or folder that a later run continues from, and that may therefore exist, as an output.

    With `names` it is a folder, in which files of these names are written.
    """
    if path is None:
        return None
    files = tuple(path / name for name in names)
    return Output(path, option, (path, *files), True, lambda force: _require_state(path, is_folder=bool(files)))


def require_outputs(*outputs: Output | None, inputs: Iterable[Path | None] = (), force: bool) -> None:
    """Refuse, before the work, what could not be written after it, or would destroy something.

    Args:
        *outputs: of the command; None for options that are not given.
        inputs: what it reads; these files and those that belong to them are never replaced.
        force: replace output that exists.

    Raises:
        InvalidInputError: an output is an input, or two outputs are the same, or a name has no known ending.
        UnwritableFileError: an output exists, or cannot be written.
    """
    given = [output for output in outputs if output is not None]
    sources = [path for path in inputs if path is not None]
    for output in given:
        for source in sources:
            _require_not_the_source(output, source)
    for one, other in itertools.combinations(given, 2):
        _require_apart(one, other)
    for output in given:
        _require_text(output.path)
        output.require(force)


def require_content(path: Path, planned: Planned) -> None:
    """Raise InvalidInputError, before the work, if the format at `path` cannot keep a sequence."""
    from temporal_interp.io.format_registry import writer_format

    with errors_naming(path):
        writer_format(path).check_content(planned)


def _require_text(path: Path) -> None:
    """Raise UnwritableFileError for a name that libraries cannot write, and that no other system could read."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise UnwritableFileError(f"{path} is not text in UTF-8; choose another name.") from error


def _require_not_the_source(output: Output, source: Path) -> None:
    from temporal_interp.io.file_parts import files_of

    for file, part in itertools.product(output.files, files_of(source)):
        if _is_same(file, part):
            what = "is the input itself" if part == source else f"belongs to the input {source}"
            raise InvalidInputError(
                f"{output.path}: {output.option} would write {file}, which {what}; an input is never changed, "
                "even with --force. Choose another name."
            )
    if source.is_dir():
        inside = [file for file in output.files if _is_image(file) and source.resolve() in file.resolve().parents]
        if inside and not output.is_folder:
            raise InvalidInputError(
                f"{inside[0]} lies in the input {source}, of which no file is ever replaced, even with --force. "
                "Choose another name."
            )


def _require_apart(one: Output, other: Output) -> None:
    """Raise InvalidInputError if two outputs would write the same file, or one into the other."""
    both = f"{one.option} and {other.option}"
    shared = {_place(file): file for file in one.files}.keys() & {_place(file) for file in other.files}
    if shared:
        file = next(file for file in one.files if _place(file) in shared)
        raise InvalidInputError(f"{file}: {both} would write the same file or folder; give them different names.")
    for outer, inner in ((one, other), (other, one)):
        if not outer.is_folder and _place(outer.path) in map(_place, inner.path.absolute().parents):
            raise InvalidInputError(
                f"{inner.path} lies in {outer.path}, which {outer.option} writes; choose another place for "
                f"{inner.option}."
            )


def _is_image(path: Path) -> bool:
    """Tell by its name whether a file that is there may be one of those that are read."""
    from temporal_interp.io.format_registry import formats

    endings = tuple(ending for one in formats() for ending in one.extensions)
    return path.is_file() and path.name.lower().endswith(endings)


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one file or folder, also by links or a file system that ignores case."""
    try:
        return one.samefile(other)
    except OSError:  # one is not there
        return os.path.realpath(one) == os.path.realpath(other)


def _place(path: Path) -> str:
    """Return where a path leads, the same for names that some file systems take for one."""
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def _require_file(path: Path, endings: tuple[str, ...], force: bool) -> None:
    if not path.name.lower().endswith(endings):
        raise InvalidInputError(f"{path}: the name must end in {' or '.join(endings)}, which chooses the format.")
    if path.is_dir():
        raise UnwritableFileError(f"{path} is a folder; give the name of a file.")
    if path.exists() and not path.is_file():
        raise UnwritableFileError(f"{path} is not a regular file, and cannot be replaced; choose another name.")
    if path.exists() and not force:
        raise UnwritableFileError(f"{path} exists; choose another name or add --force to replace it.")
    _require_writable(path.parent)


def _require_new_folder(path: Path) -> None:
    if path.is_dir() and any(path.iterdir()):
        raise UnwritableFileError(f"The folder {path} holds files; choose another name or empty it.")
    _require_folder(path, force=False)


def _require_folder(path: Path, force: bool) -> None:
    if path.exists() and not path.is_dir():
        raise UnwritableFileError(f"{path} is a file; give the name of a folder.")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise UnwritableFileError(
            f"The folder {path} holds files; choose another or add --force (files of the same name are replaced)."
        )
    _require_writable(path)


def _require_state(path: Path, *, is_folder: bool) -> None:
    if is_folder and path.exists() and not path.is_dir():
        raise UnwritableFileError(f"{path} is a file; give the name of a folder.")
    _require_writable(path if is_folder else path.parent)


def _require_writable(folder: Path) -> None:
    """Raise UnwritableFileError unless the folder, or the nearest one above it that exists, can be written to."""
    existing = existing_above(folder)
    if not existing.is_dir():
        raise UnwritableFileError(f"{existing} is a file, so {folder} cannot be a folder.")
    if not os.access(existing, os.W_OK):
        raise UnwritableFileError(f"The folder {existing} cannot be written to; choose another place.")
