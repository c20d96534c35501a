"""Voxels of NRRD files in every encoding, in the file or beside it."""

import bz2
import gzip

import numpy as np
import pytest

from seq_nrrd_by_hand import FRAMES, LIST_LAST
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence

RAW = FRAMES.astype("<i2").tobytes()


def write_header(path, *more, encoding="raw", end="", **changes):
    fields = {"type": "short", "dimension": "4", "space": "LPS", "space origin": "(10,20,30)", "endian": "little"}
    lines = [f"{name}: {value}" for name, value in (fields | changes).items() if value]
    text = "\n".join(["NRRD0004", *lines, LIST_LAST.rstrip(), f"encoding: {encoding}", *more])
    path.write_bytes(f"{text}\n{end}".encode())


def assert_read(path):
    np.testing.assert_array_equal([volume.array for volume in read_sequence(path).volumes], FRAMES)


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("raw", RAW),
        ("gzip", gzip.compress(RAW)),
        ("gz", gzip.compress(RAW) + b"more"),
        ("bzip2", bz2.compress(RAW)),
        ("hex", RAW.hex().encode()),
        ("ascii", " ".join(map(str, FRAMES.ravel())).encode()),
        ("text", "\n".join(map(str, FRAMES.ravel())).encode()),
    ],
)
@pytest.mark.parametrize("detached", [False, True])
def test_every_encoding_is_read(encoding, content, detached, tmp_path):
    if detached:
        (tmp_path / "a.data").write_bytes(content)
        write_header(tmp_path / "a.nhdr", "data file: a.data", encoding=encoding)
        assert_read(tmp_path / "a.nhdr")
    else:
        write_header(tmp_path / "a.nrrd", encoding=encoding, end="\n")
        (tmp_path / "a.nrrd").write_bytes((tmp_path / "a.nrrd").read_bytes() + content)
        assert_read(tmp_path / "a.nrrd")


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize(
    "data_file",
    [
        "f%03d.raw 0 2 1",
        "f%03d.raw 0 2 1 3",
        "LIST\nf000.raw\nf001.raw\nf002.raw",
        "LIST 3\nf000.raw\nf001.raw\nf002.raw\n",
    ],
)
def test_voxels_in_several_files_are_read(encoding, data_file, tmp_path):
    for number in range(3):
        content = FRAMES[number].astype("<i2").tobytes()
        (tmp_path / f"f{number:03d}.raw").write_bytes(gzip.compress(content) if encoding == "gzip" else content)
    write_header(tmp_path / "a.nhdr", f"data file: {data_file}", encoding=encoding)
    assert_read(tmp_path / "a.nhdr")


@pytest.mark.parametrize(
    ("skip", "before", "after"),
    [
        ("byte skip: 5", b"12345", b""),
        ("byte skip: -1", b"anything", b""),
        ("line skip: 2", b"one\ntwo\n", b""),
        ("line skip: 1\nbyte skip: 2", b"one\n12", b"more"),
    ],
)
def test_what_is_before_the_voxels_is_skipped(skip, before, after, tmp_path):
    (tmp_path / "a.raw").write_bytes(before + RAW + after)
    write_header(tmp_path / "a.nhdr", skip, "data file: a.raw")
    assert_read(tmp_path / "a.nhdr")


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["data file: gone.raw"], "its voxels are in gone.raw beside it, which cannot be opened"),
        (["data file: f%03d.raw 0 6 1"], "cannot be shared out evenly between the 7 files"),
        (["data file: f%03d.raw 0 999999999 1"], "names 1000000000 files"),
        (["data file: f%03d%03d.raw 0 2 1"], "names no files"),
        (["line skip: 999999999", "data file: a.raw"], "cut short"),
    ],
)
def test_files_that_are_not_as_the_header_says_are_refused(more, what, tmp_path):
    (tmp_path / "a.raw").write_bytes(RAW)
    write_header(tmp_path / "a.nhdr", *more)
    with pytest.raises((InvalidInputError, UnreadableFileError), match=what):
        read_sequence(tmp_path / "a.nhdr")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"endian": ""}, "in which order bytes are; it needs the entry 'endian'"),
        ({"type": "block"}, "the type 'block', which cannot be read"),
        ({"encoding": "zstd"}, "encoded as 'zstd', which cannot be read"),
    ],
)
def test_what_cannot_be_read_is_not_called_damaged(changes, what, tmp_path):
    write_header(tmp_path / "a.nrrd", end="\n", **changes)
    (tmp_path / "a.nrrd").write_bytes((tmp_path / "a.nrrd").read_bytes() + RAW)
    with pytest.raises(InvalidInputError, match=rf"a\.nrrd: .*{what}"):
        read_sequence(tmp_path / "a.nrrd")
