"""Whatever a library raises while a file is read becomes an error of ours that names the file."""

import zlib

import pytest

from temporal_interp.errors import (
    CancelledError,
    InvalidInputError,
    MissingFileError,
    OutOfMemoryError,
    UnreadableFileError,
)
from temporal_interp.io.guard import MAX_WORDS, reading


def raised_in_the_guard(error):
    with reading("cine.nrrd"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        zlib.error("bad"),
        IndexError("list index"),
        NotImplementedError(),
        OverflowError("too large"),
        RuntimeError("no"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_a_library_names_the_file_and_is_the_cause(error):
    with pytest.raises(UnreadableFileError, match=rf"^cine\.nrrd: it cannot be read \({type(error).__name__}") as found:
        raised_in_the_guard(error)
    assert found.value.__cause__.__cause__ is error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (InvalidInputError("no frames."), InvalidInputError, "^cine.nrrd: no frames.$"),
        (MemoryError(), OutOfMemoryError, "more memory than there is"),
        (RecursionError(), UnreadableFileError, "nested too deeply"),
        (FileNotFoundError(2, "gone"), MissingFileError, "no such file"),
        (PermissionError(13, "Permission denied"), UnreadableFileError, r"cannot be opened \(Permission denied\)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_is_known_is_told_in_its_own_words(error, kind, words):
    with pytest.raises(kind, match=words):
        raised_in_the_guard(error)


@pytest.mark.parametrize("error", [CancelledError("by the user"), KeyboardInterrupt()], ids=["cancelled", "Ctrl-C"])
def test_who_stops_the_reading_stops_it(error):
    with pytest.raises(type(error)) as found:
        raised_in_the_guard(error)
    assert found.value is error


def test_a_long_message_with_control_characters_becomes_one_short_line():
    with pytest.raises(UnreadableFileError) as found:
        raised_in_the_guard(ValueError("\x1b[31m\n" + "header " * 10_000))
    assert len(str(found.value)) < MAX_WORDS + 150
    assert str(found.value).isprintable()
