"""The output of `temporal-interp slices apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.cli.outputs import require_file_output, require_sequence_output
from temporal_interp.errors import InvalidInputError

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence

VOLUME_ENDING = ".nrrd"
"""Of one volume; a sequence ends in .seq.nrrd. NIfTI holds both."""


def require_slices_output(path: Path, *, force: bool) -> None:
    """Raise InvalidInputError unless a volume or a sequence can be written at `path`."""
    if _is_volume(path):
        require_file_output(path, (VOLUME_ENDING,), force=force)
    else:
        require_sequence_output(path, force=force)


def require_room(path: Path, frames: int) -> None:
    """Raise InvalidInputError if the file at `path` is to hold more frames than it can."""
    if frames > 1 and _is_volume(path):
        raise InvalidInputError(f"{path}: {frames} frames need a file that ends in .seq.nrrd or .nii.gz.")


def write_slices(sequence: Sequence, path: Path, *, force: bool) -> None:
    """Write a sequence, or its only volume as a volume where the path ends in .nrrd; attributes go into the header."""
    from temporal_interp.io import write_sequence, write_volume

    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    if not _is_volume(path):
        write_sequence(sequence, path, overwrite=force)
        return
    write_volume(sequence.volumes[0], path, sequence.item_attributes[0], overwrite=force)


def _is_volume(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(VOLUME_ENDING) and not name.endswith(".seq.nrrd")
