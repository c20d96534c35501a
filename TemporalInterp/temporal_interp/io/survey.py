"""What a file or a folder holds that could be read as a sequence, for a user to choose from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress, TemporalInterpError, UnreadableFileError, errors_naming, no_progress
from temporal_interp.io.candidates import Candidate, LeftOut, Survey
from temporal_interp.io.dicom import FORMAT as DICOM
from temporal_interp.io.files import require_exists
from temporal_interp.io.format_registry import Format, format_of, formats, readable
from temporal_interp.io.phase_names import natural


def survey(path: Path | str, *, progress: Progress = no_progress) -> Survey:
    """Return the sequences in a file or a folder of any kind, and what cannot be read as one.

    Of DICOM files only the headers are read; other files are read whole, since few kinds tell all in their header. The
    files in a folder that is no sequence as a whole are looked at one by one. A DICOM file with a single image stands
    for its folder.

    Args:
        path: the file or the folder.
        progress: receives the progress; may raise to cancel.

    Raises:
        MissingFileError: nothing is there.
        UnreadableFileError: nothing there is of a known format.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from temporal_interp.io.sequences import write_sequence
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("rest", "stress"):
        ...     write_sequence(Sequence.from_numpy(np.zeros((5, 1, 8, 8), np.int16)), folder / f"{name}.nii.gz")
        >>> [(one.description, one.frames, one.size) for one in survey(folder).readable]
        [('rest.nii.gz', 5, (8, 8)), ('stress.nii.gz', 5, (8, 8))]
    """
    path = Path(path)
    with errors_naming(path):
        require_exists(path)
        known = format_of(path)
        if known.name == DICOM.name:
            return _dicom(path, progress)
        if not path.is_dir():
            return Survey((_held(path, known.read(path)),))
    try:
        return Survey((_held(path, known.read(path)),))
    except TemporalInterpError:
        return _files_of(path, progress)


def survey_of_dicom_files(paths: list[str] | list[Path], *, progress: Progress = no_progress) -> Survey:
    """Return the sequences in some DICOM files, whatever series they belong to; only headers are read."""
    from temporal_interp.io.dicom.cine import dicom_survey

    return dicom_survey([Path(path) for path in paths], progress)


def _dicom(path: Path, progress: Progress) -> Survey:
    from temporal_interp.io.dicom.cine import dicom_survey
    from temporal_interp.io.dicom.scan import files_below

    if not path.is_dir():
        of_file = dicom_survey([path], progress)
        if not of_file.candidates or any(one.moves for one in of_file.candidates):
            return of_file
        path = path.parent
    found = dicom_survey(files_below(path), progress)
    if found.candidates:
        beside = [one for one in _survey_of(_named_like_others(path), progress).candidates if one.moves]
        return Survey((*found.candidates, *beside), found.left_out)
    of_files = _files_of(path, progress)
    both = Survey(of_files.candidates, (*found.left_out, *of_files.left_out))
    if not both.candidates and not both.left_out:
        raise UnreadableFileError(f"there is nothing here that can be read. What can be: {readable()}.")
    return both


def _files_of(folder: Path, progress: Progress) -> Survey:
    """Return the sequences in the files of a folder, without its subfolders and without DICOM files."""
    return _survey_of(list(folder.iterdir()), progress)


def _named_like_others(folder: Path) -> list[Path]:
    """Return the files in a folder of DICOM files whose names are those of other formats."""
    endings = tuple(ending for one in formats() if one.name != DICOM.name for ending in one.extensions)
    return [file for file in folder.iterdir() if file.name.lower().endswith(endings)]


def _survey_of(files: list[Path], progress: Progress) -> Survey:
    """Return the sequences in some files, those that are DICOM left out."""
    ordered = sorted(files, key=lambda file: natural(file.name))
    known = [(file, one) for file in ordered if (one := _kind(file)) is not None]
    candidates, left_out = list[Candidate](), list[LeftOut]()
    for number, (file, one) in enumerate(known):
        progress(number / len(known), file.name)
        try:
            candidates.append(_described(file, one.read(file), _rereader(one, file)))
        except TemporalInterpError as error:
            left_out.append(LeftOut(file.name, str(error)))
    return Survey(tuple(candidates), tuple(left_out))


def _kind(file: Path) -> Format | None:
    """Return the format of a file that is not hidden; None of a folder, of DICOM, and of what no format knows."""
    if file.name.startswith(".") or not file.is_file():
        return None
    try:
        one = format_of(file)
    except TemporalInterpError:
        return None
    return None if one.name == DICOM.name else one


def _rereader(one: Format, file: Path) -> Callable[[Progress], Sequence]:
    """Return what reads a file again: to hold all files of a folder might take more memory than there is."""

    def read(progress: Progress) -> Sequence:
        with errors_naming(file):
            return one.read(file)

    return read


def _held(path: Path, sequence: Sequence) -> Candidate:
    """Return what was read as a candidate that is not read again."""
    return _described(path, sequence, lambda progress: sequence)


def _described(path: Path, sequence: Sequence, read: Callable[[Progress], Sequence]) -> Candidate:
    volume = sequence.volumes[0]
    slices, rows, columns = volume.array.shape
    middle = volume.array[slices // 2].copy()  # not a view, which would hold the whole file
    return Candidate(
        number="",
        description=path.name,
        uids=(),
        series=(),
        place=path.name,
        frames=len(sequence),
        slices=slices,
        size=(columns, rows),
        times=tuple(sequence.times),
        unit=sequence.unit,
        component="magnitude",
        image_type=(),
        auxiliary="",
        read=read,
        name=path.name,
        spacing=volume.geometry.spacing,
        period=sequence.period,
        notes=tuple(sequence.notes),
        files_of_series=((path,),),
        picture=lambda: middle,
    )
