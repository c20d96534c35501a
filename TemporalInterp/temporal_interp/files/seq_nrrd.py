"""Sequences as 3D Slicer keeps them: .seq.nrrd, a NRRD file with one axis of kind "list".

Learned from what vtkMRMLVolumeSequenceStorageNode reads and writes: the index name and unit are label and unit of the
list axis (number n); its values are in the key "axis n index values", separated by spaces; item i's attribute a is
in the key "axis n item i a", i with four digits; attributes of the sequence itself are keys of their own.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import nrrd
import numpy as np
from nrrd.errors import NRRDError

from temporal_interp.errors import InvalidInputError
from temporal_interp.files.paths import COMPRESSION, replacing, require_there
from temporal_interp.provenance import SLICE_THICKNESS_KEY
from temporal_interp.sequences import VolumeSequence
from temporal_interp.volumes import Geometry, Volume

INDEX_TOLERANCE = 0.001
"""NumericIndexValueTolerance of vtkMRMLSequenceNode: Slicer merges items this close, without a word."""

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


def read_seq_nrrd(path: Path) -> VolumeSequence:
    """Return the sequence in a .seq.nrrd file, list axis first or last; a 3D file has one frame.

    Raises:
        InvalidInputError: the file cannot be read, is damaged, or holds something else than scalar 3D volumes.
    """
    require_there(path)
    header, keys, data = _read(path)
    axis = _list_axis(header)
    if axis is None:
        return VolumeSequence([Volume(data, _geometry(header, None, data.shape))], [0.0], "frame", "")
    frames = np.ascontiguousarray(np.moveaxis(data, data.ndim - 1 - axis, 0))
    geometry = _geometry(header, axis, frames.shape[1:])
    values, named, notes = _index_values(keys, axis, len(frames))
    thickness = keys.get(SLICE_THICKNESS_KEY)
    return VolumeSequence(
        [Volume(frame, geometry) for frame in frames],
        values,
        _entry(header, "labels", axis) if named else "frame",
        _entry(header, "units", axis) if named else "",
        _item_attributes(keys, axis, len(frames)),
        notes,
        _number(thickness, "slice thickness") if thickness else None,
    )


def _read(path: Path) -> tuple[dict, dict[str, str], np.ndarray]:
    """Return the header's fields, its keys with their values, and the voxels, slowest axis first."""
    try:
        with path.open("rb") as file:
            fields, keys = _split(_header_lines(file))
            header = nrrd.read_header(fields)
            data = nrrd.read_data(header, file, str(path), index_order="C")
    except (NRRDError, ValueError, KeyError, EOFError, OSError, StopIteration) as error:
        raise InvalidInputError(f"this is not a NRRD file, or it is cut short or damaged ({error}).") from error
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


def _list_axis(header: dict) -> int | None:
    """Return the number of the axis of frames, None where the file is one volume."""
    kinds = header.get("kinds", ["domain"] * header["dimension"])
    lists = [number for number, kind in enumerate(kinds) if kind in ("list", "time")]
    if header["dimension"] == 3 and not lists:
        return None
    if header["dimension"] != 4 or len(lists) != 1:
        raise InvalidInputError(
            f"a sequence of scalar volumes has four axes, one of them of the kind list; this file has "
            f"{header['dimension']}, of the kinds {', '.join(kinds)}."
        )
    return lists[0]


def _geometry(header: dict, list_axis: int | None, shape: tuple[int, ...]) -> Geometry:
    signs = TO_LPS.get(header.get("space", ""))
    vectors, origin = header.get("space directions"), header.get("space origin")
    if signs is None or vectors is None or origin is None:
        raise InvalidInputError("the header does not say where the voxels lie in the patient, in LPS or RAS.")
    columns = np.array([vector for axis, vector in enumerate(vectors) if axis != list_axis], dtype=float).T
    if columns.shape != (3, 3) or not np.isfinite(columns).all():
        raise InvalidInputError("the header gives no direction for one of the axes of the volumes.")
    columns = columns * np.reshape(signs, (3, 1))
    spacing = np.linalg.norm(columns, axis=0)
    if not spacing.all():
        raise InvalidInputError("the header says that voxels are 0 mm apart.")
    return Geometry(shape, tuple(spacing), tuple(origin * signs), tuple(map(tuple, columns / spacing)))


def _entry(header: dict, field: str, axis: int) -> str:
    """Return an axis's entry in a field that has one for each, "" where there is none."""
    return header[field][axis] if field in header else ""


def _index_values(keys: dict[str, str], axis: int, count: int) -> tuple[list[float], bool, list[str]]:
    """Return one index value per frame, whether they come from the file, and notes."""
    text = keys.get(f"axis {axis} index values", "").split()
    if not text or keys.get(f"axis {axis} index type") == "text":
        note = f"The frames have names instead of times ({', '.join(text)})" if text else "The file gives no times"
        return list(map(float, range(count))), False, [f"{note}; frames are numbered."]
    if len(text) != count:
        raise InvalidInputError(f"there are {count} frames, but {len(text)} index values.")
    return [_number(value, "index value") for value in text], True, []


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInputError(f"the {what} '{text}' is not a number.") from error


def _item_attributes(keys: dict[str, str], axis: int, count: int) -> list[dict[str, str]]:
    attributes = [{} for _ in range(count)]
    for key, value in keys.items():
        match = re.fullmatch(rf"axis {axis} item (\d+) (.+)", key, re.DOTALL)
        if match and int(match[1]) < count:
            attributes[int(match[1])][match[2]] = value
    return attributes


def write_seq_nrrd(sequence: VolumeSequence, path: Path, *, overwrite: bool = False) -> None:
    """Write a .seq.nrrd file that Slicer opens as a volume sequence.

    float16 becomes float32, and 64-bit integers become 32-bit, since neither Slicer nor NRRD has the former and
    Slicer does not open the latter.

    Raises:
        InvalidInputError: Slicer could not keep the frames apart, since index values are too close; or a value does
            not fit 32 bits; or the file exists, or the folder cannot be written to.
    """
    _require_apart(sequence)
    frames = _storable(np.stack([volume.array for volume in sequence.volumes]))
    header = "\n".join(_header(sequence, frames)) + "\n\n"
    with replacing(path, overwrite=overwrite) as target, target.open("wb") as file:
        file.write(header.encode("utf-8"))
        with gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=file, mtime=0) as voxels:
            voxels.write(frames.data)


def _require_apart(sequence: VolumeSequence) -> None:
    steps = np.diff(sequence.index_values)
    if len(steps) and steps.min() <= INDEX_TOLERANCE:
        number = int(steps.argmin())
        raise InvalidInputError(
            f"frames {number} and {number + 1} are {steps.min():g} {sequence.index_unit} apart; Slicer takes frames "
            f"that are {INDEX_TOLERANCE:g} apart or less for the same. Give the index in a smaller unit, such as ms."
        )


def _storable(frames: np.ndarray) -> np.ndarray:
    """Return the voxels, little-endian and contiguous, in a type that Slicer opens."""
    if frames.dtype == np.float16:
        frames = frames.astype(np.float32)
    elif frames.dtype.kind in "iu" and frames.dtype.itemsize == 8:
        narrow = np.dtype(f"{frames.dtype.kind}4")
        if frames.min() < np.iinfo(narrow).min or frames.max() > np.iinfo(narrow).max:
            raise InvalidInputError("voxels do not fit 32-bit integers, the largest that Slicer opens; rescale them.")
        frames = frames.astype(narrow)
    return np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("<"))


def _header(sequence: VolumeSequence, frames: np.ndarray) -> Iterator[str]:
    geometry = sequence.volumes[0].geometry
    vectors = " ".join(_vector(column) for column in geometry.voxel_to_physical.T)
    yield "NRRD0005"
    yield f"type: {NRRD_TYPES[frames.dtype.name]}"
    yield "dimension: 4"
    yield "space: left-posterior-superior"
    yield f"sizes: {' '.join(map(str, frames.shape[::-1]))}"
    yield f"space directions: {vectors} none"
    yield "kinds: domain domain domain list"
    yield f'labels: "" "" "" {_quoted(sequence.index_name)}'
    yield f'units: "" "" "" {_quoted(sequence.index_unit)}'
    if frames.dtype.itemsize > 1:
        yield "endian: little"
    yield "encoding: gzip"
    yield f"space origin: {_vector(geometry.origin)}"
    yield "DataNodeClassName:=vtkMRMLScalarVolumeNode"
    if sequence.slice_thickness is not None:
        yield f"{SLICE_THICKNESS_KEY}:={sequence.slice_thickness!r}"
    yield "axis 3 index type:=numeric"
    yield f"axis 3 index values:={' '.join(map(repr, sequence.index_values))}"
    for number, attributes in enumerate(sequence.item_attributes):
        for name, value in sorted(attributes.items()):
            if ":=" in name:
                raise InvalidInputError(f"the attribute '{name}' cannot be written, its name contains ':='.")
            yield f"axis 3 item {number:04d} {_escape(name)}:={_escape(value)}"


def _vector(numbers: tuple[float, ...] | np.ndarray) -> str:
    return f"({','.join(repr(float(number)) for number in numbers)})"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
