"""Reading and writing of sequences, volumes and displacement fields; reading of masks and points."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.field_sequence import read_field_sequence, write_field_sequence
from temporal_interp.io.frame_folder import read_frame_folder, write_frame_folder
from temporal_interp.io.markups import read_points
from temporal_interp.io.masks import read_mask
from temporal_interp.io.nifti import read_nifti, write_nifti
from temporal_interp.io.paths import INDEX_FILE, READABLE, errors_naming, require_there
from temporal_interp.io.seq_nrrd import read_seq_nrrd, write_seq_nrrd
from temporal_interp.io.video import is_video, read_video
from temporal_interp.io.volume_files import read_displacement, read_volume, write_displacement, write_volume

__all__ = [
    "read_displacement",
    "read_field_sequence",
    "read_mask",
    "read_points",
    "read_sequence",
    "read_volume",
    "write_displacement",
    "write_field_sequence",
    "write_sequence",
    "write_volume",
]


def read_sequence(path: Path) -> Sequence:
    """Return the sequence at a path, whatever its format.

    Args:
        path: a .nii, .nii.gz, .seq.nrrd or .nrrd file, a multi-frame DICOM file, a folder of DICOM files (searched
            with all its subfolders), a video, or a folder that `write_sequence` wrote.

    Raises:
        InvalidInputError: nothing is there, or nothing that can be read, or it is damaged or ambiguous.
    """
    path = Path(path)
    with errors_naming(path):
        require_there(path)
        if (path / INDEX_FILE).is_file():
            return read_frame_folder(path)
        name = path.name.lower()
        if path.is_file() and name.endswith((".nii", ".nii.gz")):
            return read_nifti(path)
        if path.is_file() and name.endswith(".nrrd"):
            return read_seq_nrrd(path)
        if path.is_file() and is_video(path):
            return read_video(path)
        if path.is_dir() or name.endswith(".dcm") or _is_dicom(path):
            from temporal_interp.io.dicom.cine import read_dicom  # pydicom takes a while to import

            return read_dicom(path)
        raise InvalidInputError(f"this cannot be read as a sequence. What can be: {READABLE}.")


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError as error:
        raise InvalidInputError(f"this file cannot be opened ({error.strerror}).") from error


def write_sequence(sequence: Sequence, path: Path, *, overwrite: bool = False) -> None:
    """Write a sequence; the ending of the path chooses the format. If it fails, nothing is left.

    Args:
        sequence: what to write.
        path: .seq.nrrd for 3D Slicer, .nii.gz or .nii (a .json with exact times and attributes goes beside it), or a
            name without an ending for a new folder with one .nrrd file per frame and an index.csv.
        overwrite: replace a file that is there. A folder that is not empty is never replaced.

    Raises:
        InvalidInputError: the ending is another one, or the file exists, or the folder cannot be written to.
    """
    path = Path(path)
    with errors_naming(path):
        name = path.name.lower()
        if name.endswith(".seq.nrrd"):
            write_seq_nrrd(sequence, path, overwrite=overwrite)
        elif name.endswith((".nii", ".nii.gz")):
            write_nifti(sequence, path, overwrite=overwrite)
        elif not path.suffix:
            write_frame_folder(sequence, path)
        else:
            raise InvalidInputError(
                "the name must end in .seq.nrrd, .nii.gz or .nii, or have no ending for a folder with a file per frame."
            )
