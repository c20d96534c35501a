"""A folder of sequences: every 4D file in it, and every subfolder with a DICOM cine, is a subject."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import MissingFileError, UnreadableFileError, errors_naming
from temporal_interp.io import read_sequence
from temporal_interp.io.dicom.sniff import is_dicom
from temporal_interp.io.files import itk_name
from temporal_interp.io.format_registry import readable
from temporal_interp.io.frame_folder import INDEX_FILE
from temporal_interp.training.datasets.subject import Case, Split, errors_of, require_learnable, split_at_random

NIFTI_ENDINGS = (".nii.gz", ".nii")
SLICER_ENDING = ".seq.nrrd"


@dataclass(frozen=True)
class SequenceSubject:
    """One sequence.

    Attributes:
        name: path of the sequence inside the folder, with slashes.
        path: a file or a folder that `io.read_sequence` reads.
    """

    name: str
    path: Path

    def files(self) -> list[Path]:
        """Return the files that the case may depend on: its own, those beside it that begin with its name, and the
        sidecars (.json) of its folder and of those above it, up to the folder of the data set."""
        if self.path.is_dir():
            return sorted(file for file in self.path.rglob("*") if file.is_file())
        stem = self.path.name.partition(".")[0]
        depth = len(PurePosixPath(self.name).parts)
        above = [file for folder in list(self.path.parents)[:depth] for file in folder.glob("*.json")]
        beside = [file for file in self.path.parent.iterdir() if file.name.startswith(stem) and file.is_file()]
        return sorted({*above, *beside})

    def load(self) -> Case:
        """Read the sequence; its endpoints are the first frame and the frame least like it (`least_like_first`).

        Raises:
            InvalidInputError: the sequence cannot be read, or is not suitable for learning.
        """
        with errors_of(self.name):
            sequence = read_sequence(self.path)
            require_learnable(sequence)
            return Case(self.name, sequence, 0, least_like_first(sequence))


def least_like_first(sequence: Sequence) -> int:
    """Return the number of the frame, from 2 on, with the largest mean absolute difference from frame 0.

    Differences are taken on the robust intensity range of the sequence (our choice). In a heart beat that starts at end
    diastole, that frame is close to end systole. Frame 1 is skipped, since a frame must lie between the two.

    Raises:
        InvalidInputError: the sequence has fewer than three frames, or all its voxels are equal.
    """
    require_learnable(sequence)
    intensity_range = IntensityRange.of(sequence.volumes)
    first = intensity_range.normalise(sequence.volumes[0].array)
    unlike = [float(np.abs(intensity_range.normalise(v.array) - first).mean()) for v in sequence.volumes[2:]]
    return 2 + int(np.argmax(unlike))


def find(folder: Path) -> list[SequenceSubject]:
    """Return the sequences in a folder, in the order of their names.

    Sequences are .seq.nrrd files and 4D .nii.gz and .nii files (3D files are skipped), also in subfolders. A
    subfolder with an index.csv is a folder of frames. A subfolder with DICOM files anywhere below it is one DICOM cine,
    whatever else it holds. Hidden files and all other files are skipped.

    Raises:
        InvalidInputError: there is no sequence, or a NIfTI file is damaged.
    """
    folder = Path(folder)
    with errors_naming(folder):
        if not folder.is_dir():
            raise MissingFileError("there is no such folder.")
        paths = list(_sequences(folder))
        if not paths:
            raise UnreadableFileError(
                f"there is no sequence in this folder; every DICOM cine needs a subfolder of its own. What can be "
                f"read: {readable()}."
            )
    return [SequenceSubject(path.relative_to(folder).as_posix(), path) for path in paths]


def _sequences(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if (path / INDEX_FILE).is_file() or _holds_dicom(path):
                yield path
            else:
                yield from _sequences(path)
        elif path.name.lower().endswith(SLICER_ENDING) or _is_4d_nifti(path):
            yield path


def _is_4d_nifti(path: Path) -> bool:
    """Tell from its header alone whether a file is 4D NIfTI."""
    if not path.name.lower().endswith(NIFTI_ENDINGS):
        return False
    reader = sitk.ImageFileReader()
    reader.SetFileName(itk_name(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise UnreadableFileError(f"{path.name} is not a NIfTI image, or it is damaged; remove it.") from error
    return reader.GetDimension() == 4


def _holds_dicom(folder: Path) -> bool:
    return any(_is_dicom(file) for file in sorted(folder.rglob("*")) if file.is_file())


def _is_dicom(path: Path) -> bool:
    """Tell whether a file is DICOM by its first bytes, or by its name."""
    return not path.name.startswith(".") and (is_dicom(path) or path.suffix.lower() == ".dcm")


def split(
    subjects: abc.Sequence[SequenceSubject], *, validation: float = 0.15, test: float = 0.15, seed: int = 0
) -> Split:
    """Return a random split by subject (see `split_at_random`)."""
    return split_at_random(subjects, validation=validation, test=test, seed=seed)
