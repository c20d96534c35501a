"""One guard around all reading of files: whatever a library raises is told as a file that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temporal_interp.errors import (
    CancelledError,
    MissingFileError,
    OutOfMemoryError,
    TemporalInterpError,
    UnreadableFileError,
    errors_naming,
)
from temporal_interp.memory import is_out_of_memory

MAX_WORDS = 200
"""Characters of a library's message that are repeated: some hold a whole damaged header."""

OUT_OF_MEMORY = "it needs more memory than there is. Close other programs, or read less of it."


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Put the path in front of what goes wrong while a file is read, and make it an error of ours.

    Libraries raise almost anything on damaged files, such as zlib.error, IndexError or struct.error. What a reader
    foresees, it tells in better words; the rest ends here. The library's error is the cause of ours.

    Raises:
        UnreadableFileError: whatever a library raised.
        OutOfMemoryError: the file needs more memory than there is.

    Example:
        >>> with reading("cine.nrrd"):
        ...     raise IndexError("list index out of range")
        Traceback (most recent call last):
        temporal_interp.errors.UnreadableFileError: cine.nrrd: it cannot be read (IndexError: list index out of range). It is damaged, or not what its name says; get or save it again.
    """  # noqa: E501 - a message is one line
    with errors_naming(path):
        try:
            yield
        except (TemporalInterpError, CancelledError, ImportError):  # a package that is missing says so itself
            raise
        except MemoryError as error:
            raise OutOfMemoryError(OUT_OF_MEMORY) from error
        except FileNotFoundError as error:
            raise MissingFileError("there is no such file or folder.") from error
        except OSError as error:
            if is_out_of_memory(error):
                raise OutOfMemoryError(OUT_OF_MEMORY) from error
            raise UnreadableFileError(f"it cannot be opened ({error.strerror or in_words(error)}).") from error
        except RecursionError as error:
            raise UnreadableFileError("it is nested too deeply to be read.") from error
        except Exception as error:
            if is_out_of_memory(error):
                raise OutOfMemoryError(OUT_OF_MEMORY) from error
            damaged = f"it cannot be read ({in_words(error)}). It is damaged, or not what its name says"
            raise UnreadableFileError(f"{damaged}; get or save it again.") from error


def in_words(error: Exception) -> str:
    """Return an error of a library as one short line that can be printed.

    >>> in_words(ValueError("one line\\nand another"))
    'ValueError: one line and another'
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return f"{type(error).__name__}: {words}"[:MAX_WORDS].rstrip(": ")
