"""Loads a sequence into the scene by the readers of the core, which assemble what Slicer loads series by series."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress
from TemporalInterpLib.add_sequence import AddedSequence, add_sequence_to_scene
from TemporalInterpLib.background import Steps, in_background, share_of


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

        return read_sequence(path, series=series, component=component, progress=progress)

    sequence = yield from share_of(in_background(read), 0.0, 0.9)
    yield 0.9, "adding to the scene"
    return add_sequence_to_scene(sequence, name or path.name)
