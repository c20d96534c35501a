"""Sequences of volumes as 3D Slicer keeps them: .seq.nrrd, see nrrd_file.py for how the file is laid out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PERIOD_KEY, PREFIX, SLICE_THICKNESS_KEY
from temporal_interp.data.sequence import Sequence, require_apart
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.format_registry import Format, Planned
from temporal_interp.io.nrrd_file import (
    axis_entry,
    header_fields,
    header_keys,
    is_nrrd,
    item_attributes,
    to_number,
    write_nrrd,
)
from temporal_interp.io.nrrd_grid import volume_grid
from temporal_interp.io.nrrd_header import open_nrrd
from temporal_interp.io.nrrd_layout import Layout, layout_of
from temporal_interp.io.nrrd_times import index_of, key_axis


def read_seq_nrrd(path: Path) -> Sequence:
    """Return the sequence in a NRRD file, with its axes in any order; a file of one volume has one frame,
    with the attributes that `write_volume` put into its header.

    Raises:
        UnreadableFileError: the file is damaged.
        InvalidInputError: it holds something other than scalar volumes, or its axes are sheared.
    """
    with open_nrrd(path) as opened:
        header, keys = opened.fields, opened.keys
        layout = layout_of(header, keys)
        geometry, notes = grid_of(header, layout)
        notes = [*layout.notes, *notes]
        if layout.frames is None:
            ours = {name: value for name, value in keys.items() if name.startswith(PREFIX)}
            return Sequence(
                [Volume(opened.voxels(0).reshape(geometry.shape), geometry)], [0.0], "frame", "", [ours], notes
            )
        frames = opened.voxels(header["dimension"] - 1 - layout.frames).reshape(-1, *geometry.shape)
    index = index_of(header, keys, layout.frames, len(frames))
    thickness = keys.get(SLICE_THICKNESS_KEY)
    period = keys.get(PERIOD_KEY) if index.has_times else None  # numbers of frames are no times
    return Sequence(
        [Volume(frame, geometry) for frame in frames],
        index.values,
        index.name,
        index.unit,
        item_attributes(keys, key_axis(keys, layout.frames), len(frames)),
        [*notes, *index.notes],
        to_number(thickness, "slice thickness") if thickness else None,
        to_number(period, "period") if period else None,
    )


def read_layers(path: Path) -> list[Volume]:
    """Return the volume of a NRRD file, or the layers of a segmentation, or the components of its voxels.

    Raises:
        UnreadableFileError: the file is damaged.
        InvalidInputError: it holds frames, or more axes than volumes and their layers have.
    """
    with open_nrrd(path) as opened:
        header, count = opened.fields, opened.fields["dimension"]
        space: tuple[int, ...]
        if count == 4 and axis_entry(header, "kinds", 0).lower() not in ("domain", "space", "time"):
            layers, space = 0, (1, 2, 3)  # Slicer has layers, and ITK components, as the fastest axis
        elif count in (2, 3):
            layers, space = None, tuple(range(count))
        else:
            raise InvalidInputError(f"a mask is one 2D or 3D volume, this file has {count} dimensions.")
        geometry, _ = grid_of(header, Layout(layers, space))
        voxels = opened.voxels(0 if layers is None else count - 1)
        return [Volume(layer, geometry) for layer in voxels.reshape(-1, *geometry.shape)]


def grid_of(header: Mapping, layout: Layout) -> tuple[Geometry, list[str]]:
    """Return the grid of the volumes, of one slice where they have two axes, and notes."""
    sizes = [int(header["sizes"][axis]) for axis in layout.space] + [1] * (3 - len(layout.space))
    return volume_grid(header, layout.space, sizes[::-1])


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
    label="a NRRD file, such as a sequence saved by 3D Slicer",
    extensions=(".seq.nrrd", ".nrrd", ".nhdr"),
    sniff=is_nrrd,
    read=read_seq_nrrd,
    write=write_seq_nrrd,
    sequence_extensions=(".seq.nrrd",),
    volume_extensions=(".nrrd",),
    field_extensions=(".nrrd",),
    keeps_attributes=True,
    check_content=_require_storable,
)
