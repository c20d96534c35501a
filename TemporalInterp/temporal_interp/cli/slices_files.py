"""The files of `temporal-interp slices`: volumes with slices to put others between, and where they are written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.cli.console import Console
from temporal_interp.cli.outputs import (
    Output,
    file_output,
    require_content,
    sequence_output,
)
from temporal_interp.cli.reading import read_input
from temporal_interp.cli.room import COMPRESSED, require_disk_space, require_room_for_sequence
from temporal_interp.data.provenance import has_synthetic_slices
from temporal_interp.errors import InvalidInputError
from temporal_interp.memory import require_memory

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.data.volume import Volume


VOLUME_ENDING = ".nrrd"
"""Of one volume; a sequence ends in .seq.nrrd. NIfTI holds both."""


def read_slices(path: Path, console: Console, series: str | None = None, component: str | None = None) -> Sequence:
    """Return the volume, as a sequence of one, or the sequence at a path, if slices can be added between its slices.

    `series` and `component` choose one as in `read_sequence`.

    Synthetic slices are refused: they would be used and marked as if they had been acquired.

    Raises:
        InvalidInputError: it cannot be read, has one slice, synthetic slices, or a frame that shows nothing; the
            message names it.
    """
    from temporal_interp.data.field_of_view import require_seen

    sequence = read_input(path, console, series, component)
    if sequence.volumes[0].geometry.shape[0] < 2:
        raise InvalidInputError(f"{path} has only one slice: there is no gap to add slices in. Nothing was done.")
    if any(map(has_synthetic_slices, sequence.item_attributes)):
        raise InvalidInputError(
            f"{path} has synthetic slices already; take the images from which it was made, and a larger factor."
        )
    for number, volume in enumerate(sequence.volumes):
        require_seen(volume, f"{path}, frame {number}")
    return sequence


def volumes_to_learn_from(
    paths: Iterable[Path], console: Console, series: str | None = None, component: str | None = None
) -> list[Volume]:
    """Return the volumes of all inputs, every frame of a sequence as one.

    A folder that holds .nrrd, .mha, .nii.gz or .nii files stands for all of them; its subfolders are
    ignored. Any other folder is one input, such as a DICOM series or a folder of frames with its index. `series` and
    `component` choose as in `read_sequence`.

    Raises:
        InvalidInputError: an input cannot be read or learnt from, or a folder has no image; the message names it.
    """
    from temporal_interp.data.field_of_view import is_constant

    volumes: list[Volume] = []
    for path in (file for given in paths for file in _inputs(given)):
        found = read_slices(path, console, series, component).volumes
        if all(is_constant(volume.array) for volume in found):
            raise InvalidInputError(f"{path}: every voxel is the same, so there is nothing to learn from. Omit it.")
        volumes += found
    return volumes


def _inputs(path: Path) -> list[Path]:
    from temporal_interp.io.format_registry import one_of, volume_extensions
    from temporal_interp.io.frame_folder import INDEX_FILE

    if not path.is_dir() or (path / INDEX_FILE).is_file():
        return [path]
    inside = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    if not inside:
        raise InvalidInputError(
            f"The folder {path} is empty; give one with {one_of([*volume_extensions(), 'DICOM'])} files."
        )
    endings = volume_extensions()  # a sequence's .seq.nrrd has one of them, too
    return [file for file in inside if file.parent == path and file.name.lower().endswith(endings)] or [path]


def slices_output(path: Path) -> Output | None:
    """Return a volume or a sequence as an output."""
    return file_output(path, (VOLUME_ENDING,)) if _is_volume(path) else sequence_output(path)


def require_result_fits(path: Path, sequence: Sequence, factor: int) -> None:
    """Refuse, before the work, a result that the file or the disk has no room for.

    Args:
        path: where it will be written.
        sequence: between whose slices others are added.
        factor: how many times closer they become.

    Raises:
        InvalidInputError: the file cannot keep it.
        UnwritableFileError: the disk is too small.
        OutOfMemoryError: the memory is.
    """
    from temporal_interp.io.format_registry import Planned

    slices, rows, columns = sequence.geometry.shape
    shape = ((slices - 1) * factor + 1, rows, columns)
    if not _is_volume(path):
        require_room_for_sequence(path, len(sequence), shape, sequence[0].array.dtype)
        require_content(path, Planned(sequence.times, sequence.unit, shape, sequence.volumes))
        return
    if len(sequence) > 1:
        raise InvalidInputError(f"{path}: {len(sequence)} frames need a file that ends in .seq.nrrd or .nii.gz.")
    size = shape[0] * sequence[0].array[0].nbytes
    require_disk_space({path: COMPRESSED * size})
    require_memory(size, f"{path}: {' x '.join(map(str, shape[::-1]))} voxels")


def write_slices(sequence: Sequence, path: Path, *, force: bool) -> list[str]:
    """Write a sequence, or its only volume as a volume where the path ends in .nrrd; attributes go into the header.

    Returns:
        Notes on what the file cannot hold.
    """
    from temporal_interp.io import notes_on_writing, write_sequence, write_volume

    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    if not _is_volume(path):
        write_sequence(sequence, path, overwrite=force)
        return notes_on_writing(sequence, path)
    write_volume(sequence.volumes[0], path, sequence.item_attributes[0], overwrite=force)
    return []


def _is_volume(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(VOLUME_ENDING) and not name.endswith(".seq.nrrd")
