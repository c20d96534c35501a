"""Files and folders that appear whole or not at all."""

import os
from pathlib import Path

import pytest

from temporal_interp.errors import UnwritableFileError
from temporal_interp.io.atomic import atomic_file, atomic_folder


def test_a_file_is_at_its_place_only_at_the_end(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with atomic_file(tmp_path / "a.txt", overwrite=True) as unfinished:
        unfinished.write_text("new")
        assert unfinished.name == "a.txt"
        assert (tmp_path / "a.txt").read_text() == "old"
    assert (tmp_path / "a.txt").read_text() == "new"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_what_is_written_beside_a_file_moves_along(tmp_path):
    with atomic_file(tmp_path / "a.nii", overwrite=False) as unfinished:
        unfinished.touch()
        unfinished.with_name("a.json").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.nii"]


def stopped(writing, error):
    with writing as unfinished:
        (unfinished / "half" if unfinished.is_dir() else unfinished).write_text("half")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("was_there", [True, False])
def test_nothing_changes_where_the_writing_stops(error, was_there, tmp_path):
    if was_there:
        (tmp_path / "a.txt").write_text("old")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "half").write_text("old")
    before = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}
    with pytest.raises(type(error)):
        stopped(atomic_file(tmp_path / "a.txt", overwrite=True), error)
    with pytest.raises(type(error)):
        stopped(atomic_folder(tmp_path / "folder", overwrite=True), error)
    with pytest.raises(type(error)):
        stopped(atomic_folder(tmp_path / "new" / "folder", overwrite=True), error)
    assert {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")} == before


def test_what_is_there_is_kept_unless_requested(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    for writing in (
        atomic_file(tmp_path / "a.txt", overwrite=False),
        atomic_folder(tmp_path / "a.txt", overwrite=True),
    ):
        with pytest.raises(UnwritableFileError, match="this file exists"), writing:
            pytest.fail("the work has begun")
    for writing in (atomic_file(tmp_path, overwrite=True), atomic_folder(tmp_path, overwrite=False)):
        with pytest.raises(UnwritableFileError, match="not empty"), writing:
            pytest.fail("the work has begun")
    assert (tmp_path / "a.txt").read_text() == "old"


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    with atomic_file(tmp_path / "a", overwrite=True) as one, atomic_file(tmp_path / "a", overwrite=True) as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a").read_text() == "one"


def test_a_folder_with_the_folders_above_it_is_made_at_the_end(tmp_path):
    with atomic_folder(tmp_path / "new" / "out", overwrite=False) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
        assert not (tmp_path / "new").exists()
    assert (tmp_path / "new" / "out" / "sub" / "file").read_text() == "x"
    assert (tmp_path / "new" / "out").stat().st_mode == (tmp_path / "new").stat().st_mode


def test_folders_inside_a_folder_are_merged(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "kept").touch()
    with atomic_folder(tmp_path, overwrite=True) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "new").touch()
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["kept", "new"]


def test_the_current_folder_can_be_filled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_folder(Path("."), overwrite=False) as folder:  # noqa: PTH201 - as the command line gives it
        (folder / "a").touch()
    assert os.listdir() == ["a"]  # noqa: PTH208


def test_a_filled_folder_takes_the_place_of_files_of_the_same_name_only(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("old")
    (target / "kept").write_text("kept")
    with atomic_folder(target, overwrite=True) as folder:
        (folder / "old").write_text("new")
        assert (target / "old").read_text() == "old"
    assert (target / "old").read_text() == "new"
    assert (target / "kept").read_text() == "kept"
    assert list(tmp_path.iterdir()) == [target]


def test_a_filled_folder_does_not_appear_when_the_work_stops(tmp_path):
    def stop_half_way():
        with atomic_folder(tmp_path / "out", overwrite=True) as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert list(tmp_path.iterdir()) == []
