"""4D NIfTI: what is written.

NIfTI holds one start and one step of time and no attributes of frames, so every file is written
with a sidecar (see sidecar.py). It is written even when it is not needed, so that no old one stays beside a new file.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.provenance import has_synthetic_slices
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.files import CHUNK, COMPRESSION
from temporal_interp.io.format_registry import Planned
from temporal_interp.io.images import write_image
from temporal_interp.io.sidecar import require_sidecar_replaceable, sidecar_path, write_sidecar

EXTENSIONS = (".nii.gz", ".nii")

UNITS_OFFSET = 123
"""Place of xyzt_units in the header of NIfTI-1."""

LARGEST_SIZE = 32767
"""Along any axis: sizes are 16-bit integers in the header."""

MILLIMETRE = 2
TIME_UNITS = {"s": 8, "ms": 16, "us": 24}
"""Codes of xyzt_units; time is in bits 3 to 5."""


def write_nifti(sequence: Sequence, path: Path, *, overwrite: bool) -> None:
    """Write a sequence as 4D NIfTI with its sidecar; the header has the nearest regular times.

    The header's field descrip says how many frames are synthetic, and how many have synthetic slices.

    Raises:
        InvalidInputError: there are more frames, slices, rows or columns than NIfTI has room for.
        UnwritableFileError: the file exists, or something else is where its sidecar goes.
        OSError: the folder cannot be written to.
    """
    require_within_limits(Planned(sequence.times, sequence.unit, sequence.geometry.shape))
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


def require_within_limits(planned: Planned) -> None:
    """Raise InvalidInputError where the header has no room for a number of voxels or frames."""
    sizes = (len(planned.times), *planned.shape)
    for size, what in zip(sizes, ("frames", "slices", "rows", "columns"), strict=True):
        if size > LARGEST_SIZE:
            raise InvalidInputError(
                f"NIfTI has room for {LARGEST_SIZE} {what}, and there would be {size}; write a .seq.nrrd file instead."
            )


def header_losses(sequence: Sequence, path: Path) -> list[str]:
    """Return a note if the header cannot hold the times of the frames, which are in the sidecar then."""
    regular = np.linspace(sequence.times[0], sequence.times[-1], len(sequence))
    if np.allclose(sequence.times, regular, rtol=1e-6):
        return []
    return [
        f"The header of NIfTI holds regular times only; the times of the frames, which are not, are in "
        f"{sidecar_path(path).name}. Keep the two files together."
    ]


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
