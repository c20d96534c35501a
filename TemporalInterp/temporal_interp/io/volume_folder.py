"""A sequence as a folder with one volume for every phase, as 4D CT is often kept: T00.nii.gz, T10.nii.gz, ..."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, errors_naming
from temporal_interp.io.dicom import FORMAT as DICOM
from temporal_interp.io.format_registry import Format, volume_format
from temporal_interp.io.frame_folder import is_frame_folder
from temporal_interp.io.header_times import Index
from temporal_interp.io.nifti_header import header_file
from temporal_interp.io.phase_names import index_of_names, natural, pattern

DERIVED = {"avg", "average", "ave", "mean", "mip", "minip", "mask", "masks", "label", "labels", "seg", "gt"}
"""Words in names of files that are made from phases but are none."""

MOST_LISTED = 5
"""Files that a message names; of more it gives the number."""


def is_volume_folder(path: Path) -> bool:
    """Tell whether a folder has files of volumes, and no index and no DICOM file, also not in its subfolders."""
    if not path.is_dir() or is_frame_folder(path):
        return False
    has_volumes = False
    for file in _files(path):
        if DICOM.sniff(file):  # the first of many tells
            return False
        has_volumes = has_volumes or _is_volume(file)
    return has_volumes and not any(DICOM.sniff(file) for file in path.rglob("*") if file.is_file())


def read_volume_folder(path: Path) -> Sequence:
    """Return the volumes in a folder as a sequence, in the natural order of their names; of one file, what it holds.

    Subfolders, hidden files and files of other kinds are passed over. Files that are no phases, by their names or since
    they hold several frames, are left out and named in a note.

    Raises:
        UnreadableFileError: a file is damaged.
        InvalidInputError: there are several sets of files, or grids differ.
    """
    chosen, notes = _phases([file for file in _files(path) if _is_volume(file) and not _is_half(file)])
    sequences = {file.name: _read(file) for file in chosen}
    if len(sequences) == 1:
        (name, only), *_ = sequences.items()
        return replace(only, notes=[*notes, f"The folder has one file of images, {name}.", *only.notes])
    several = [name for name, sequence in sequences.items() if len(sequence) > 1]
    if len(several) > len(sequences) - 2:
        raise InvalidInputError(
            f"the files {', '.join(several[:MOST_LISTED])} hold several frames each; give one of them, or a folder "
            "with one volume for every phase."
        )
    if several:
        notes.append(f"{_listed(several)} left out, with several frames each.")
    return _sequence({name: one for name, one in sequences.items() if len(one) == 1}, notes)


def _sequence(phases: dict[str, Sequence], notes: list[str]) -> Sequence:
    """Return the sequence of phases, each a sequence of one frame, by the names of their files."""
    names = list(phases)
    volumes = [sequence.volumes[0] for sequence in phases.values()]
    for name, volume in zip(names, volumes, strict=True):
        if not volume.geometry.is_close(volumes[0].geometry):
            raise InvalidInputError(
                f"{name} lies on another voxel grid than {names[0]}: {volume.geometry} against {volumes[0].geometry}. "
                "Phases share one grid; move what is no phase out of the folder, or resample it."
            )
    index = index_of_names(names)
    notes = [
        *notes,
        f"{len(names)} files were taken as phases in the order of their names, {names[0]} to {names[-1]}.",
        *index.notes,
        *dict.fromkeys(note for sequence in phases.values() for note in sequence.notes),
    ]
    types = sorted({str(volume.array.dtype) for volume in volumes})
    common = np.result_type(*(volume.array.dtype for volume in volumes))
    if len(types) > 1:
        notes.append(
            f"The files have voxels of the types {', '.join(types)}; {common} was taken, which holds them all."
        )
    return Sequence(
        [volume.with_array(volume.array.astype(common, copy=False)) for volume in volumes],
        index.values,
        index.name,
        index.unit,
        [sequence.item_attributes[0] for sequence in phases.values()],
        notes,
        period=_period(index),
    )


def _period(index: Index) -> float | None:
    """Return 100 % where the phases are one whole cycle: evenly spaced percentages that make it up."""
    if index.unit != "%" or len(index.values) < 2:
        return None
    whole = np.allclose(np.diff(index.values), 100 / len(index.values), rtol=0, atol=1e-6)
    return 100.0 if whole else None


def _phases(files: list[Path]) -> tuple[list[Path], list[str]]:
    """Return the files that are phases, and a note on the others.

    Raises:
        InvalidInputError: there are several sets of files of like names.
    """
    named = [file for file in files if not set(re.split(r"[^a-z]+", file.name.lower())) & DERIVED] or files
    groups: dict[str, list[Path]] = {}
    for file in named:
        groups.setdefault(pattern(file.name), []).append(file)
    largest, *others = sorted(groups.values(), key=len, reverse=True)
    if len(largest) > 1 and others and not index_of_names([file.name for file in named]).has_times:
        if len(others[0]) > 1:
            raise InvalidInputError(
                f"there are several sets of files here, such as {largest[0].name} and {others[0][0].name}; move one of "
                "them into a folder of its own."
            )
        named = largest
    left_out = [file.name for file in files if file not in named]
    return named, [f"{_listed(left_out)} left out: no phases, by their names."] if left_out else []


def _listed(names: list[str]) -> str:
    """Return names for a sentence, with the verb."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"{', '.join(names[:MOST_LISTED])}{more} {'was' if len(names) == 1 else 'were'}"


def _files(folder: Path) -> list[Path]:
    """Return the files in a folder that are not hidden, in natural order."""
    found = [file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file()]
    return sorted(found, key=lambda file: natural(file.name))


def _is_volume(file: Path) -> bool:
    return volume_format(file) is not None


def _is_half(file: Path) -> bool:
    """Tell whether a file holds the voxels of a header beside it, which is listed, too."""
    return header_file(file) not in (None, file)


def _read(file: Path) -> Sequence:
    known = volume_format(file)
    assert known is not None  # only such files are chosen
    with errors_naming(file.name):
        return known.read(file)


FORMAT = Format(
    name="volume_folder",
    label="a folder with one volume for every phase",
    extensions=(),
    sniff=is_volume_folder,
    read=read_volume_folder,
)
