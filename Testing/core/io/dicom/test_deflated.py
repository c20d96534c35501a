"""Deflated DICOM files: read as others are, and inflated no further than their headers promise."""

import io
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from temporal_interp import memory
from temporal_interp.errors import OutOfMemoryError, TemporalInterpError, UnreadableFileError
from temporal_interp.io import read_sequence
from temporal_interp.io.dicom import deflated
from temporal_interp.io.dicom.deflated import opened
from temporal_interp.io.dicom.pixels import decoded_frames
from temporal_interp.io.dicom.scan import read_header


def plain_image(number=0):
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
    dataset.TriggerTime = 30.0 * number
    return dataset


@pytest.fixture
def write(tmp_path):
    """Function that writes a real MR image deflated, with what follows `change` in place of its content."""

    def write_deflated(change=lambda content: content, number=0, keep=None, **entries):
        dataset = plain_image(number)
        for name, value in entries.items():
            setattr(dataset, name, value)
        buffer = io.BytesIO()
        pydicom.dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True, enforce_file_format=True)
        whole = buffer.getvalue()
        meta = dataset.file_meta
        meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        start = io.BytesIO()
        start.write(bytes(128) + b"DICM")
        pydicom.filewriter.write_file_meta_info(start, meta, enforce_standard=True)
        behind = 132 + 12 + pydicom.dcmread(io.BytesIO(whole)).file_meta.FileMetaInformationGroupLength
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = b"".join(packer.compress(piece) for piece in change([whole[behind:]])) + packer.flush()
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(start.getvalue() + packed[:keep])
        return path

    return write_deflated


def test_deflated_images_are_read(write):
    for number in range(2):
        path = write(number=number)
    sequence = read_sequence(path.parent)
    assert sequence.times == (0, 30)
    for volume in sequence.volumes:
        np.testing.assert_array_equal(volume.array[0], plain_image().pixel_array)


def test_a_file_of_pydicom_is_the_same_inflated():
    path = Path(get_testdata_file("image_dfl.dcm"))
    with path.open("rb") as file:
        ours = pydicom.dcmread(opened(file))
    theirs = pydicom.dcmread(path)
    assert ours.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert ours.PixelData == theirs.PixelData
    assert ours.Rows == theirs.Rows


def test_other_files_are_left_as_they_are():
    with Path(get_testdata_file("MR_small.dcm")).open("rb") as file:
        assert opened(file) is file
        assert file.tell() == 0
    nothing = io.BytesIO(b"short")
    assert opened(nothing) is nothing


@pytest.mark.parametrize("where", ["behind the pixels", "in front of the header"])
def test_what_grows_without_end_is_not_inflated(write, where, monkeypatch):
    monkeypatch.setattr(deflated, "FIRST", 1 << 16)
    monkeypatch.setattr(deflated, "LONGEST", 1 << 18)
    zeros = [bytes(1 << 20)] * 200
    path = write(lambda content: content + zeros if where == "behind the pixels" else zeros + content)
    tracemalloc.start()
    try:
        if where == "behind the pixels":
            assert read_header(path) is not None
            np.testing.assert_array_equal(next(decoded_frames(path, [0])), plain_image().pixel_array)
        else:
            with pytest.raises(UnreadableFileError, match="no image in the first"):
                read_header(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20e6


def test_pixels_that_are_many_more_than_promised_are_refused(write):
    path = write(PixelData=bytes(10_000_000))
    with pytest.raises(TemporalInterpError, match=r"it holds pixels of 10\.0 MB, and its header promises 8\.2 kB"):
        read_sequence(path)


@pytest.mark.parametrize("keep", [100, 1500, -30])
def test_a_deflated_file_that_is_cut_short_is_refused(write, keep):
    with pytest.raises(TemporalInterpError, match=r"0\.dcm"):
        read_sequence(write(keep=keep))


def test_damaged_compression_is_refused(write):
    path = write()
    whole = bytearray(path.read_bytes())
    whole[-2000:-1990] = bytes(range(245, 255))
    path.write_bytes(whole)
    with pytest.raises(TemporalInterpError, match=r"0\.dcm"):
        read_sequence(path)


def test_pixels_that_do_not_fit_into_the_memory_are_refused(write, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 10_000)
    with write().open("rb") as file, pytest.raises(OutOfMemoryError, match=r"its pixels take 16\.4 kB of memory"):
        opened(file)


def test_a_stream_that_is_damaged_says_so(write):
    path = write()
    start = path.read_bytes()
    place = start.index(b"1.2.840.10008.1.2.1.99")
    path.write_bytes(start[:place] + b"1.2.840.10008.1.2.1.99" + start[place + 22 : 500] + bytes(b"\xff" * 1000))
    with path.open("rb") as file, pytest.raises(UnreadableFileError, match="compression is damaged"):
        opened(file)
