"""A sequence as a folder: one volume file per frame, and index.csv, which a spreadsheet opens."""

from __future__ import annotations

import csv
from pathlib import Path

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.paths import INDEX_FILE, replacing
from temporal_interp.io.volume_files import read_volume, write_volume

COLUMNS = ("number", "file", "index_name", "index_value", "unit", "synthetic", "slice_thickness_mm")
"""The first columns; one for every attribute follows, empty where a frame does not have it."""


def write_frame_folder(sequence: Sequence, path: Path) -> None:
    """Write a new folder of .nrrd files with an index.

    Raises:
        InvalidInputError: the folder exists and is not empty, or cannot be written.
    """
    names = sorted({name for attributes in sequence.item_attributes for name in attributes})
    with replacing(path, overwrite=False) as target:
        target.mkdir()
        with (target / INDEX_FILE).open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow([*COLUMNS, *names])
            for number, volume in enumerate(sequence.volumes):
                attributes = sequence.item_attributes[number]
                frame = f"frame_{number:04d}.nrrd"
                write_volume(volume, target / frame, attributes)
                table.writerow([*_row(sequence, number, frame), *(attributes.get(name, "") for name in names)])


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
    ]


def read_frame_folder(path: Path) -> Sequence:
    """Return the sequence in a folder with an index.csv, as `write_frame_folder` writes it.

    Raises:
        InvalidInputError: the index is damaged, or a file is missing or damaged.
    """
    try:
        with (path / INDEX_FILE).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{INDEX_FILE} is not a table of comma-separated values ({error}).") from error
    if not rows or not set(COLUMNS) <= set(rows[0]) or any(None in row or None in row.values() for row in rows):
        raise InvalidInputError(
            f"{INDEX_FILE} must have a line for every frame, and in every line the columns {', '.join(COLUMNS)}."
        )
    try:
        values = [float(row["index_value"]) for row in rows]
        thickness = float(rows[0]["slice_thickness_mm"]) if rows[0]["slice_thickness_mm"] else None
    except ValueError as error:
        raise InvalidInputError(
            f"{INDEX_FILE} has something else than a number where one belongs ({error})."
        ) from error
    return Sequence(
        [read_volume(path / row["file"]) for row in rows],
        values,
        rows[0]["index_name"],
        rows[0]["unit"],
        [{name: text for name, text in row.items() if name not in COLUMNS and text} for row in rows],
        slice_thickness=thickness,
    )
