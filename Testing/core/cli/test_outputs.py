"""Checks of output paths before the work."""

import pytest

from temporal_interp.cli.outputs import (
    require_file_output,
    require_folder_output,
    require_sequence_output,
)
from temporal_interp.errors import InvalidInputError, UnwritableFileError


def test_a_new_file_in_a_new_folder_is_fine(tmp_path):
    require_file_output(tmp_path / "new" / "a.NRRD", (".nrrd",), force=False)


@pytest.mark.parametrize("name", ["a.png", "a", "nrrd"])
def test_an_unknown_ending_is_refused(tmp_path, name):
    with pytest.raises(InvalidInputError, match=r"must end in \.nrrd or \.nii\.gz"):
        require_file_output(tmp_path / name, (".nrrd", ".nii.gz"), force=True)


def test_an_existing_file_needs_force(tmp_path):
    path = tmp_path / "a.nrrd"
    path.touch()
    with pytest.raises((InvalidInputError, UnwritableFileError), match="--force"):
        require_file_output(path, (".nrrd",), force=False)
    require_file_output(path, (".nrrd",), force=True)


def test_a_foreign_file_where_the_times_of_a_nifti_go_is_refused_even_with_force(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(UnwritableFileError, match=r"a\.json"):
        require_sequence_output(tmp_path / "a.nii.gz", force=True)


def test_a_folder_is_not_taken_for_a_file_even_with_force(tmp_path):
    (tmp_path / "a.nrrd").mkdir()
    with pytest.raises(UnwritableFileError, match="is a folder"):
        require_file_output(tmp_path / "a.nrrd", (".nrrd",), force=True)


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFileError, match="is a file"):
        require_file_output(tmp_path / "file" / "sub" / "a.nrrd", (".nrrd",), force=True)


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(UnwritableFileError, match="cannot be written to"):
        require_folder_output(tmp_path / "new", force=True)


def test_a_folder_with_files_needs_force_and_an_empty_one_does_not(tmp_path):
    require_folder_output(tmp_path, force=False)
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFileError, match="--force"):
        require_folder_output(tmp_path, force=False)
    require_folder_output(tmp_path, force=True)
    with pytest.raises((InvalidInputError, UnwritableFileError), match="is a file"):
        require_folder_output(tmp_path / "file", force=True)
