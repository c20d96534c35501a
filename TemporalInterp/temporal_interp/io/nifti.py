"""4D NIfTI.

NIfTI holds one start and one step of time and no attributes of frames, so every file is written
with a sidecar (see sidecar.py). It is written even when it is not needed, so that no old one stays beside a new file.
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import has_synthetic_slices
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume, from_sitk
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.files import CHUNK, COMPRESSION, open_uncompressed
from temporal_interp.io.format_registry import Format, Planned
from temporal_interp.io.images import read_image, write_image
from temporal_interp.io.sidecar import read_sidecar, require_sidecar_replaceable, sidecar_path, write_sidecar

EXTENSIONS = (".nii.gz", ".nii")

HEADER_BYTES = 348
TIME_STEP_OFFSET = 92
UNITS_OFFSET = 123
MAGIC_OFFSET = 344
"""Size of the NIfTI-1 header, and places in it of pixdim[4], xyzt_units and magic."""

LARGEST_SIZE = 32767
"""Along any axis: sizes are 16-bit integers in the header."""

MILLIMETRE = 2
TIME_UNITS = {"s": 8, "ms": 16, "us": 24}
"""Codes of xyzt_units; time is in bits 3 to 5."""

TIME_BITS = 0x38
TO_MS = {"s": 1000.0, "ms": 1.0, "us": 0.001}


def is_nifti(path: Path) -> bool:
    """Tell by its header whether a file, compressed or not, is NIfTI-1 in one file, or NIfTI-2."""
    if path.is_dir():
        return False
    try:
        with open_uncompressed(path) as file:
            header = file.read(HEADER_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False
    return header[MAGIC_OFFSET:] == b"n+1\0" or header[4:8] == b"n+2\0"


def read_nifti(path: Path) -> Sequence:
    """Return a .nii or .nii.gz file as a sequence; a 3D file has one frame.

    The index is time in ms where the header gives a unit of time, else the number of the frame. A sidecar that fits
    the file overrules the header.

    Raises:
        UnreadableFileError: the file is damaged, or has the name of another format.
        InvalidInputError: it holds something other than scalar 3D volumes.
    """
    if not path.name.lower().endswith(EXTENSIONS):
        raise UnreadableFileError("this is a NIfTI file by another name; it must end in .nii.gz or .nii to be read.")
    image = read_image(path)
    volumes = _volumes(image)
    values, name, unit, notes = _index(path, image, len(volumes))
    content = read_sidecar(path)
    if content is None:
        marked = image.GetMetaData("descrip") if image.HasMetaDataKey("descrip") else ""
        if marked.startswith("TemporalInterp:") and ": 0 of" not in marked:
            notes.append(f"The file says '{marked}', but {sidecar_path(path).name}, which says which, is missing.")
        return Sequence(volumes, values, name, unit, notes=notes)
    if not _fits(content["times"], content["unit"], values, unit):
        notes.append(f"{sidecar_path(path).name} belongs to another sequence and was not used.")
        return Sequence(volumes, values, name, unit, notes=notes)
    return Sequence(volumes, notes=notes, **content)


def _volumes(image: sitk.Image) -> list[Volume]:
    if image.GetDimension() != 4:
        return [from_sitk(image)]
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InvalidInputError("the voxels have several components; a sequence of scalar volumes was expected.")
    array = sitk.GetArrayFromImage(image)
    direction = np.reshape(image.GetDirection(), (4, 4))[:3, :3]
    geometry = Geometry(array.shape[1:], image.GetSpacing()[:3], image.GetOrigin()[:3], tuple(map(tuple, direction)))
    return [Volume(frame, geometry) for frame in array]


def _index(path: Path, image: sitk.Image, count: int) -> tuple[list[float], str, str, list[str]]:
    """Return the index values that the header gives, their name and unit, and notes."""
    code = int(image.GetMetaData("xyzt_units")) & TIME_BITS
    unit = next((unit for unit, its_code in TIME_UNITS.items() if its_code == code), None)
    if count == 1 or unit is None:
        return list(map(float, range(count))), "frame", "", []
    if not _has_time_step(path):
        note = "The header gives no time step; frames are numbered."
        return list(map(float, range(count))), "frame", "", [note]
    # SimpleITK turns every unit of time into seconds
    in_unit = [seconds * TO_MS["s"] / TO_MS[unit] for seconds in (image.GetOrigin()[3], image.GetSpacing()[3])]
    start, step = (_shortest(value) * TO_MS[unit] for value in in_unit)
    return [round(start + number * step, 9) for number in range(count)], "time", "ms", []


def _has_time_step(path: Path) -> bool:
    """Tell whether the header's time step is a positive number: SimpleITK silently takes 1 where it is not."""
    with open_uncompressed(path) as file:
        header = file.read(HEADER_BYTES)
    dtype = np.dtype("<f4" if int.from_bytes(header[:4], "little") == HEADER_BYTES else ">f4")
    step = np.frombuffer(header, dtype=dtype, count=1, offset=TIME_STEP_OFFSET)[0]
    return bool(np.isfinite(step) and step > 0)


def _shortest(value: float) -> float:
    """Return the shortest decimal number that is the same in float32: 33.3, not 33.29999923706055."""
    return float(str(np.float32(value)))


def _fits(exact: list[float], exact_unit: str, header: list[float], header_unit: str) -> bool:
    """Tell whether exact index values can be those of a file with the given ones in its header."""
    if len(exact) != len(header):
        return False
    if header_unit != "ms":
        return True
    ends = np.array([exact[0], exact[-1]]) * TO_MS.get(exact_unit, np.nan)
    return np.allclose(ends, [header[0], header[-1]])


def write_nifti(sequence: Sequence, path: Path, *, overwrite: bool) -> None:
    """Write a sequence as 4D NIfTI with its sidecar; the header has the nearest regular times.

    The header's field descrip says how many frames are synthetic, and how many have synthetic slices.

    Raises:
        InvalidInputError: there are more frames, slices, rows or columns than NIfTI has room for.
        UnwritableFileError: the file exists, or something else is where its sidecar goes.
        OSError: the folder cannot be written to.
    """
    _require_within_limits(Planned(sequence.times, sequence.unit, sequence.geometry.shape))
    with atomic_file(path, overwrite=overwrite) as target:
        require_sidecar_replaceable(path, overwrite=overwrite)
        plain = target.with_name("plain.nii")
        write_image(_image(sequence), plain)
        _set_time_unit(plain, sequence.unit)
        if path.name.lower().endswith(".gz"):
            with plain.open("rb") as source, gzip.open(target, "wb", compresslevel=COMPRESSION) as file:
                shutil.copyfileobj(source, file, CHUNK)
            plain.unlink()
        else:
            plain.rename(target)
        write_sidecar(sequence, target)


def _image(sequence: Sequence) -> sitk.Image:
    """Return the sequence as a 4D image with the nearest regular times along its last axis."""
    geometry, values = sequence.volumes[0].geometry, sequence.times
    array = np.stack([volume.array for volume in sequence.volumes])
    image = sitk.GetImageFromArray(array.astype(np.float32) if array.dtype == np.float16 else array, isVector=False)
    direction = np.eye(4)
    direction[:3, :3] = geometry.direction
    step = (values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else 1.0
    image.SetSpacing((*geometry.spacing, step))
    image.SetOrigin((*geometry.origin, values[0]))
    image.SetDirection(direction.ravel().tolist())
    image.SetMetaData("ITK_FileNotes", _mark(sequence))
    return image


def _mark(sequence: Sequence) -> str:
    """Return the text of the field descrip, at most 80 characters, which says what is synthetic."""
    count, synthetic = len(sequence), len(sequence.synthetic_frames)
    with_slices = sum(map(has_synthetic_slices, sequence.item_attributes))
    frames = f"{synthetic} of {count} frames synthetic"
    if not with_slices:
        return f"TemporalInterp: {frames}"
    slices = f"TemporalInterp: synthetic slices in {with_slices} of {count} frames"
    return f"{slices}, {frames}" if synthetic else slices


def _set_time_unit(path: Path, unit: str) -> None:
    """Put the unit of time into the header of an uncompressed file: SimpleITK calls everything seconds."""
    with path.open("r+b") as file:
        file.seek(UNITS_OFFSET)
        file.write(bytes([MILLIMETRE | TIME_UNITS.get(unit, 0)]))


def _require_within_limits(planned: Planned) -> None:
    """Raise InvalidInputError where the header has no room for a number of voxels or frames."""
    sizes = (len(planned.times), *planned.shape)
    for size, what in zip(sizes, ("frames", "slices", "rows", "columns"), strict=True):
        if size > LARGEST_SIZE:
            raise InvalidInputError(
                f"NIfTI has room for {LARGEST_SIZE} {what}, and there would be {size}; write a .seq.nrrd file instead."
            )


FORMAT = Format(
    name="nifti",
    label="a 4D NIfTI file",
    extensions=EXTENSIONS,
    sniff=is_nifti,
    read=read_nifti,
    write=write_nifti,
    sequence_extensions=EXTENSIONS,
    volume_extensions=EXTENSIONS,
    check_output=require_sidecar_replaceable,
    beside=lambda path: (sidecar_path(path),),
    check_content=_require_within_limits,
    disk_share=1.0,  # the voxels are written plainly first
)
