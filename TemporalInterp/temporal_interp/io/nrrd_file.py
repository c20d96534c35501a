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

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.files import COMPRESSION, first_bytes
from temporal_interp.io.nrrd_grid import known_signs, volume_grid
from temporal_interp.io.nrrd_header import open_nrrd

WRITTEN_AXIS = 3
"""Number of the list axis in the keys that are written."""

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
        InvalidInputError: it is of a kind that cannot be read.
    """
    with open_nrrd(path) as opened:
        return opened.fields, opened.keys, opened.voxels(0)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def signs_to_lps(header: Mapping) -> tuple[int, int, int]:
    """Return the signs that bring the coordinates of a file to LPS.

    Raises:
        InvalidInputError: the header names no space, or one that is not the patient's.
    """
    signs = known_signs(header)
    if signs is None:
        raise InvalidInputError("the header does not say where the voxels lie in the patient, in LPS or RAS.")
    return signs


def grid(header: Mapping, other_axes: Sequence[int], shape: Sequence[int]) -> Geometry:
    """Return the voxel grid of items that must say where they lie, such as fields, whose vectors need it.

    Args:
        header: as `read_nrrd` gives it.
        other_axes: numbers of the axes, fastest first, that are not in space.
        shape: number of voxels, (K, J, I).

    Returns:
        The grid in LPS.

    Raises:
        InvalidInputError: the header does not say where the voxels lie.
    """
    signs_to_lps(header)
    if header.get("space directions") is None or header.get("space origin") is None:
        raise InvalidInputError("the header does not say where the voxels lie in the patient, in LPS or RAS.")
    axes = [axis for axis in range(header["dimension"]) if axis not in other_axes]
    return volume_grid(header, axes, shape)[0]


def axis_entry(header: Mapping, field: str, axis: int) -> str:
    """Return an axis's entry in a field that has one for each, "" where there is none."""
    entries = header.get(field, ())
    return entries[axis] if axis < len(entries) else ""


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
