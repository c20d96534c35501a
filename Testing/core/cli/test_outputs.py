"""Checks of output paths before the work, and folders that appear whole or not at all."""

import pytest

from temporal_interp.cli.outputs import (
    filled_folder,
    require_file_output,
    require_folder_output,
    require_sequence_output,
)
from temporal_interp.errors import InvalidInputError


def test_a_new_file_in_a_new_folder_is_fine(tmp_path):
    require_file_output(tmp_path / "new" / "a.NRRD", (".nrrd",), force=False)


@pytest.mark.parametrize("name", ["a.png", "a", "nrrd"])
def test_an_unknown_ending_is_refused(tmp_path, name):
    with pytest.raises(InvalidInputError, match=r"must end in \.nrrd or \.nii\.gz"):
        require_file_output(tmp_path / name, (".nrrd", ".nii.gz"), force=True)


def test_an_existing_file_needs_force(tmp_path):
    path = tmp_path / "a.nrrd"
    path.touch()
    with pytest.raises(InvalidInputError, match="--force"):
        require_file_output(path, (".nrrd",), force=False)
    require_file_output(path, (".nrrd",), force=True)


def test_a_foreign_file_where_the_times_of_a_nifti_go_is_refused_even_with_force(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(InvalidInputError, match=r"a\.json"):
        require_sequence_output(tmp_path / "a.nii.gz", force=True)


def test_a_folder_is_not_taken_for_a_file_even_with_force(tmp_path):
    (tmp_path / "a.nrrd").mkdir()
    with pytest.raises(InvalidInputError, match="is a folder"):
        require_file_output(tmp_path / "a.nrrd", (".nrrd",), force=True)


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="is a file"):
        require_file_output(tmp_path / "file" / "sub" / "a.nrrd", (".nrrd",), force=True)


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(InvalidInputError, match="cannot be written to"):
        require_folder_output(tmp_path / "new", force=True)


def test_a_folder_with_files_needs_force_and_an_empty_one_does_not(tmp_path):
    require_folder_output(tmp_path, force=False)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="--force"):
        require_folder_output(tmp_path, force=False)
    require_folder_output(tmp_path, force=True)
    with pytest.raises(InvalidInputError, match="is a file"):
        require_folder_output(tmp_path / "file", force=True)


def test_a_filled_folder_takes_the_place_of_files_of_the_same_name_only(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("old")
    (target / "kept").write_text("kept")
    with filled_folder(target) as folder:
        (folder / "old").write_text("new")
        assert (target / "old").read_text() == "old"
    assert (target / "old").read_text() == "new"
    assert (target / "kept").read_text() == "kept"
    assert list(tmp_path.iterdir()) == [target]


def test_a_filled_folder_does_not_appear_when_the_work_stops(tmp_path):
    def stop_half_way():
        with filled_folder(tmp_path / "out") as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert list(tmp_path.iterdir()) == []
