"""One volume in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from temporal_interp.data.provenance import has_synthetic_slices, is_synthetic
from temporal_interp.data.volume import Volume, from_sitk, to_sitk
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.atomic import atomic_file, write_errors_naming
from temporal_interp.io.files import require_exists
from temporal_interp.io.format_registry import volume_extensions, volume_format
from temporal_interp.io.guard import reading
from temporal_interp.io.images import read_image, write_image


def read_volume(path: Path | str) -> Volume:
    """Return the volume in a NRRD, NIfTI, Analyze or MetaImage file, or another that SimpleITK reads; 2D is a slice.

    Raises:
        UnreadableFileError: there is no such file, or it is damaged.
        InvalidInputError: it holds something other than one scalar volume.

    Example:
        See `write_volume`.
    """
    return read_volume_with_notes(path)[0]


def read_volume_with_notes(path: Path | str) -> tuple[Volume, tuple[str, ...]]:
    """Return the volume as `read_volume` does, and notes on what was assumed of it, for the user."""
    path = Path(path)
    with reading(path):
        require_exists(path)
        if path.is_dir():
            raise UnreadableFileError("this is a folder, an image file was expected.")
        known = volume_format(path)
        if known is None:
            return from_sitk(read_image(path)), ()
        sequence = known.read(path)
        if len(sequence) > 1:
            raise InvalidInputError(
                f"this is a sequence of {len(sequence)} frames, one volume was expected. Save one frame on its own."
            )
        return sequence.volumes[0], tuple(sequence.notes)


def write_volume(
    volume: Volume, path: Path | str, metadata: Mapping[str, str] | None = None, *, overwrite: bool = False
) -> None:
    """Write one volume; the ending of the path chooses the format: .nrrd, .nii.gz, .nii or .mha.

    Args:
        volume: what to write.
        path: where to.
        metadata: text that goes into the file's header, such as the attributes of a synthetic frame. NIfTI has no
            room for it: there only "synthetic", or "synthetic slices", is kept, in the field descrip.
        overwrite: replace a file that is there.

    Raises:
        InvalidInputError: the ending is none of these.
        UnwritableFileError: the file exists, or the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from temporal_interp.data.geometry import Geometry
        >>> path = Path(tempfile.mkdtemp()) / "frame.nrrd"
        >>> write_volume(Volume(np.ones((1, 4, 5)), Geometry((1, 4, 5), spacing=(1.5, 1.5, 8))), path)
        >>> read_volume(path).geometry.spacing
        (1.5, 1.5, 8.0)
    """
    path, metadata = Path(path), metadata or {}
    with write_errors_naming(path):
        _require_ending(path, volume_extensions())
        image = to_sitk(volume)
        if path.name.lower().endswith((".nii", ".nii.gz")):
            image.SetMetaData("ITK_FileNotes", _mark(metadata))
        else:
            for key, value in metadata.items():
                image.SetMetaData(key, value)
        with atomic_file(path, overwrite=overwrite) as target:
            write_image(image, target)


def _mark(metadata: Mapping[str, str]) -> str:
    if is_synthetic(metadata):
        return "TemporalInterp: synthetic"
    return "TemporalInterp: synthetic slices" if has_synthetic_slices(metadata) else ""


def _require_ending(path: Path, endings: tuple[str, ...]) -> None:
    if not path.name.lower().endswith(endings):
        raise InvalidInputError(f"the name must end in {', '.join(endings)}.")
