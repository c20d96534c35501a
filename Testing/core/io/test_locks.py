"""One process at a time in a folder, and who it is."""

import os
import subprocess
import sys

import pytest
from filelock import FileLock

from temporal_interp.errors import UnwritableFileError
from temporal_interp.io.locks import alone_in
from temporal_interp.io.staging import staging_folder, sweep

TRIES = """
import sys
from pathlib import Path
from temporal_interp.io.locks import alone_in

try:
    with alone_in(Path(sys.argv[1])):
        print("alone")
except OSError as error:
    print(error)
"""


def other_process(folder):
    return subprocess.run([sys.executable, "-c", TRIES, folder], capture_output=True, text=True, check=True).stdout


def test_the_second_is_told_who_the_first_is(tmp_path):
    with alone_in(tmp_path / "run"):
        said = other_process(tmp_path / "run")
        assert f"run is in use by process {os.getpid()} on " in said
    assert other_process(tmp_path / "run") == "alone\n"


def test_the_folder_is_given_back_after_an_error(tmp_path):
    def fails():
        with alone_in(tmp_path):
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the one above
        fails()
    with alone_in(tmp_path):
        pass


def test_one_process_does_not_work_twice_in_a_folder(tmp_path):
    with alone_in(tmp_path), pytest.raises(UnwritableFileError, match="in use by process"), alone_in(tmp_path):
        pytest.fail("both are at work")


def test_a_disk_without_locks_is_written_to_all_the_same(tmp_path, monkeypatch):
    def not_there(self, *arguments, **more):
        raise NotImplementedError("this file system has no flock")

    monkeypatch.setattr(FileLock, "acquire", not_there)
    with alone_in(tmp_path / "run"), staging_folder(tmp_path) as folder:
        (folder / "half").touch()
        sweep(tmp_path)  # nobody can tell whether it is in use
        assert (folder / "half").exists()
