"""The layout of NRRD files with one axis of the kind "list", in which 3D Slicer keeps sequences of items of any kind.

Learned from what Slicer's storage nodes of sequences read and write: the index name and unit are label and unit of the
list axis (number n); its values are in the key "axis n index values", separated by spaces; item i's attribute a is
in the key "axis n item i a", i with four digits; attributes of the sequence itself are keys of their own. Where voxels
have components, these are the first axis and the list is the fifth, but the keys still say "axis 3".
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import nrrd
import numpy as np
from nrrd.errors import NRRDError

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.files import COMPRESSION, first_bytes

WRITTEN_AXIS = 3
"""Number of the list axis in the keys that are written."""

TO_LPS = {
    "left-posterior-superior": (1, 1, 1),
    "LPS": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "RAS": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "LAS": (1, -1, 1),
}
"""Signs that bring the coordinates of a NRRD space to LPS."""

NRRD_TYPES = {
    "int8": "signed char",
    "uint8": "unsigned char",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "int",
    "uint32": "unsigned int",
    "float32": "float",
    "float64": "double",
}


def is_nrrd(path: Path) -> bool:
    """Tell by its first bytes whether a file is NRRD."""
    return first_bytes(path, 4) == b"NRRD"


def read_nrrd(path: Path) -> tuple[dict, dict[str, str], np.ndarray]:
    """Return the header's fields, its keys with their values, and the voxels, slowest axis first.

    Raises:
        UnreadableFileError: the file cannot be read or is damaged.
    """
    try:
        with path.open("rb") as file:
            fields, keys = _split(_header_lines(file))
            header = nrrd.read_header(fields)
            data = nrrd.read_data(header, file, str(path), index_order="C")
    except (NRRDError, ValueError, KeyError, EOFError, OSError, StopIteration) as error:
        raise UnreadableFileError(f"this is not a NRRD file, or it is cut short or damaged ({error}).") from error
    return header, keys, data.astype(data.dtype.newbyteorder("="), copy=False)


def _header_lines(file: BinaryIO) -> Iterator[str]:
    while line := file.readline().decode("utf-8", "replace").rstrip("\r\n"):
        yield line


def _split(lines: Iterator[str]) -> tuple[list[str], dict[str, str]]:
    """Return the lines of fields, which pynrrd parses, and the keys, whose text it would change."""
    fields, keys = [], {}
    for line in lines:
        if ":=" in line and not re.match(r"[a-z][a-z ]*: ", line):
            key, value = line.split(":=", 1)
            keys[_unescape(key)] = _unescape(value)
        else:
            fields.append(line)
    return fields, keys


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescape(text: str) -> str:
    return re.sub(r"\\(n|\\)", lambda match: "\n" if match[1] == "n" else "\\", text)


def signs_to_lps(header: dict) -> tuple[int, int, int]:
    """Return the signs that bring the coordinates of a file to LPS.

    Raises:
        InvalidInputError: the header names no space, or one that is not the patient's.
    """
    signs = TO_LPS.get(header.get("space", ""))
    if signs is None:
        raise InvalidInputError("the header does not say where the voxels lie in the patient, in LPS or RAS.")
    return signs


def grid(header: dict, other_axes: Sequence[int], shape: Sequence[int]) -> Geometry:
    """Return the voxel grid of the items.

    Args:
        header: as `read_nrrd` gives it.
        other_axes: numbers of the axes, fastest first, that are not in space.
        shape: number of voxels, (K, J, I).

    Returns:
        The grid in LPS.

    Raises:
        InvalidInputError: the header does not say where the voxels lie.
    """
    signs = signs_to_lps(header)
    vectors, origin = header.get("space directions"), header.get("space origin")
    if vectors is None or origin is None:
        raise InvalidInputError("the header does not say where the voxels lie in the patient, in LPS or RAS.")
    columns = np.array([vector for axis, vector in enumerate(vectors) if axis not in other_axes], dtype=float).T
    if columns.shape != (3, 3) or not np.isfinite(columns).all():
        raise InvalidInputError("the header gives no direction for one of the axes of the volumes.")
    columns = columns * np.reshape(signs, (3, 1))
    spacing = np.linalg.norm(columns, axis=0)
    if not spacing.all():
        raise InvalidInputError("the header says that voxels are 0 mm apart.")
    slices, rows, across = shape
    return Geometry((slices, rows, across), tuple(spacing), tuple(origin * signs), tuple(map(tuple, columns / spacing)))


def axis_entry(header: dict, field: str, axis: int) -> str:
    """Return an axis's entry in a field that has one for each, "" where there is none."""
    return header[field][axis] if field in header else ""


def times_of(keys: Mapping[str, str], axis: int, count: int) -> tuple[list[float], bool, list[str]]:
    """Return one index value per item, whether they come from the file, and notes.

    Args:
        keys: as `read_nrrd` gives them.
        axis: number of the list axis in the keys.
        count: number of items.

    Raises:
        InvalidInputError: there is another number of values, or one is not a number.
    """
    text = keys.get(f"axis {axis} index values", "").split()
    if not text or keys.get(f"axis {axis} index type") == "text":
        note = f"The frames have names instead of times ({', '.join(text)})" if text else "The file gives no times"
        return list(map(float, range(count))), False, [f"{note}; frames are numbered."]
    if len(text) != count:
        raise InvalidInputError(f"there are {count} frames, but {len(text)} index values.")
    return [to_number(value, "index value") for value in text], True, []


def to_number(text: str, what: str) -> float:
    """Return a number, or raise InvalidInputError that says what it should have been."""
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInputError(f"the {what} '{text}' is not a number.") from error


def item_attributes(keys: Mapping[str, str], axis: int, count: int) -> list[dict[str, str]]:
    """Return the attributes of each of `count` items; `axis` is the number of the list axis in the keys."""
    attributes: list[dict[str, str]] = [{} for _ in range(count)]
    for key, value in keys.items():
        match = re.fullmatch(rf"axis {axis} item (\d+) (.+)", key, re.DOTALL)
        if match and int(match[1]) < count:
            attributes[int(match[1])][match[2]] = value
    return attributes


def write_nrrd(header: Iterable[str], items: Iterable[np.ndarray], path: Path, *, overwrite: bool) -> None:
    """Write a header and, compressed, the items after one another.

    Args:
        header: its lines.
        items: little-endian and contiguous.
        path: where to.
        overwrite: replace a file that is there.

    Raises:
        UnwritableFileError: the file exists.
        OSError: the folder cannot be written to.
    """
    text = "\n".join(header) + "\n\n"
    with atomic_file(path, overwrite=overwrite) as target, target.open("wb") as file:
        file.write(text.encode("utf-8"))
        with gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=file, mtime=0) as voxels:
            for item in items:
                voxels.write(item.data)


def header_fields(
    dtype: np.dtype, geometry: Geometry, count: int, index_name: str, unit: str, *, components: int = 1
) -> Iterator[str]:
    """Yield the header's lines up to the keys; the list axis is the last, that of components the first, if any."""
    vector = int(components > 1)
    sizes = (components,) * vector + geometry.shape[::-1] + (count,)
    directions = ["none"] * vector + [_vector(column) for column in geometry.voxel_to_physical.T] + ["none"]
    empty = '"" ' * (vector + 3)
    yield "NRRD0005"
    yield f"type: {NRRD_TYPES[dtype.name]}"
    yield f"dimension: {len(sizes)}"
    yield "space: left-posterior-superior"
    yield f"sizes: {' '.join(map(str, sizes))}"
    yield f"space directions: {' '.join(directions)}"
    yield f"kinds: {'vector ' * vector}domain domain domain list"
    yield f"labels: {empty}{_quoted(index_name)}"
    yield f"units: {empty}{_quoted(unit)}"
    if dtype.itemsize > 1:
        yield "endian: little"
    yield "encoding: gzip"
    yield f"space origin: {_vector(geometry.origin)}"
    if vector:  # components are along the axes of the space; without it, Slicer takes those of transforms for RAS
        yield "measurement frame: (1,0,0) (0,1,0) (0,0,1)"


def header_keys(
    attributes: Mapping[str, str], values: Sequence[float], items: Iterable[Mapping[str, str]]
) -> Iterator[str]:
    """Yield the header's keys: attributes of the sequence, index values, and attributes of the items.

    Raises:
        InvalidInputError: the name of an attribute cannot be stored.
    """
    for name, value in attributes.items():
        yield _key(name, value)
    yield f"axis {WRITTEN_AXIS} index type:=numeric"
    yield f"axis {WRITTEN_AXIS} index values:={' '.join(map(repr, values))}"
    for number, its_attributes in enumerate(items):
        for name, value in sorted(its_attributes.items()):
            yield _key(name, value, f"axis {WRITTEN_AXIS} item {number:04d} ")


def _key(name: str, value: str, before: str = "") -> str:
    if ":=" in name:
        raise InvalidInputError(f"the attribute '{name}' cannot be written, its name contains ':='.")
    return f"{before}{_escape(name)}:={_escape(value)}"


def _vector(numbers: tuple[float, ...] | np.ndarray) -> str:
    return f"({','.join(repr(float(number)) for number in numbers)})"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
