"""The errors a caller can act upon, and the report of progress through which a caller can stop the work.

Every error that this program raises on purpose is a `TemporalInterpError`. Each kind is also the built-in exception of
that kind, so that `except FileNotFoundError` and `except ImportError` do what one expects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_LINE = 1000
"""Characters of a line of a message that repeats what is in a file."""


class TemporalInterpError(Exception):
    """What this program raises on purpose. It takes one argument, the message.

    Example:
        >>> import temporal_interp as ti
        >>> try:
        ...     ti.read("no-such-cine.nii.gz")
        ... except ti.TemporalInterpError as error:
        ...     print(error)
        no-such-cine.nii.gz: there is no such file or folder.
    """


class InvalidInputError(TemporalInterpError, ValueError):
    """Input that cannot be used. The message says what was wrong, where, and what to do."""


class AmbiguousInputError(InvalidInputError):
    """Input that holds several sequences, of which none was chosen.

    Attributes:
        candidates: the sequences, of type `temporal_interp.io.candidates.Candidate`.
    """

    def __init__(self, message: str, candidates: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class UnreadableFileError(TemporalInterpError, OSError):
    """A file that cannot be opened, is damaged or cut short, or is of another kind than its reader expects."""


class MissingFileError(UnreadableFileError, FileNotFoundError):
    """A file or folder that is not there."""


class UnwritableFileError(TemporalInterpError, OSError):
    """A file or folder that cannot be written, or that must not be replaced."""


class MissingPackageError(TemporalInterpError, ImportError):
    """A package that this needs is not installed. The message says how to install it.

    Attributes:
        package: the name that is imported, "" where it is not told.
    """

    def __init__(self, message: str, package: str = "") -> None:
        super().__init__(message)
        self.package = package


class FitDivergedError(TemporalInterpError, RuntimeError):
    """A fit or a training whose loss is no longer finite."""


class OutOfMemoryError(TemporalInterpError, MemoryError):
    """More memory is needed than the machine or its GPU has."""


class CancelledError(Exception):
    """Raised by a progress callback to stop the work. Nothing has been written when it reaches the caller.

    Where something is kept, as by a training, the exception says what.
    """


@contextmanager
def errors_naming(path: Path | str) -> Iterator[None]:
    """Put the path in front of the message of an error raised in the block; its kind stays.

    Example:
        >>> with errors_naming("cine.mp4"):
        ...     raise UnreadableFileError("the video has no frames.")
        Traceback (most recent call last):
        temporal_interp.errors.UnreadableFileError: cine.mp4: the video has no frames.
    """
    try:
        yield
    except TemporalInterpError as error:
        named = type(error)(f"{path}: {_printable(str(error))}")
        named.__dict__.update(error.__dict__)
        raise named from error


def _printable(message: str) -> str:
    """Return a message without control characters and endless lines, which may come from a damaged file."""
    lines = ("".join(c if c.isprintable() else "?" for c in line) for line in message.split("\n"))
    return "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …" for line in lines)


Progress = Callable[[float, str], None]
"""Called with the fraction done, from 0 to 1, and a few words on what is being done."""


def no_progress(fraction: float, message: str) -> None:
    """Ignore a report of progress."""


def part_of(progress: Progress, start: float, stop: float) -> Progress:
    """Return a progress callback that covers only the share from `start` to `stop` of `progress`.

    Example:
        >>> second_half = part_of(lambda fraction, message: print(fraction, message), 0.5, 1)
        >>> second_half(0.5, "fitting")
        0.75 fitting
    """

    def report(fraction: float, message: str) -> None:
        progress(start + (stop - start) * fraction, message)

    return report
