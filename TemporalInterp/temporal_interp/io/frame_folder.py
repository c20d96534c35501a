"""A sequence as a folder: one volume file per frame, and index.csv, which a spreadsheet opens."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.atomic import atomic_folder
from temporal_interp.io.format_registry import Format
from temporal_interp.io.volume_files import read_volume, write_volume

INDEX_FILE = "index.csv"
"""In a folder of frames, the file that lists them."""

NEEDED_COLUMNS = ("number", "file", "index_name", "index_value", "unit", "synthetic", "slice_thickness_mm")

COLUMNS = (*NEEDED_COLUMNS, "period")
"""The first columns; one for every attribute follows, empty where a frame does not have it.

Folders of earlier versions have no period.
"""


def is_frame_folder(path: Path) -> bool:
    """Tell whether a folder has the index of a folder of frames."""
    return (path / INDEX_FILE).is_file()


def write_frame_folder(sequence: Sequence, path: Path, *, overwrite: bool) -> None:
    """Write a folder of .nrrd files with an index; one that holds something is never replaced, even with `overwrite`.

    Raises:
        UnwritableFileError: the folder exists and is not empty, or there is a file of that name.
        OSError: the folder above is not there or cannot be written to.
    """
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    names = sorted({name for attributes in sequence.item_attributes for name in attributes})
    rows = []
    with atomic_folder(path, overwrite=False) as target:
        for number, volume in enumerate(sequence.volumes):
            attributes = sequence.item_attributes[number]
            frame = f"frame_{number:04d}.nrrd"
            write_volume(volume, target / frame, attributes)
            rows.append([*_row(sequence, number, frame), *(attributes.get(name, "") for name in names)])
        with (target / INDEX_FILE).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[*COLUMNS, *names], *rows])


def _row(sequence: Sequence, number: int, frame: str) -> list[str]:
    """Return a frame's entries in COLUMNS."""
    return [
        str(number),
        frame,
        sequence.index_name,
        repr(sequence.times[number]),
        sequence.unit,
        "true" if is_synthetic(sequence.item_attributes[number]) else "false",
        "" if sequence.slice_thickness is None else repr(sequence.slice_thickness),
        "" if sequence.period is None else repr(sequence.period),
    ]


def read_frame_folder(path: Path) -> Sequence:
    """Return the sequence in a folder with an index.csv, as `write_frame_folder` writes it.

    Raises:
        UnreadableFileError: the index is damaged, or a file is missing or damaged.
        InvalidInputError: the index does not describe a sequence.
    """
    try:
        with (path / INDEX_FILE).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{INDEX_FILE} is not a table of comma-separated values ({error}).") from error
    if not rows or not set(NEEDED_COLUMNS) <= set(rows[0]) or any(None in row or None in row.values() for row in rows):
        raise UnreadableFileError(
            f"{INDEX_FILE} must have a line for every frame, and in every line the columns {', '.join(NEEDED_COLUMNS)}."
        )
    try:
        values = [float(row["index_value"]) for row in rows]
        thickness = float(rows[0]["slice_thickness_mm"]) if rows[0]["slice_thickness_mm"] else None
        period = float(rows[0]["period"]) if rows[0].get("period") else None
    except ValueError as error:
        raise UnreadableFileError(
            f"{INDEX_FILE} has something other than a number where one belongs ({error})."
        ) from error
    return Sequence(
        [read_volume(path / row["file"]) for row in rows],
        values,
        rows[0]["index_name"],
        rows[0]["unit"],
        [{name: text for name, text in row.items() if name not in COLUMNS and text} for row in rows],
        slice_thickness=thickness,
        period=period,
    )


FORMAT = Format(
    name="frame_folder",
    label=f"a folder of frames with an {INDEX_FILE}",
    extensions=(),
    sniff=is_frame_folder,
    read=read_frame_folder,
    write=write_frame_folder,
    sequence_extensions=("",),
    keeps_attributes=True,
)
