"""Loads a sequence into the scene by the readers of the core, which assemble what Slicer loads series by series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress
from TemporalInterpLib.add_sequence import AddedSequence, add_sequence_steps
from TemporalInterpLib.background import Steps, in_background, share_of
from TemporalInterpLib.dicom_export import remember_source
from TemporalInterpLib.frames_alike import kind_of_numbers
from TemporalInterpLib.volume_conversion import SCALAR_TYPES

if TYPE_CHECKING:  # the core's readers need packages that a bare Slicer lacks
    from temporal_interp.io import Candidate, Survey


@dataclass(frozen=True)
class LoadedSequence:
    """A sequence that was read and added to the scene.

    Attributes:
        added: its nodes.
        notes: what its reader assumed.
    """

    added: AddedSequence
    notes: tuple[str, ...]


def survey_steps(path: Path) -> Steps[Survey]:
    """Return the steps that look for the sequences in a file or a folder, see `temporal_interp.io.survey`.

    Raises:
        InvalidInputError: nothing there is of a known format.
    """

    def look(progress: Progress) -> Survey:
        from temporal_interp.io import survey

        return survey(path, progress=progress)

    return in_background(look)


def load_candidate_steps(candidate: Candidate) -> Steps[LoadedSequence]:
    """Return the steps that read a sequence that was found, and add it to the scene in its own window and level.

    Raises:
        InvalidInputError: it cannot be read.
    """
    sequence = yield from share_of(
        in_background(lambda progress: as_slicer_holds_it(candidate.read(progress))), 0.0, 0.9
    )
    added = yield from share_of(add_sequence_steps(sequence, candidate.description or candidate.place), 0.9, 1.0)
    remember_source(added.sequence, candidate)
    if candidate.window is not None:
        level, width = candidate.window
        display = added.proxy.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(width, level)
    return LoadedSequence(added, tuple(sequence.notes))


def as_slicer_holds_it(sequence: Sequence) -> Sequence:
    """Return a sequence in a scalar type that Slicer shows, with a note where it is another; no voxel changes.

    Raises:
        InvalidInputError: no such type holds all of its voxels.
    """
    dtype = sequence.volumes[0].array.dtype
    if dtype.name in SCALAR_TYPES:
        return sequence
    lowest = min(volume.array.min() for volume in sequence.volumes)
    highest = max(volume.array.max() for volume in sequence.volumes)
    for other in map(np.dtype, ("int32", "uint32", "float32") if dtype.kind in "iu" else ("float32",)):
        fits = other.kind == "f" or np.iinfo(other).min <= lowest <= highest <= np.iinfo(other).max
        converted = [volume.array.astype(other) for volume in sequence.volumes] if fits else []
        if converted and all(
            np.array_equal(new.astype(dtype), volume.array, equal_nan=dtype.kind == "f")
            for new, volume in zip(converted, sequence.volumes, strict=True)
        ):
            note = f"Slicer does not show {kind_of_numbers(dtype)}; the voxels, which stay the same, are kept as "
            volumes = [volume.with_array(new) for new, volume in zip(converted, sequence.volumes, strict=True)]
            return replace(sequence, volumes=volumes, notes=[*sequence.notes, f"{note}{kind_of_numbers(other)}."])
    raise InvalidInputError(
        f"The voxels are {kind_of_numbers(dtype)}, and some are too great for what Slicer shows; scale them down first."
    )


def load_sequence_steps(path: Path, series: str | None, component: str | None, name: str) -> Steps[AddedSequence]:
    """Return the steps that read a file or folder and add its sequence to the scene.

    Args:
        path: as in `temporal_interp.read`.
        series: which series of a folder of DICOM files, as in `temporal_interp.read`.
        component: which component of a complex image, likewise.
        name: of the sequence; that of the file or folder if empty.

    Raises:
        InvalidInputError: it cannot be read, or holds several sequences of which none was chosen.
    """

    def read(progress: Progress) -> Sequence:
        from temporal_interp.io import read_sequence

        return as_slicer_holds_it(read_sequence(path, series=series, component=component, progress=progress))

    sequence = yield from share_of(in_background(read), 0.0, 0.9)
    return (yield from share_of(add_sequence_steps(sequence, name or path.name), 0.9, 1.0))
