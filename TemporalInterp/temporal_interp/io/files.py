"""What readers and writers of files share."""

from __future__ import annotations

import bz2
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from temporal_interp.errors import MissingFileError, TemporalInterpError, UnreadableFileError

COMPRESSION = 1
"""Level of gzip. Level 9 takes about seven times as long and saves a twentieth (our measurement, cine MR and CT)."""

LONGEST_HEADER = 1 << 16
"""Bytes that are searched for the end of a text header."""

CHUNK = 1 << 22
"""Bytes read at a time."""

COMPRESSED_CHUNK = 1 << 18
"""Bytes of a compressed file read at a time."""

GZIP_MAGIC = b"\x1f\x8b"
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""Tells zlib to look at the first bytes for which of the two it is."""


@contextmanager
def damage_told(causes: tuple[type[Exception], ...], message: str) -> Iterator[None]:
    """Turn what a library raises on a damaged file into an error for the user; our own errors pass.

    Args:
        causes: what the library raises.
        message: with {error} where its words go.

    Raises:
        UnreadableFileError: one of the causes was raised in the block.
    """
    try:
        yield
    except TemporalInterpError:
        raise
    except causes as error:
        raise UnreadableFileError(message.format(error=error)) from error


def require_exists(path: Path) -> None:
    """Raise MissingFileError where nothing is at `path`, UnreadableFileError where it is no file or folder."""
    if not path.exists():
        raise MissingFileError("there is no such file or folder.")
    if not path.is_file() and not path.is_dir():  # reading would wait for ever
        raise UnreadableFileError("this is neither a file nor a folder.")


def has_plain_name(path: Path) -> bool:
    """Tell whether a path is text, in UTF-8; Linux allows others, as from an old disk."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def itk_name(path: Path) -> str:
    """Return the path for ITK, which ends the whole program at a name that is not text.

    Raises:
        UnreadableFileError: it is not.
    """
    if not has_plain_name(path):
        raise UnreadableFileError("its name, or that of a folder above it, is not text in UTF-8; rename it.")
    return str(path)


def first_bytes(path: Path, count: int) -> bytes:
    """Return the first bytes of a file, fewer where it is shorter; none of a folder."""
    if path.is_dir():
        return b""
    with path.open("rb") as file:
        return file.read(count)


def header_text(path: Path) -> str:
    """Return the text before the first blank line, the header of a NRRD file or a MetaImage, with its last line end."""
    header = re.split(rb"\r?\n\r?\n", first_bytes(path, LONGEST_HEADER), maxsplit=1)[0]
    return header.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n") + "\n"


class Inflated(io.RawIOBase):
    """The content of a gzip file, uncompressed, read from where the compressed file stands.

    Whatever follows the compressed content is ignored, as other programs do; Python's own gzip module refuses it.
    Reading raises zlib.error where the content is damaged, and EOFError where it ends too early.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(GZIP_OR_ZLIB)
        self._compressed = b""

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # what IO passes
        """Fill the buffer, or a part of it, and return the number of bytes; 0 at the end."""
        while True:
            if self._inflate.eof:
                self._compressed = self._inflate.unused_data or self._file.read(COMPRESSED_CHUNK)
                if not self._compressed.startswith(GZIP_MAGIC):  # not another part of the same file
                    return 0
                self._inflate = zlib.decompressobj(GZIP_OR_ZLIB)
            elif not self._compressed:
                self._compressed = self._file.read(COMPRESSED_CHUNK)
                if not self._compressed:
                    raise EOFError("the compressed content ends early")
            found = self._inflate.decompress(self._compressed, len(buffer))
            self._compressed = self._inflate.unconsumed_tail
            if found:
                buffer[: len(found)] = found
                return len(found)

    def close(self) -> None:
        """Close the compressed file, too."""
        self._file.close()
        super().close()


def inflated(file: BinaryIO) -> IO[bytes]:
    """Return the uncompressed content of a gzip file that stands at its beginning."""
    return cast(IO[bytes], io.BufferedReader(Inflated(file), COMPRESSED_CHUNK))


def open_uncompressed(path: Path) -> IO[bytes]:
    """Return a file opened for reading; its uncompressed content if it is a gzip or bzip2 file, whatever its name."""
    start = first_bytes(path, 3)
    if start == b"BZh":
        return cast(IO[bytes], bz2.open(path))
    return inflated(path.open("rb")) if start.startswith(GZIP_MAGIC) else path.open("rb")
