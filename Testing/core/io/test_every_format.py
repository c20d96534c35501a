"""What every format must do: one suite, run over all that are declared, so that a new one is tested at once."""

import os
from pathlib import Path

import numpy as np
import pytest

from temporal_interp.data.volume import Volume
from temporal_interp.errors import MissingFileError, UnreadableFileError, UnwritableFileError
from temporal_interp.io import (
    formats,
    read_displacement,
    read_sequence,
    read_volume,
    write_displacement,
    write_sequence,
    write_volume,
)
from temporal_interp.io.format_registry import field_extensions, volume_extensions

WRITTEN = [f"cine{ending}" for one in formats() for ending in one.sequence_extensions]
"""A name for every ending in which a sequence is written; the one without an ending is that of a folder."""

FILES = [name for name in WRITTEN if name != "cine"]
READ = [f"a{ending}" for one in formats() for ending in one.extensions]


def test_the_suite_runs_over_all_formats():
    assert {"cine.seq.nrrd", "cine.nii.gz", "cine.nii", "cine"} <= set(WRITTEN)
    assert {"a.nii", "a.nii.gz", "a.nrrd", "a.seq.nrrd", "a.dcm", "a.mha", "a.mp4"} <= set(READ)


@pytest.mark.parametrize("name", WRITTEN)
def test_sequence_comes_back_from_every_format(name, tmp_path, make_sequence, assert_same):
    sequence = make_sequence()
    write_sequence(sequence, tmp_path / name)
    assert_same(read_sequence(tmp_path / name), sequence)


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_scalar_type_is_kept(name, dtype, tmp_path, make_sequence, assert_same):
    sequence = make_sequence(dtype=dtype)
    write_sequence(sequence, tmp_path / name)
    assert_same(read_sequence(tmp_path / name), sequence)


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize(("shape", "values"), [((1, 3, 4), (5.0, 9.0, 11.0)), ((2, 3, 4), (7.5,)), ((1, 3, 4), (0.0,))])
def test_one_slice_and_one_frame_keep_their_place(name, shape, values, tmp_path, make_sequence, assert_same):
    sequence = make_sequence(shape=shape, values=values)
    write_sequence(sequence, tmp_path / name)
    assert_same(read_sequence(tmp_path / name), sequence)


@pytest.mark.parametrize("name", WRITTEN)
def test_left_handed_grid_is_kept(name, tmp_path, make_sequence, assert_same):
    sequence = make_sequence(direction=np.diag([1.0, -1.0, 1.0]))
    write_sequence(sequence, tmp_path / name)
    assert_same(read_sequence(tmp_path / name), sequence)


@pytest.mark.parametrize("name", WRITTEN)
def test_half_precision_becomes_single(name, tmp_path, make_sequence):
    sequence = make_sequence(dtype="float16")
    write_sequence(sequence, tmp_path / name)
    back = read_sequence(tmp_path / name).volumes[2].array
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, sequence.volumes[2].array)


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize(("index_name", "unit"), [("phase", "%"), ("frame", ""), ("time", "s")])
def test_index_of_any_kind_is_kept(name, index_name, unit, tmp_path, make_sequence, assert_same):
    sequence = make_sequence(index_name=index_name, unit=unit, slice_thickness=None)
    write_sequence(sequence, tmp_path / name)
    assert_same(read_sequence(tmp_path / name), sequence)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_loop_stays_a_loop_of_its_period(name, tmp_path, make_sequence, assert_same):
    sequence = make_sequence(period=100 / 1.1)
    write_sequence(sequence, tmp_path / name)
    assert_same(read_sequence(tmp_path / name), sequence)


@pytest.mark.parametrize("name", FILES)
def test_file_is_replaced_only_on_request(name, tmp_path, make_sequence, assert_same):
    write_sequence(make_sequence(), tmp_path / name)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = make_sequence(values=(1.0, 2.0), dtype="uint8")
    with pytest.raises(UnwritableFileError, match=r"cine.*exists; choose another name"):
        write_sequence(other, tmp_path / name)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    write_sequence(other, tmp_path / name, overwrite=True)
    assert_same(read_sequence(tmp_path / name), other)


@pytest.mark.parametrize("overwrite", [False, True])
def test_folder_with_something_in_it_is_never_replaced(overwrite, tmp_path, make_sequence):
    (tmp_path / "cine").mkdir()
    (tmp_path / "cine" / "precious.txt").write_text("keep")
    with pytest.raises(UnwritableFileError, match="not empty"):
        write_sequence(make_sequence(), tmp_path / "cine", overwrite=overwrite)
    assert [path.name for path in (tmp_path / "cine").iterdir()] == ["precious.txt"]


def test_empty_folder_is_filled(tmp_path, make_sequence, assert_same):
    (tmp_path / "cine").mkdir()
    write_sequence(make_sequence(), tmp_path / "cine")
    assert_same(read_sequence(tmp_path / "cine"), make_sequence())


@pytest.mark.parametrize("name", WRITTEN)
def test_missing_folder_is_named(name, tmp_path, make_sequence):
    with pytest.raises(UnwritableFileError, match=r"nowhere.*could not be written \(No such file or directory\)"):
        write_sequence(make_sequence(), tmp_path / "nowhere" / name)


@pytest.mark.parametrize("name", WRITTEN)
def test_folder_without_permission_is_an_error_for_the_user(name, tmp_path, make_sequence, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(UnwritableFileError, match="Permission denied"):
        write_sequence(make_sequence(), tmp_path / name)


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_is_left_when_writing_fails(name, tmp_path, make_sequence, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("temporal_interp.io.nifti_writer.write_sidecar", full)
    monkeypatch.setattr("gzip.GzipFile.close", full)
    monkeypatch.setattr("temporal_interp.io.frame_folder._row", full)
    with pytest.raises(UnwritableFileError, match="No space left"):
        write_sequence(make_sequence(), tmp_path / name)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def snapshot(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_is_left_when_writing_is_cancelled(name, tmp_path, make_sequence, monkeypatch):
    def cancel(*args, **kwargs):
        raise KeyboardInterrupt

    if name in FILES:
        write_sequence(make_sequence(dtype="uint8"), tmp_path / name)
    before = snapshot(tmp_path)
    monkeypatch.setattr(Path, "replace", cancel)  # when all is written and would take its place
    with pytest.raises(KeyboardInterrupt):
        write_sequence(make_sequence(), tmp_path / name, overwrite=True)
    assert snapshot(tmp_path) == before


def write_one_volume(path, make_sequence):
    write_volume(make_sequence().volumes[0], path)


def write_one_field(path, make_sequence):
    geometry = make_sequence().volumes[0].geometry
    write_displacement(np.zeros((*geometry.shape, 3), np.float32), geometry, path)


SINGLE = [
    *((f"a{ending}", write_one_volume, read_volume) for ending in volume_extensions()),
    *((f"a{ending}", write_one_field, read_displacement) for ending in field_extensions()),
]


@pytest.mark.parametrize(("name", "write", "read"), SINGLE)
@pytest.mark.parametrize(
    ("error", "seen"), [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(28, "No space left"), UnwritableFileError)]
)
def test_one_volume_or_field_is_written_whole_or_not_at_all(
    error, seen, name, write, read, tmp_path, make_sequence, monkeypatch
):
    def stop(*args, **kwargs):
        raise error

    monkeypatch.setattr(Path, "replace", stop)
    monkeypatch.setattr(os, "link", stop)
    with pytest.raises(seen):
        write(tmp_path / name, make_sequence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "write", "read"), SINGLE)
def test_one_volume_or_field_replaces_nothing(name, write, read, tmp_path, make_sequence):
    write(tmp_path / name, make_sequence)
    before = snapshot(tmp_path)
    with pytest.raises(UnwritableFileError, match=rf"{name}: this file exists"):
        write(tmp_path / name, make_sequence)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(("name", "write", "read"), SINGLE)
def test_missing_empty_and_damaged_files_of_one_volume_or_field_are_named(name, write, read, tmp_path, make_sequence):
    with pytest.raises(MissingFileError, match=rf"{name}: there is no such file"):
        read(tmp_path / name)
    write(tmp_path / name, make_sequence)
    content = (tmp_path / name).read_bytes()
    for damaged in (b"", b"no image at all\n" * 50, content[: len(content) // 2]):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(UnreadableFileError, match=f"{name}: "):
            read(tmp_path / name)


@pytest.mark.parametrize("name", READ)
def test_missing_file_is_named(name, tmp_path):
    with pytest.raises(MissingFileError, match=rf"{name}: there is no such file or folder") as caught:
        read_sequence(tmp_path / name)
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("content", [b"", b"this is not an image at all, it only has the name of one\n" * 20])
def test_file_with_the_wrong_name_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFileError, match=name):
        read_sequence(tmp_path / name)


@pytest.mark.parametrize("name", READ)
def test_folder_with_the_name_of_a_file_is_refused(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(UnreadableFileError, match=name):
        read_sequence(tmp_path / name)


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_file_cut_short_is_refused(name, share, tmp_path, make_sequence):
    write_sequence(make_sequence(shape=(4, 20, 30)), tmp_path / name)
    largest = max((path for path in tmp_path.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = largest.read_bytes()
    largest.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFileError, match=rf"{name}: .*(cut short|damaged)"):
        read_sequence(tmp_path / name)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_known_by_its_content_and_by_one_format_only(name, tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / name)
    ending = name.removeprefix("cine")
    assert [ending in one.sequence_extensions for one in formats() if one.sniff(tmp_path / name)] == [True]


def test_writing_does_not_touch_what_is_written(tmp_path, make_sequence, assert_same):
    sequence = make_sequence()
    for name in WRITTEN:
        write_sequence(sequence, tmp_path / name, overwrite=True)
    assert_same(sequence, make_sequence())


def test_non_contiguous_voxels_are_written_right(tmp_path, make_sequence):
    whole = make_sequence()
    flipped = [Volume(volume.array[::-1, :, ::-1], volume.geometry) for volume in whole.volumes]
    for name in WRITTEN:
        write_sequence(type(whole)(flipped, whole.times), tmp_path / name, overwrite=True)
        back = read_sequence(tmp_path / name).volumes[1].array
        np.testing.assert_array_equal(back, whole.volumes[1].array[::-1, :, ::-1])
