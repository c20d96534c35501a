"""4D NIfTI and Analyze files: what is read. nifti_writer.py writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from temporal_interp.data.provenance import SYNTHETIC_KEY
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.io.files import open_uncompressed
from temporal_interp.io.format_registry import Format
from temporal_interp.io.nifti_grid import grid_of
from temporal_interp.io.nifti_header import NiftiHeader, header_file, read_header
from temporal_interp.io.nifti_times import bids_index, header_index
from temporal_interp.io.nifti_writer import EXTENSIONS, header_losses, require_within_limits, write_nifti
from temporal_interp.io.sidecar import read_json, read_sidecar, require_sidecar_replaceable, sidecar_path
from temporal_interp.io.voxel_stream import more_follows, read_frames, require_plausible, skip

PAIR_EXTENSIONS = (".hdr", ".img", ".hdr.gz", ".img.gz")

UNITS_IN_MS = {"s": 1000.0, "ms": 1.0, "us": 0.001}


def is_nifti(path: Path) -> bool:
    """Tell by the header, in the file or beside it, whether a file, compressed or not, is NIfTI or Analyze."""
    return header_file(path) is not None


def read_nifti(path: Path) -> Sequence:
    """Return a NIfTI or Analyze file as a sequence; a 3D file has one frame.

    The index is time in ms where the header gives a unit of time, time without a unit where it gives only a step, else
    the number of the frame. The JSON file beside it overrules the header: ours, if it fits, or that of BIDS.

    Raises:
        UnreadableFileError: the file is damaged or cut short, or the one with the voxels is not there.
        InvalidInputError: it holds something other than scalar 3D volumes, or its axes are sheared.
    """
    header = read_header(path)
    geometry, notes = grid_of(header)
    frames, is_longer = _frames(header)
    if frames.dtype.kind == "c":
        frames = np.abs(frames)
        notes.append("The voxels are complex numbers; their magnitude was taken.")
    if is_longer:
        notes.append("The file goes on behind the voxels of which its header tells; what follows was not read.")
    notes = [*header.notes, *notes]
    volumes = [Volume(frame, geometry) for frame in frames]
    index, content = header_index(header), read_sidecar(path)
    if content is not None and _fits(content["times"], content["unit"], index.values, index.unit):
        return Sequence(volumes, notes=notes, **content)
    if content is not None:
        notes.append(f"{sidecar_path(path).name} belongs to another sequence and was not used.")
        notes += _lost_marks(header, path)
    else:
        beside, why_not = read_json(sidecar_path(path))
        if why_not:
            notes.append(f"{sidecar_path(path).name} was not used: {why_not}.")
        index = bids_index(beside, sidecar_path(path).name, index)
        notes += _lost_marks(header, path)
    marks = [{SYNTHETIC_KEY: "true"}] * len(frames) if _all_synthetic(header, len(frames)) else ()
    return Sequence(volumes, index.values, index.name, index.unit, marks, [*notes, *index.notes])


def _frames(header: NiftiHeader) -> tuple[np.ndarray, bool]:
    """Return the voxels, (frame, K, J, I), and whether more follows them, which may be without end."""
    needed = int(np.prod(header.shape, dtype=object)) * header.dtype.itemsize
    require_plausible(header.voxels.stat().st_size, needed)
    with open_uncompressed(header.voxels) as file:
        skip(file, header.offset)
        return read_frames(file, header.shape, header.dtype, scale=header.scale), more_follows(file)


def _mark(header: NiftiHeader) -> str:
    """Return what the header says of synthetic frames or slices, "" where it says nothing."""
    marked = bytes(header.fields["descrip"]).rstrip(b"\0").decode("ascii", "replace")
    return marked if marked.startswith("TemporalInterp:") and ": 0 of" not in marked else ""


def _all_synthetic(header: NiftiHeader, count: int) -> bool:
    """Tell whether the header alone says that every frame is synthetic, such as of a single one."""
    return _mark(header) in ("TemporalInterp: synthetic", f"TemporalInterp: {count} of {count} frames synthetic")


def _lost_marks(header: NiftiHeader, path: Path) -> list[str]:
    """Return a note if the header tells of synthetic frames, but the file that says which is missing."""
    marked, sidecar = _mark(header), sidecar_path(path).name
    if not marked or _all_synthetic(header, header.shape[0]):
        return []
    return [f"The file says '{marked}', but {sidecar}, which says which, is missing: all frames count as acquired."]


def _fits(exact: list[float], exact_unit: str, header: list[float], header_unit: str) -> bool:
    """Tell whether exact index values can be those of a file with the given ones in its header."""
    if len(exact) != len(header):
        return False
    if header_unit != "ms":
        return True
    ends = np.array([exact[0], exact[-1]]) * UNITS_IN_MS.get(exact_unit, np.nan)
    return np.allclose(ends, [header[0], header[-1]])


FORMAT = Format(
    name="nifti",
    label="a NIfTI or Analyze file",
    extensions=(*EXTENSIONS, *PAIR_EXTENSIONS),
    sniff=is_nifti,
    read=read_nifti,
    write=write_nifti,
    sequence_extensions=EXTENSIONS,
    volume_extensions=EXTENSIONS,
    check_output=require_sidecar_replaceable,
    beside=lambda path: (sidecar_path(path),),
    check_content=require_within_limits,
    disk_share=1.0,  # the voxels are written plainly first
    losses=header_losses,
)
