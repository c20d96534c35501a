"""Headers of NIfTI-1, NIfTI-2 and Analyze 7.5 files, in one file with the voxels or in one beside it.

nibabel parses the header. Voxels are read by voxel_stream.py: nibabel holds them twice, and would make integers of the
whole file float64 where a header scales them.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.files import open_uncompressed
from temporal_interp.io.voxel_stream import Scale

HEADER_BYTES = 540
"""Of NIfTI-2, whose header is the longest."""

COMPRESSED_ENDINGS = (".gz", ".bz2")


@dataclass(frozen=True)
class NiftiHeader:
    """What a header says.

    Attributes:
        fields: as nibabel parses them, a header of one of its classes.
        is_analyze: whether it is of Analyze 7.5, which does not say where voxels lie in the patient.
        voxels: file that holds the voxels.
        offset: place of the first voxel in it, uncompressed.
        shape: (frame, K, J, I).
        dtype: of the voxels in the file.
        scale: of the voxels, None if they are what the file has.
        notes: on what was assumed.
    """

    fields: Any
    is_analyze: bool
    voxels: Path
    offset: int
    shape: tuple[int, int, int, int]
    dtype: np.dtype
    scale: Scale | None
    notes: tuple[str, ...]

    def number(self, name: str) -> int:
        """Return an integer of the header, 0 where this kind of header has none of that name."""
        return int(self.fields[name]) if name in self.fields else 0

    @property
    def spacing(self) -> list[float]:
        """Voxel sizes along (I, J, K) as they are in the header, also those that cannot be."""
        return [float(size) for size in self.fields["pixdim"][1:4]]


def header_file(path: Path) -> Path | None:
    """Return the file with the header of the images at a path: itself, or the .hdr beside an .img; None if none is."""
    if path.is_dir():
        return None
    if _kind(_start(path)):
        return path
    beside = _beside(path, ".hdr") if _stem(path)[1] == ".img" else None
    return beside if beside is not None and _kind(_start(beside)) else None


def read_header(path: Path) -> NiftiHeader:
    """Return the header of a file that `header_file` knows.

    Raises:
        UnreadableFileError: the header is cut short or damaged, or the file with the voxels is not there.
        InvalidInputError: the voxels are not one real or complex number each.
    """
    from nibabel import nifti1, nifti2, spm99analyze  # takes a while
    from nibabel.spatialimages import HeaderDataError

    source = header_file(path)
    start = b"" if source is None else _start(source)
    kind = _kind(start)
    if source is None or kind is None:
        name, ending = _stem(path)
        if ending == ".img" and _beside(path, ".hdr") is None:
            raise UnreadableFileError(f"the header of this image is in {name}.hdr beside it; that file is not there.")
        raise UnreadableFileError("this is not a NIfTI file, or its header is damaged.")
    classes: dict[str, Any] = {
        "n+1": nifti1.Nifti1Header,
        "ni1": nifti1.Nifti1PairHeader,
        "n+2": nifti2.Nifti2Header,
        "ni2": nifti2.Nifti2PairHeader,
        "analyze": spm99analyze.Spm99AnalyzeHeader,
    }
    header_class = classes[kind]
    size = header_class.template_dtype.itemsize
    if len(start) < size:
        raise UnreadableFileError("the file is cut short: its header is not complete; get it again.")
    try:
        fields = header_class(start[:size], check=False)
        dtype = fields.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise InvalidInputError(
            f"the voxels are of a kind that is not known (datatype {fields['datatype']})."
        ) from error
    is_single = kind in ("n+1", "n+2")
    offset = float(fields["vox_offset"])
    if not math.isfinite(offset):
        raise UnreadableFileError(f"the header says that voxels begin at byte {offset:g}; the file is damaged.")
    shape, notes = _shape(fields)
    scale, scale_notes = _scale(fields)
    return NiftiHeader(
        fields,
        kind == "analyze",
        source if is_single else _voxel_file(source),
        max(int(offset), fields.single_vox_offset if is_single else 0),
        shape,
        _readable(dtype, int(fields["datatype"])),
        scale,
        (*notes, *scale_notes),
    )


def _start(path: Path) -> bytes:
    try:
        with open_uncompressed(path) as file:
            return file.read(HEADER_BYTES)
    except (EOFError, zlib.error, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        return b""  # compressed, and not even the header can be read


def _kind(start: bytes) -> str | None:
    """Return the magic word of a header, "analyze" where it is of that kind, None where it is of no such file."""
    for place in (start[344:348], start[4:8]):
        if place[:3] in (b"n+1", b"ni1", b"n+2", b"ni2") and place[3:] == b"\0":
            return place[:3].decode()
    for order in ("<", ">"):
        if len(start) >= 348 and np.frombuffer(start, f"{order}i4", 1)[0] == 348:
            dim = np.frombuffer(start, f"{order}i2", 8, 40)
            bits = np.frombuffer(start, f"{order}i2", 2, 70)
            if 1 <= dim[0] <= 7 and (dim[1 : dim[0] + 1] > 0).all() and bits[1] in (1, 8, 16, 24, 32, 64):
                return "analyze"
    return None


def _stem(path: Path) -> tuple[str, str]:
    """Return the name without its ending, and the ending in lower case; that of a compression is ignored."""
    name = path.name
    if name.lower().endswith(COMPRESSED_ENDINGS):
        name = name[: name.rindex(".")]
    stem, dot, ending = name.rpartition(".")
    return (stem, f".{ending.lower()}") if dot else (name, "")


def _beside(path: Path, ending: str) -> Path | None:
    """Return the file of the same name with another ending, compressed or not, in upper or lower case."""
    stem = _stem(path)[0]
    wanted = [f"{stem}{ending}{compression}".lower() for compression in ("", *COMPRESSED_ENDINGS)]
    found = {one.name.lower(): one for one in path.absolute().parent.iterdir() if one.name.startswith(stem)}
    return next((found[name] for name in wanted if name in found), None)


def _voxel_file(header: Path) -> Path:
    voxels = _beside(header, ".img")
    if voxels is None or voxels == header.absolute():
        raise UnreadableFileError(
            f"this is the header of an image whose voxels are in {_stem(header)[0]}.img beside it; that file is not "
            "there."
        )
    return voxels


def _shape(fields: Any) -> tuple[tuple[int, int, int, int], list[str]]:
    """Return (frame, K, J, I), and notes."""
    count = int(fields["dim"][0])
    sizes = [int(size) for size in fields["dim"][1 : count + 1]]
    sizes = sizes[:3] + [size or 1 for size in sizes[3:]]  # some programs write 0 for what is not there
    if not 1 <= count <= 7 or min(sizes) < 1:
        raise UnreadableFileError(f"the header has impossible numbers of voxels, dim {fields['dim'].tolist()}.")
    across, rows, slices, frames, *others = sizes + [1] * (7 - count)
    extra = [(axis, size) for axis, size in enumerate(others, 5) if size > 1]
    if not extra:
        return (frames, slices, rows, across), []
    axis, size = extra[0]
    if len(extra) == 1 and frames == 1 and "intent_code" in fields and int(fields["intent_code"]) == 0:
        return (size, slices, rows, across), [f"The header gives frames along axis {axis}, not along axis 4, time."]
    raise InvalidInputError(
        f"every voxel has {math.prod(size for _, size in extra)} values (along axis {axis} of the header), such as the "
        "components of a vector; volumes of one value a voxel were expected."
    )


def _scale(fields: Any) -> tuple[Scale | None, list[str]]:
    """Return how voxels are scaled, and notes; a slope of 0 or NaN means that they are not."""
    slope = float(fields["scl_slope"])
    intercept = float(fields["scl_inter"]) if "scl_inter" in fields else 0.0
    if math.isnan(slope) or slope == 0:
        unused = f"The header adds {intercept:g} to voxels, but its slope of {slope:g} says that they are not scaled."
        return None, [] if math.isnan(intercept) or intercept == 0 else [unused]
    if not math.isfinite(slope) or not math.isfinite(intercept):
        return None, [f"The header scales voxels by {slope:g} and adds {intercept:g}; they were taken as they are."]
    if (slope, intercept) == (1, 0):
        return None, []
    notes = []
    if "scl_inter" not in fields:
        notes.append(f"Voxels were scaled by {slope:g}, as SPM writes it into Analyze headers.")
    return Scale(slope, intercept), notes


def _readable(dtype: np.dtype, code: int) -> np.dtype:
    if dtype.fields is not None:
        raise InvalidInputError(
            "the voxels are colours (RGB); volumes of one value a voxel were expected. Turn them into grey first."
        )
    if dtype.kind not in "iufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise InvalidInputError(
            f"the voxels are of a kind that cannot be used (datatype {code}); save them as float32."
        )
    return dtype
