"""Sequences of volumes as 3D Slicer keeps them: .seq.nrrd, see nrrd_file.py for how the file is laid out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from temporal_interp.data.provenance import PERIOD_KEY, PREFIX, SLICE_THICKNESS_KEY
from temporal_interp.data.sequence import Sequence, require_apart
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.format_registry import Format, Planned
from temporal_interp.io.nrrd_file import (
    axis_entry,
    grid,
    header_fields,
    header_keys,
    is_nrrd,
    item_attributes,
    read_nrrd,
    times_of,
    to_number,
    write_nrrd,
)


def read_seq_nrrd(path: Path) -> Sequence:
    """Return the sequence in a .seq.nrrd file, list axis first or last; a 3D file has one frame,
    with the attributes that `write_volume` put into its header.

    Raises:
        UnreadableFileError: the file is damaged.
        InvalidInputError: it holds something other than scalar 3D volumes.
    """
    header, keys, data = read_nrrd(path)
    axis = _list_axis(header)
    if axis is None:
        ours = {name: value for name, value in keys.items() if name.startswith(PREFIX)}
        return Sequence([Volume(data, grid(header, [], data.shape))], [0.0], "frame", "", [ours])
    frames = np.ascontiguousarray(np.moveaxis(data, data.ndim - 1 - axis, 0))
    geometry = grid(header, [axis], frames.shape[1:])
    values, named, notes = times_of(keys, axis, len(frames))
    thickness = keys.get(SLICE_THICKNESS_KEY)
    period = keys.get(PERIOD_KEY) if named else None  # numbers of frames are no times
    return Sequence(
        [Volume(frame, geometry) for frame in frames],
        values,
        axis_entry(header, "labels", axis) if named else "frame",
        axis_entry(header, "units", axis) if named else "",
        item_attributes(keys, axis, len(frames)),
        notes,
        to_number(thickness, "slice thickness") if thickness else None,
        to_number(period, "period") if period else None,
    )


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


def write_seq_nrrd(sequence: Sequence, path: Path, *, overwrite: bool) -> None:
    """Write a .seq.nrrd file that Slicer opens as a volume sequence.

    float16 becomes float32, and 64-bit integers become 32-bit, since neither Slicer nor NRRD has the former and
    Slicer does not open the latter.

    Raises:
        InvalidInputError: index values are so close that Slicer would merge frames; or a value does
            not fit 32 bits.
        UnwritableFileError: the file exists.
        OSError: the folder cannot be written to.
    """
    _require_storable(Planned(sequence.times, sequence.unit, sequence.geometry.shape, sequence.volumes))
    frames = _storable(np.stack([volume.array for volume in sequence.volumes]))
    write_nrrd(_header(sequence, frames.dtype), frames, path, overwrite=overwrite)


def _require_storable(planned: Planned) -> None:
    """Raise InvalidInputError where Slicer would merge frames, or voxels do not fit the types that it opens."""
    require_apart(planned.times, planned.unit)
    for volume in planned.source:
        dtype = volume.array.dtype
        if dtype.kind in "iu" and dtype.itemsize == 8:
            limits = np.iinfo(f"{dtype.kind}4")
            if volume.array.min() < limits.min or volume.array.max() > limits.max:
                raise InvalidInputError(
                    "voxels do not fit 32-bit integers, the largest that Slicer opens; rescale them."
                )


def _storable(frames: np.ndarray) -> np.ndarray:
    """Return the voxels, little-endian and contiguous, in a type that Slicer opens."""
    if frames.dtype == np.float16:
        frames = frames.astype(np.float32)
    elif frames.dtype.kind in "iu" and frames.dtype.itemsize == 8:
        frames = frames.astype(f"{frames.dtype.kind}4")
    return np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("<"))


def _header(sequence: Sequence, dtype: np.dtype) -> Iterator[str]:
    geometry = sequence.volumes[0].geometry
    attributes = {"DataNodeClassName": "vtkMRMLScalarVolumeNode"}
    if sequence.slice_thickness is not None:
        attributes[SLICE_THICKNESS_KEY] = repr(sequence.slice_thickness)
    if sequence.period is not None:
        attributes[PERIOD_KEY] = repr(sequence.period)
    return chain(
        header_fields(dtype, geometry, len(sequence), sequence.index_name, sequence.unit),
        header_keys(attributes, sequence.times, sequence.item_attributes),
    )


FORMAT = Format(
    name="nrrd",
    label="a sequence saved by 3D Slicer",
    extensions=(".seq.nrrd", ".nrrd"),
    sniff=is_nrrd,
    read=read_seq_nrrd,
    write=write_seq_nrrd,
    sequence_extensions=(".seq.nrrd",),
    volume_extensions=(".nrrd",),
    field_extensions=(".nrrd",),
    keeps_attributes=True,
    check_content=_require_storable,
)
