"""Headers of NRRD files: pynrrd parses the fields, this module the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import nrrd
import numpy as np
from nrrd.errors import NRRDError

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.files import CHUNK, damage_told
from temporal_interp.io.nrrd_voxels import read_voxels

NEEDED_FIELDS = ("type", "dimension", "sizes", "encoding")

LONGEST_LINE = CHUNK
"""Bytes of a line of the header; a longer one is cut in two."""


@dataclass(frozen=True)
class OpenNrrd:
    """An open file, of which the header is read.

    Attributes:
        fields: as pynrrd parses them.
        keys: with their values, whose text pynrrd would change.
        data_files: what "data file" says, a line each; empty where the voxels are in the file itself.
        path: of the file.
        file: open, behind the header.
    """

    fields: dict
    keys: dict[str, str]
    data_files: list[str]
    path: Path
    file: BinaryIO

    def voxels(self, frames_axis: int) -> np.ndarray:
        """Return the voxels, slowest axis first but for that of the frames; to be called once.

        Args:
            frames_axis: number of the axis that comes first in the result, 0 for the slowest.
        """
        with _damage_told():
            return read_voxels(self.fields, self.file, self.path, self.data_files, frames_axis)


@contextmanager
def open_nrrd(path: Path) -> Iterator[OpenNrrd]:
    """Yield an open file.

    Raises:
        UnreadableFileError: the file cannot be read or is damaged.
    """
    with _damage_told():
        file = path.open("rb")
    with file:
        with _damage_told():
            lines, keys, data_files = _split(file)
            fields = nrrd.read_header(list(lines.values()))
            _require_whole(fields, lines)
        yield OpenNrrd(fields, keys, data_files, path, file)


def _damage_told() -> AbstractContextManager[None]:
    """Turn what pynrrd and NumPy raise into an error for the user."""
    return damage_told(
        (NRRDError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, OSError, StopIteration),
        "this is not a NRRD file, or it is cut short or damaged ({error}).",
    )


def _require_whole(fields: dict, lines: dict[str, str]) -> None:
    """Raise UnreadableFileError where entries are missing that every file has, or the sizes cannot be."""
    for needed in NEEDED_FIELDS:
        if needed not in fields:
            raise UnreadableFileError(f"the header has no entry '{needed}'; the file is cut short or damaged.")
    written = lines["sizes"].partition(":")[2].split()
    sizes = [int(size) for size in fields["sizes"]]
    if len(sizes) != fields["dimension"] or min(sizes) < 1 or written != [str(size) for size in sizes]:
        raise UnreadableFileError(
            f"the header has {fields['dimension']} axes of the sizes {' '.join(written)}, which cannot be; the file is "
            "damaged."
        )


def _header_lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines of the header, up to the empty one."""
    while line := file.readline(LONGEST_LINE).rstrip(b"\r\n"):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            yield line.decode("latin-1")


def _split(file: BinaryIO) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return the lines of fields, which pynrrd parses, the keys, whose text it would change, and the data files.

    A field that is there twice, with the same text, counts once; pynrrd would refuse it.
    """
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    data_files: list[str] = []
    lines = _header_lines(file)
    for line in lines:
        field, _, value = line.partition(":")
        if line.startswith("#"):
            continue
        if ":=" in line and not re.match(r"[a-z][a-z ]*: ", line):
            key, text = line.split(":=", 1)
            keys[_unescape(key)] = _unescape(text)
        elif field in ("data file", "datafile"):
            data_files = [value.strip()]
            if data_files[0].split()[:1] == ["LIST"]:  # the names follow, to the end of the file
                data_files += lines
        elif fields.get(field, line).split() != line.split():
            raise UnreadableFileError(f"the header has the entry '{field}' twice, with different values.")
        else:
            fields[field] = line
    return fields, keys, data_files


def _unescape(text: str) -> str:
    return re.sub(r"\\(n|\\)", lambda match: "\n" if match[1] == "n" else "\\", text)
