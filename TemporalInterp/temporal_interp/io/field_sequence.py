"""Displacement or velocity fields over the frames of a sequence: a .seq.nrrd file of vector volumes, see nrrd_file.py.

3D Slicer opens displacements as a sequence of transforms, whose browser moves what is put under the transform it shows,
and velocities as a sequence of vtkMRMLVectorVolumeNode. The components are (x, y, z) in LPS in the file; Slicer turns
them to RAS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PREFIX
from temporal_interp.data.sequence import require_apart
from temporal_interp.errors import InvalidInputError, errors_naming
from temporal_interp.io.atomic import write_errors_naming
from temporal_interp.io.displacement_file import DISPLACEMENT_INTENT, MODELING, RESAMPLING, TYPE_KEY
from temporal_interp.io.files import require_exists
from temporal_interp.io.nrrd_file import (
    WRITTEN_AXIS,
    axis_entry,
    grid,
    header_fields,
    header_keys,
    item_attributes,
    read_nrrd,
    signs_to_lps,
    times_of,
    write_nrrd,
)

ENDING = ".seq.nrrd"
FIELD_TYPE = np.dtype("<f4")

DIRECTION_KEY = PREFIX + "FieldDirection"
ESTIMATE_KEY = PREFIX + "FieldEstimated"
COMPONENTS_KEY = PREFIX + "FieldComponents"
"""Attributes of the sequence and of every item: the direction of the vectors v, that they are an estimate, their
unit."""


SLICER_KEYS = ("DataNodeClassName", TYPE_KEY, *DISPLACEMENT_INTENT)
"""Keys that tell Slicer what to make of the vectors."""


class FieldDirection(StrEnum):
    """Direction of the vectors, in the words of the file."""

    TO_NEXT = "tissue at x in this frame is at x + v in the next frame"
    FROM_PREVIOUS = "tissue at x in this frame was at x + v in the frame before"
    FROM_REFERENCE = "tissue at x in the reference frame is at x + v in this frame"
    FIRST_TO_T = "tissue at x in this frame was at x + v in the acquired frame before"
    LAST_TO_T = "tissue at x in this frame is at x + v in the acquired frame after"
    VELOCITY = "tissue at x in this frame moves with the velocity v"

    @property
    def transform_type(self) -> str | None:
        """The type of the transform that Slicer makes of the vectors, None for velocities.

        Under it, the image or the points of the other frame move to the frame shown; and those of the reference frame,
        or of the frame shown, to where their tissue goes.
        """
        if self is FieldDirection.VELOCITY:
            return None
        return MODELING if self in (FieldDirection.TO_NEXT, FieldDirection.FROM_REFERENCE) else RESAMPLING

    def attributes(self) -> dict[str, str]:
        """Return the attributes that describe the vectors."""
        unit = "mm/s" if self is FieldDirection.VELOCITY else "mm"
        return {
            DIRECTION_KEY: self.value,
            ESTIMATE_KEY: "true, from images",
            COMPONENTS_KEY: f"x, y, z in LPS, {unit}",
        }


@dataclass(frozen=True, eq=False)
class FieldSequence:
    """Fields on one voxel grid, in rising order of their index value.

    Attributes:
        fields: one or more (K, J, I, 3) float32, components (x, y, z) in LPS, mm unless the attributes say otherwise.
        geometry: their voxel grid.
        times: one number a field.
        index_name: name of the index.
        unit: its unit.
        attributes: of the file; `FieldDirection` says which are always written. Vectors are as in the file, whichever
            type of transform it gives Slicer.
        item_attributes: a mapping of text to text for every field.
    """

    fields: tuple[np.ndarray, ...]
    geometry: Geometry
    times: tuple[float, ...]
    index_name: str
    unit: str
    attributes: Mapping[str, str]
    item_attributes: tuple[Mapping[str, str], ...]


def write_field_sequence(
    fields: Sequence[np.ndarray],
    geometry: Geometry,
    times: Sequence[float],
    index_name: str,
    unit: str,
    path: Path | str,
    *,
    direction: FieldDirection,
    overwrite: bool = False,
    attributes: Mapping[str, str] | None = None,
    item_attributes: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write fields as a .seq.nrrd file, whole or not at all.

    Args:
        fields: one or more (K, J, I, 3), components (x, y, z) in LPS.
        geometry: their voxel grid.
        times: one number a field, rising.
        index_name: name of the index.
        unit: its unit.
        path: where to, ending in .seq.nrrd.
        direction: of the vectors; stored with the sequence and every item.
        overwrite: replace a file that is there.
        attributes: more text for the sequence and every item.
        item_attributes: more text for every item, one mapping a field.

    Raises:
        InvalidInputError: fields, grid, index values and attributes do not fit together, a vector or index value is
            not finite, index values are too close for Slicer, or the ending is not .seq.nrrd.
        UnwritableFileError: the file exists, or the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> grid = Geometry((1, 4, 5))
        >>> fields = [np.zeros((1, 4, 5, 3)), np.ones((1, 4, 5, 3))]
        >>> path = Path(tempfile.mkdtemp()) / "motion.seq.nrrd"
        >>> write_field_sequence(fields, grid, [0, 40], "time", "ms", path, direction=FieldDirection.TO_NEXT)
        >>> read_field_sequence(path).times
        (0.0, 40.0)
    """
    path = Path(path)
    values = [float(value) for value in times]
    items = list(item_attributes) or [{} for _ in fields]
    with write_errors_naming(path):
        if not path.name.lower().endswith(ENDING):
            raise InvalidInputError(f"the name must end in {ENDING}.")
        _require_fitting(fields, geometry, values, items)
        require_apart(values, unit)
        if values != sorted(values):
            raise InvalidInputError(f"index values must rise from field to field, got {values}.")
        shared = direction.attributes() | dict(attributes or {})
        header = chain(
            header_fields(FIELD_TYPE, geometry, len(fields), index_name, unit, components=3),
            header_keys(
                _slicer_keys(direction) | shared,
                values,
                [shared | dict(item) for item in items],
            ),
        )
        write_nrrd(header, _stored(fields), path, overwrite=overwrite)


def _slicer_keys(direction: FieldDirection) -> dict[str, str]:
    """Return the `SLICER_KEYS` of vectors of a direction."""
    if direction.transform_type is None:
        return {"DataNodeClassName": "vtkMRMLVectorVolumeNode"}
    return {TYPE_KEY: direction.transform_type, **DISPLACEMENT_INTENT}


def _require_fitting(
    fields: Sequence[np.ndarray], geometry: Geometry, values: Sequence[float], items: Sequence[Mapping[str, str]]
) -> None:
    if not fields or not len(fields) == len(values) == len(items):
        raise InvalidInputError(
            f"every field needs an index value and a set of attributes, got {len(fields)} fields, {len(values)} index "
            f"values and {len(items)} sets of attributes."
        )
    if not np.isfinite(values).all():
        raise InvalidInputError(f"index values must be finite numbers, got {values}.")
    for number, field in enumerate(fields):
        if field.shape != (*geometry.shape, 3):
            raise InvalidInputError(f"field {number} has shape {field.shape}, its grid needs {(*geometry.shape, 3)}.")
        if not np.isfinite(field).all():
            raise InvalidInputError(f"field {number} has vectors that are NaN or infinite; it cannot be kept.")


def _stored(fields: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the fields one by one as they are stored, so that not all are in memory twice."""
    for field in fields:
        yield np.ascontiguousarray(field, dtype=FIELD_TYPE)


def read_field_sequence(path: Path | str) -> FieldSequence:
    """Return the fields in a .seq.nrrd file of vector volumes, or of grid transforms that Slicer wrote.

    Raises:
        UnreadableFileError: there is no such file, or it is damaged.
        InvalidInputError: it holds something other than fields over frames.

    Example:
        See `write_field_sequence`.
    """
    path = Path(path)
    with errors_naming(path):
        require_exists(path)
        header, keys, data = read_nrrd(path)
        vector_axis, list_axis = _special_axes(header, data)
        _require_vectors_in_space(header)
        last = data.ndim - 1
        frames = np.moveaxis(data, (last - list_axis, last - vector_axis), (0, -1))
        key_axis = list_axis if f"axis {list_axis} index values" in keys else WRITTEN_AXIS
        values, named, _ = times_of(keys, key_axis, len(frames))
        return FieldSequence(
            tuple(np.ascontiguousarray(frame * signs_to_lps(header), dtype=np.float32) for frame in frames),
            grid(header, [vector_axis, list_axis], frames.shape[1:-1]),
            tuple(values),
            axis_entry(header, "labels", list_axis) if named else "frame",
            axis_entry(header, "units", list_axis) if named else "",
            {key: text for key, text in keys.items() if not key.startswith("axis ") and key not in SLICER_KEYS},
            tuple(item_attributes(keys, key_axis, len(frames))),
        )


def _special_axes(header: dict, data: np.ndarray) -> tuple[int, int]:
    """Return the numbers of the axes of components and of fields."""
    kinds = header.get("kinds") or []
    vectors = [number for number, kind in enumerate(kinds) if kind.endswith("vector")]
    lists = [number for number, kind in enumerate(kinds) if kind in ("list", "time")]
    if data.ndim != 5 or len(vectors) != 1 or len(lists) != 1 or data.shape[::-1][vectors[0]] != 3:
        raise InvalidInputError(
            f"fields over frames have five axes, one of the kind list and one of the kind vector with three "
            f"components; this file has the sizes {', '.join(map(str, data.shape[::-1]))} and the kinds "
            f"{', '.join(kinds) or 'unknown'}."
        )
    return vectors[0], lists[0]


def _require_vectors_in_space(header: dict) -> None:
    """Raise InvalidInputError where components are along other axes than those of the space."""
    frame = header.get("measurement frame")
    if frame is not None and not np.array_equal(frame, np.eye(3)):
        raise InvalidInputError("its vectors are given along axes of their own (measurement frame), which is not read.")
