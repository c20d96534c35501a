"""Which format reads and writes a path, formats from outside, and what happens to input that has none."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import Format, formats, read_sequence, read_volume, register_format, write, write_sequence
from temporal_interp.io.format_registry import readable


@pytest.mark.parametrize("name", ["cine.nrrd", "cine.mha", "cine.dcm", "cine.png"])
def test_unknown_ending_is_refused_for_writing(name, tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match=r"must end in \.seq\.nrrd, \.nii\.gz or \.nii"):
        write_sequence(make_sequence(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_other_file_gets_the_list_of_what_can_be_read(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UnreadableFileError, match=r"notes\.txt: .*\.nii\.gz.*\.seq\.nrrd.*DICOM.*index\.csv"):
        read_sequence(tmp_path / "notes.txt")


def test_empty_folder_gets_the_list_of_what_can_be_read(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"no DICOM image.*\.nii\.gz.*\.seq\.nrrd.*index\.csv"):
        read_sequence(tmp_path)


@pytest.mark.parametrize("name", ["cine.nii", "cine.dcm", "cine.mp4", "cine.txt", "cine"])
def test_content_counts_more_than_the_name(name, tmp_path, make_sequence, assert_same):
    write_sequence(make_sequence(), tmp_path / "a.seq.nrrd")
    (tmp_path / "a.seq.nrrd").rename(tmp_path / name)
    assert_same(read_sequence(tmp_path / name), make_sequence())


@pytest.mark.parametrize("written", ["a.nii.gz", "a.nii", "a.mha"])
@pytest.mark.parametrize("name", ["b.nrrd", "b.gz", "b.dat", "b"])
def test_volume_is_read_by_its_content_too(written, name, tmp_path, make_sequence):
    volume = make_sequence().volumes[0]
    write(volume, tmp_path / written)
    (tmp_path / written).rename(tmp_path / name)
    for read in (lambda path: read_sequence(path).volumes[0], read_volume):
        again = read(tmp_path / name)
        np.testing.assert_array_equal(again.array, volume.array)
        assert again.geometry.is_close(volume.geometry)


def test_file_that_cannot_be_opened_is_refused(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.nii").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableFileError, match=r"a\.nii: this file cannot be opened \(Permission denied\)"):
        read_sequence(tmp_path / "a.nii")


@pytest.mark.parametrize("read", [read_sequence, read_volume])
def test_a_pipe_is_refused_and_not_waited_for(read, tmp_path):
    os.mkfifo(tmp_path / "a.nii")
    with pytest.raises(UnreadableFileError, match=r"a\.nii: this is neither a file nor a folder"):
        read(tmp_path / "a.nii")


def read_npy(path: Path) -> Sequence:
    frames = np.load(path)
    return Sequence([Volume(frame, Geometry(frame.shape)) for frame in frames], range(len(frames)), "frame", "")


def write_npy(sequence: Sequence, path: Path, *, overwrite: bool) -> None:
    np.save(path, [volume.array for volume in sequence.volumes])


def is_npy(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"\x93NUMPY")


NPY = Format("npy", "an array of NumPy", (".npy",), is_npy, read_npy, write=write_npy, sequence_extensions=(".npy",))


@pytest.fixture
def npy(monkeypatch):
    monkeypatch.setattr("temporal_interp.io.format_registry._registered", [])
    register_format(NPY)


@pytest.mark.usefixtures("npy")
def test_format_from_outside_is_read_and_written_like_the_others(tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "cine.npy")
    (tmp_path / "cine.npy").rename(tmp_path / "cine.dat")
    np.testing.assert_array_equal(
        read_sequence(tmp_path / "cine.dat").volumes[1].array, make_sequence().volumes[1].array
    )
    with pytest.raises(InvalidInputError, match=r"must end in \.seq\.nrrd, \.nii\.gz, \.nii or \.npy"):
        write_sequence(make_sequence(), tmp_path / "cine.png")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UnreadableFileError, match=r"an array of NumPy \(\.npy\)"):
        read_sequence(tmp_path / "notes.txt")


@pytest.mark.usefixtures("npy")
def test_name_of_a_format_is_taken_once():
    with pytest.raises(InvalidInputError, match="format 'npy' already"):
        register_format(NPY)


def test_names_and_endings_of_formats_are_unique():
    names = [one.name for one in formats()]
    endings = [ending for one in formats() for ending in one.extensions]
    assert len(set(names)) == len(names)
    assert len(set(endings)) == len(endings)
    assert all(one.label in readable() for one in formats())


def test_write_takes_a_sequence_or_a_volume(tmp_path, make_sequence, assert_same):
    write(make_sequence(), tmp_path / "cine.nii.gz")
    assert_same(read_sequence(tmp_path / "cine.nii.gz"), make_sequence())
    write(make_sequence().volumes[0], tmp_path / "frame.mha")
    np.testing.assert_array_equal(
        read_sequence(tmp_path / "frame.mha").volumes[0].array, make_sequence().volumes[0].array
    )
    with pytest.raises(
        InvalidInputError, match="must be a Sequence, a Frame, a Volume or a DisplacementField, got a ndarray"
    ):
        write(make_sequence().volumes[0].array, tmp_path / "array.nrrd")


def test_importing_the_package_does_not_import_pydicom():
    code = "import sys, temporal_interp.io; sys.exit('pydicom' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
