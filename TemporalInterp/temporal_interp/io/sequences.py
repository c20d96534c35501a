"""Reading and writing of sequences in any format, and `write` for any kind of data."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.io.atomic import write_errors_naming
from temporal_interp.io.candidates import Candidate, SeriesChoice, series_text
from temporal_interp.io.displacement_file import write_displacement
from temporal_interp.io.files import require_exists
from temporal_interp.io.format_registry import format_of, writer_format
from temporal_interp.io.guard import reading
from temporal_interp.io.volume_files import write_volume


def read_sequence(
    path: Path | str,
    *,
    series: SeriesChoice | None = None,
    component: str | None = None,
    progress: Progress = no_progress,
) -> Sequence:
    """Return the sequence at a path, of any format, recognised by its content, else by its name.

    Args:
        path: a file or folder of one of the `formats()`: a NIfTI, Analyze, NRRD or MetaImage file, a multi-frame DICOM
            file, a folder of DICOM files (searched with all its subfolders) or of volumes, one for every phase, a
            video, or a folder that `write_sequence` wrote.
        series: which one, where a folder of DICOM files holds several: the number, the UID or a part of the description
            of its series, or several numbers, as a list or separated by commas. `candidates` lists them.
        component: which component of a complex image (magnitude, phase, real, imaginary), or another word of its image
            type, such as P_RL; magnitude, if there is a choice.
        progress: receives the progress where there are many files.

    Raises:
        MissingFileError: nothing is there.
        UnreadableFileError: it is damaged, or of no known format.
        MissingPackageError: the format needs a package that is not installed.
        AmbiguousInputError: there are several sequences; its `candidates` are these.
        InvalidInputError: the content is not a sequence, or does not have what was chosen.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from temporal_interp.data.geometry import Geometry
        >>> grid = Geometry((1, 4, 5), spacing=(1.5, 1.5, 8))
        >>> frames = [Volume(np.full(grid.shape, value, np.int16), grid) for value in (0, 7, 9)]
        >>> path = Path(tempfile.mkdtemp()) / "cine.nii.gz"
        >>> write_sequence(Sequence(frames, times=[0, 33.3, 80]), path)
        >>> cine = read_sequence(path)
        >>> len(cine), cine.times, cine.unit
        (3, (0.0, 33.3, 80.0), 'ms')
    """
    path = Path(path)
    with reading(path):
        require_exists(path)
        one = format_of(path)
        if one.candidates is not None:
            chosen = None if series is None else series_text(series)
            return one.read(path, series=chosen, component=component, progress=progress)
        if series is not None or component is not None:
            raise InvalidInputError(
                f"this is {one.label}, which holds one sequence; a series is chosen among those of DICOM files."
            )
        return one.read(path)


def candidates(path: Path | str, *, progress: Progress = no_progress) -> list[Candidate]:
    """Return the sequences and single volumes among which `read_sequence` chooses; none of a format with only one.

    Raises:
        MissingFileError: nothing is there.
        UnreadableFileError: it is damaged, or of no known format.

    Example:
        >>> for one in candidates("study"):  # doctest: +SKIP
        ...     print(one.number, one.description, one.frames, one.times)
    """
    path = Path(path)
    with reading(path):
        require_exists(path)
        listed = format_of(path).candidates
        return [] if listed is None else listed(path, progress=progress)


def write_sequence(sequence: Sequence, path: Path | str, *, overwrite: bool = False) -> None:
    """Write a sequence; the ending of the path chooses the format. On failure nothing is left behind.

    Args:
        sequence: what to write.
        path: .seq.nrrd for 3D Slicer, .nii.gz or .nii (a .json with exact times and attributes goes beside it), or a
            name without an ending for a new folder with one .nrrd file per frame and an index.csv.
        overwrite: replace a file that is there. A folder that is not empty is never replaced.

    Raises:
        InvalidInputError: the ending is none of these, or the sequence cannot be kept in that format.
        UnwritableFileError: the file exists, or the folder cannot be written to.

    Example:
        See `read_sequence`.
    """
    path = Path(path)
    with write_errors_naming(path):
        write = writer_format(path).write
        assert write is not None  # a format with endings to write has a writer
        write(sequence, path, overwrite=overwrite)


def notes_on_writing(sequence: Sequence, path: Path | str) -> list[str]:
    """Return what a file in the format that the path chooses cannot hold itself, for the user, and where it is kept.

    Raises:
        InvalidInputError: no format has that ending.

    Example:
        >>> import numpy as np
        >>> uneven = Sequence.from_numpy(np.zeros((3, 4, 5)), times=[0, 10, 80])
        >>> notes_on_writing(uneven, "pet.nii.gz")[0].partition(";")[0]
        'The header of NIfTI holds regular times only'
        >>> notes_on_writing(uneven, "pet.seq.nrrd")
        []
    """
    return writer_format(Path(path)).losses(sequence, Path(path))


def write(thing: Sequence | Frame | Volume | DisplacementField, path: Path | str, *, overwrite: bool = False) -> None:
    """Write a sequence, a frame, a volume or a displacement field; the ending of the path chooses the format.

    On failure nothing is left behind.

    Raises:
        InvalidInputError: as `write_sequence`, `write_volume` and `write_displacement`; or `thing` is none of these.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from temporal_interp.data.geometry import Geometry
        >>> grid = Geometry((1, 4, 5))
        >>> write(Volume(np.zeros(grid.shape), grid), Path(tempfile.mkdtemp()) / "frame.nrrd")
    """
    if isinstance(thing, Sequence):
        write_sequence(thing, path, overwrite=overwrite)
    elif isinstance(thing, Frame):
        write_volume(thing.volume, path, thing.attributes, overwrite=overwrite)
    elif isinstance(thing, Volume):
        write_volume(thing, path, overwrite=overwrite)
    elif isinstance(thing, DisplacementField):
        write_displacement(thing.array, thing.geometry, path, overwrite=overwrite)
    else:
        raise InvalidInputError(
            "write() 'thing' must be a Sequence, a Frame, a Volume or a DisplacementField, got a "
            f"{type(thing).__name__}."
        )
