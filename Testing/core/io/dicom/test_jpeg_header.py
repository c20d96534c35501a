"""JPEG streams whose markers are damaged are refused before GDCM decodes them: some of them crash it."""

import struct

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, generate_frames

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.dicom.jpeg_header import is_whole_jpeg
from temporal_interp.io.dicom.pixels import decoded_frames

SIZE = (16, 24, 1)


def segment(marker, content):
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def frame(bits=12, rows=16, columns=24, kind=0xC3, samples=1, sampling=0x11):
    head = struct.pack(">BHHB", bits, rows, columns, samples)
    return segment(kind, head + b"".join(bytes((n + 1, sampling, 0)) for n in range(samples)))


def tables(counts=(0, 2, 3, 1), symbols=(0, 1, 2, 3, 4, 5), where=0):
    return segment(0xC4, bytes((where, *counts, *[0] * (16 - len(counts)), *symbols)))


def scan(predictor=1, shift=0, part=1, tables_of=0):
    return segment(0xDA, bytes((1, part, tables_of, predictor, 0, shift)))


DATA, END = b"\x12\xff\x00\x34\xff\xd0\x56", b"\xff\xd9"


def lossless(header=b"\xff\xd8", of=None, huffman=None, begin=None, data=DATA, end=END):
    return header + (of or frame()) + (huffman or tables()) + (begin or scan()) + data + end


@pytest.mark.parametrize(
    "stream",
    [
        lossless(),
        lossless(end=b""),
        lossless(end=b"\xff\xd9 and more \xff\xc3"),
        lossless(header=b"\xff\xd8\xff\xff\xfe\x00\x04hi"),
        lossless(header=b"\xff\xd8" + segment(0xE0, b"JFIF\0")),
        lossless(data=DATA + tables() + scan() + DATA),
    ],
    ids=["plain", "no end", "more follows", "comment", "application", "two scans"],
)
def test_what_is_whole_is_let_through(stream):
    assert is_whole_jpeg(stream, *SIZE)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\xff\xd8",
        lossless()[:30],
        lossless(of=frame(bits=127)),
        lossless(of=frame(bits=0)),
        lossless(of=frame(rows=17)),
        lossless(of=frame(columns=65535)),
        lossless(of=frame(samples=3)),
        lossless(of=frame(sampling=0)),
        lossless(of=frame() + frame()),
        lossless(of=frame(kind=0xC9)),
        lossless(of=segment(0xC3, b"\x0c\0\x10\0\x18")),
        lossless(huffman=tables(counts=(3,), symbols=(0, 1, 2))),
        lossless(huffman=tables(symbols=(0, 1))),
        lossless(huffman=tables(symbols=(0, 1, 2, 3, 4, 99))),
        lossless(huffman=tables(where=0x09)),
        lossless(huffman=segment(0xFE, b"none")),
        lossless(begin=scan(predictor=9)),
        lossless(begin=scan(shift=12)),
        lossless(begin=scan(part=7)),
        lossless(begin=scan(tables_of=0x30)),
        lossless(data=DATA + frame()),
        lossless(data=DATA + b"\xff\xc4\xff\xff"),
        lossless(header=b"\xff\xd8\x00\x00"),
    ],
    ids=lambda stream: f"{len(stream)}-{sum(stream)}",
)
def test_what_is_damaged_is_refused(stream):
    assert not is_whole_jpeg(stream, *SIZE)


def test_a_file_with_damaged_markers_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    dataset = pydicom.dcmread(get_testdata_file("MR_small_jpeg_ls_lossless.dcm"))
    stream = bytearray(next(generate_frames(dataset.PixelData, number_of_frames=1)))
    place = stream.index(b"\xff\xf7")
    assert is_whole_jpeg(bytes(stream), dataset.Rows, dataset.Columns, 1)
    stream[place + 4] = 127  # bits of a value
    dataset.PixelData = encapsulate([bytes(stream)])
    dataset.save_as(tmp_path / "a.dcm")
    monkeypatch.setattr("SimpleITK.ReadImage", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(UnreadableFileError, match=r"a\.dcm: its pixels are damaged \(the header of the JPEG stream\)"):
        list(decoded_frames(tmp_path / "a.dcm", [0]))
