"""Voxels are read into one array, in any order of axes, and held once."""

import gzip
import io
import itertools
import tracemalloc

import numpy as np
import pytest

from temporal_interp.errors import OutOfMemoryError, UnreadableFileError
from temporal_interp.io import read_sequence, write_sequence
from temporal_interp.io.files import inflated
from temporal_interp.io.voxel_stream import Scale, more_follows, read_frames, require_plausible, skip

SHAPE = (5, 3, 7, 6)


@pytest.fixture(params=[1 << 22, 100])
def chunk(request, monkeypatch):
    """Bytes read at a time: all at once, or in many pieces that end within a row."""
    monkeypatch.setattr("temporal_interp.io.voxel_stream.CHUNK", request.param)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("axis", range(4))
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "u1", ">f8"])
def test_frames_come_first_wherever_their_axis_is(axis, dtype):
    stored = np.random.default_rng(0).integers(0, 200, SHAPE).astype(dtype)
    frames = read_frames(io.BytesIO(stored.tobytes()), SHAPE, stored.dtype, axis)
    np.testing.assert_array_equal(frames, np.moveaxis(stored, axis, 0))
    assert frames.flags.c_contiguous
    assert frames.dtype == np.dtype(dtype).newbyteorder("=")


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("axis", [0, 2])
@pytest.mark.parametrize(("dtype", "kept"), [("<i2", "f4"), (">i4", "f4"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8")])
def test_scaled_voxels_are_float(axis, dtype, kept):
    stored = np.random.default_rng(0).integers(0, 200, SHAPE).astype(dtype)
    frames = read_frames(io.BytesIO(stored.tobytes()), SHAPE, stored.dtype, axis, Scale(0.25, -1024))
    np.testing.assert_array_equal(frames, np.moveaxis(stored, axis, 0) * 0.25 - 1024)
    assert frames.dtype == kept


def test_nan_and_infinity_stay_bit_for_bit():
    stored = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 1.5], np.float32)
    frames = read_frames(io.BytesIO(stored.tobytes()), (1, 6), stored.dtype)
    assert frames.tobytes() == stored.tobytes()


@pytest.mark.parametrize("axis", [0, 1])
def test_missing_voxels_are_told(axis):
    with pytest.raises(UnreadableFileError, match="cut short"):
        read_frames(io.BytesIO(bytes(100)), (10, 11), np.dtype("u1"), axis)


def test_a_header_that_asks_for_any_memory_is_refused():
    with pytest.raises(UnreadableFileError, match="its header needs 10000000 bytes of voxels, and the file has 500"):
        require_plausible(500, 10_000_000)
    require_plausible(500, 500_000)
    with pytest.raises(OutOfMemoryError, match=r"its voxels take .* of memory"):
        read_frames(io.BytesIO(b""), (1 << 40, 1 << 20), np.dtype("f8"))


def test_gzip_in_several_parts_is_read_and_what_follows_is_ignored():
    content = bytes(range(256)) * 100
    several = b"".join(gzip.compress(content[start : start + 7000]) for start in range(0, len(content), 7000))
    for follows in (b"", b"more"):
        file = inflated(io.BytesIO(several + follows))
        skip(file, 1000)
        assert file.read(len(content) - 1000) == content[1000:]
        assert not more_follows(file)


def file_ended(file):
    read_frames(file, (6000, 1), np.dtype("u1"))
    return not more_follows(file)


def test_damage_in_a_checksum_or_a_missing_end_is_told():
    whole = gzip.compress(b"voxels" * 1000)
    wrong = bytearray(whole)
    wrong[-6] ^= 1
    for damaged in (whole[:-9], bytes(wrong)):
        file = inflated(io.BytesIO(damaged))
        with pytest.raises(UnreadableFileError, match="cut short or damaged"):
            file_ended(file)


def test_an_absurd_place_of_the_first_voxel_is_refused_where_it_would_be_inflated(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(10))
    with path.open("rb") as file:
        skip(file, 10**12)  # a jump; the end is behind it
        assert not more_follows(file)
    with pytest.raises(UnreadableFileError, match=r"voxels begin 1\.0 TB behind it"):
        skip(inflated(io.BytesIO(gzip.compress(bytes(10)))), 10**12)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.seq.nrrd"])
def test_a_sequence_is_in_memory_once(name, tmp_path, make_sequence):
    """The peak while reading is at most half as much again as what is kept."""
    values = tuple(range(0, 400, 40))
    write_sequence(make_sequence(shape=(30, 160, 160), values=values, item_attributes=()), tmp_path / name)
    read_sequence(tmp_path / name)  # what is imported then does not count
    tracemalloc.start()
    try:
        sequence = read_sequence(tmp_path / name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    kept = sum(volume.array.nbytes for volume in sequence.volumes)
    assert kept == 2 * 10 * 30 * 160 * 160
    assert peak < 1.5 * kept
    for one, other in itertools.pairwise(sequence.volumes):
        assert one.array.base is other.array.base  # views of one array
