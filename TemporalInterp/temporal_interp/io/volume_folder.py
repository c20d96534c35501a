"""A sequence as a folder with one volume for every phase, as 4D CT is often kept: T00.nii.gz, T10.nii.gz, ..."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, UnreadableFileError, errors_naming
from temporal_interp.io.dicom import FORMAT as DICOM
from temporal_interp.io.format_registry import Format, volume_format
from temporal_interp.io.frame_folder import is_frame_folder
from temporal_interp.io.header_times import Index
from temporal_interp.io.nifti_header import header_file
from temporal_interp.io.phase_names import are_phase_folders, index_of_names, natural, pattern, sets_of

DERIVED = {"avg", "average", "ave", "mean", "mip", "minip", "mask", "masks", "label", "labels", "seg", "gt"}
"""Words in names of files that are made from phases but are none."""

MOST_LISTED = 5
"""Files that a message names; of more it gives the number."""


def is_volume_folder(path: Path) -> bool:
    """Tell whether a folder or its subfolders have files of volumes, and no index and no DICOM file."""
    if not path.is_dir() or is_frame_folder(path) or any(map(DICOM.sniff, _files(path))):
        return False
    return bool(_volumes(path)) and not any(DICOM.sniff(file) for file in path.rglob("*") if file.is_file())


def read_volume_folder(path: Path) -> Sequence:
    """Return the volumes in a folder as a sequence, in the natural order of their names; of one file, what it holds.

    Hidden files, files of other kinds and, where the folder itself has volumes, subfolders are passed over. Files that
    are no phases, by their names or since they hold several frames, are left out and named in a note.

    Raises:
        UnreadableFileError: a file is damaged, or only subfolders have volumes and are no phases by their names.
        InvalidInputError: there are several sets of files, or grids differ.
    """
    files = _volumes(path)
    _require_phases(files)
    chosen, notes = _phases(files)
    sequences = {name: _read(file, name) for name, file in chosen.items()}
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
                f"{name} lies on another voxel grid than {names[0]}: {_in_words(volume.geometry)} against "
                f"{_in_words(volumes[0].geometry)}. Phases share one grid; move what is no phase out of the folder, or "
                "resample it."
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


def _in_words(geometry: Geometry) -> str:
    """Return the size and place of a grid for a message."""
    size = " x ".join(map(str, geometry.shape[::-1]))
    spacing = " x ".join(f"{step:.6g}" for step in geometry.spacing)
    return f"{size} voxels of {spacing} mm from {', '.join(f'{x:.6g}' for x in geometry.origin)}"


def _is_derived(name: str) -> bool:
    return bool(set(re.split(r"[^a-z]+", name.lower())) & DERIVED)


def _require_phases(files: dict[str, Path]) -> None:
    """Raise UnreadableFileError if the files lie in subfolders, and not one subfolder for every phase."""
    subfolders = list(dict.fromkeys(name.split("/")[0] for name in files if "/" in name))
    named = [name for name in subfolders if not _is_derived(name)]
    if subfolders and not are_phase_folders(named):
        raise UnreadableFileError(
            "the folder itself has neither DICOM files nor volumes. Its subfolders have volumes, "
            f"{', '.join(subfolders[:MOST_LISTED])}, but their names are not those of phases, such as T00 or phase_1; "
            "give one of them."
        )


def _phases(files: dict[str, Path]) -> tuple[dict[str, Path], list[str]]:
    """Return the files that are phases, by their names, and a note on the others.

    Raises:
        InvalidInputError: there are several sets of files of like names.
    """
    named = [name for name in files if not _is_derived(name)] or list(files)
    groups: dict[str, list[str]] = {}
    for name in named:
        groups.setdefault(pattern(name), []).append(name)
    largest, *others = sorted(groups.values(), key=len, reverse=True)
    if len(largest) > 1 and others and not index_of_names(named).has_times:
        if len(others[0]) > 1:
            raise _several_sets(largest, others[0])
        named = largest
    if not index_of_names(named).has_times:
        one, *more = sets_of(largest)
        if more:
            raise _several_sets(one, more[0])
    left_out = [name for name in files if name not in named]
    notes = [f"{_listed(left_out)} left out: no phases, by their names."] if left_out else []
    return {name: files[name] for name in named}, notes


def _several_sets(*sets: list[str]) -> InvalidInputError:
    shown = [f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0] for names in sets]
    return InvalidInputError(
        f"there are several sets of files here, such as {' and '.join(shown)}; move one of them into a "
        "folder of its own."
    )


def _listed(names: list[str]) -> str:
    """Return names for a sentence, with the verb."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"{', '.join(names[:MOST_LISTED])}{more} {'was' if len(names) == 1 else 'were'}"


def _files(folder: Path) -> list[Path]:
    """Return the files in a folder that are not hidden, in natural order."""
    found = [file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file()]
    return sorted(found, key=lambda file: natural(file.name))


def _volumes_here(folder: Path) -> dict[str, Path]:
    return {file.name: file for file in _files(folder) if volume_format(file) is not None and not _is_half(file)}


def _volumes(folder: Path) -> dict[str, Path]:
    """Return the files of volumes in a folder by their names; where it has none, those in its subfolders."""
    if here := _volumes_here(folder):
        return here
    inside = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
    subfolders = sorted(inside, key=lambda one: natural(one.name))
    return {f"{one.name}/{name}": file for one in subfolders for name, file in _volumes_here(one).items()}


def _is_half(file: Path) -> bool:
    """Tell whether a file holds the voxels of a header beside it, which is listed, too."""
    return header_file(file) not in (None, file)


def _read(file: Path, name: str) -> Sequence:
    known = volume_format(file)
    assert known is not None  # only such files are chosen
    with errors_naming(name):
        return known.read(file)


FORMAT = Format(
    name="volume_folder",
    label="a folder with one volume for every phase",
    extensions=(),
    sniff=is_volume_folder,
    read=read_volume_folder,
)
