"""Deflated DICOM files, uncompressed as far as their headers promise: pydicom would inflate whatever there is."""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import BinaryIO

import pydicom
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset, read_partial
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.dicom.entries import integer
from temporal_interp.io.dicom.sniff import HEAD, has_preamble
from temporal_interp.io.files import COMPRESSED_CHUNK
from temporal_interp.memory import in_words, require_memory

PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))

DEFERRED = 1 << 16
"""Elements of more bytes stay in the file until they are needed."""

FIRST, LONGEST = 1 << 20, 1 << 26
"""Bytes that are inflated first to find the pixels, and at most (our choice)."""

SPARE = 2
"""The entry of the pixels may have this many times the bytes that the header promises (our choice)."""

_HEAD_OF_PIXELS = struct.Struct("<HH2s2xI")


def opened(file: BinaryIO) -> BinaryIO:
    """Return a DICOM file that is not deflated: the file itself, at its beginning, or what is in it up to its pixels.

    What follows the pixels is left out of a deflated one. Its transfer syntax becomes Explicit VR Little Endian.

    Args:
        file: open, at its beginning.

    Raises:
        UnreadableFileError: the compression is damaged, or the file holds much more than its header promises.
        OutOfMemoryError: its pixels take more memory than there is.
    """
    meta = _file_meta(file)
    if meta is None or meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        file.seek(0)
        return file
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    start = DicomBytesIO()
    start.write(bytes(HEAD - 4) + b"DICM")
    write_file_meta_info(start, pydicom.dataset.FileMetaDataset(meta), enforce_standard=False)
    return io.BytesIO(_inflated(_Deflated(file), start.getvalue()))


def at_pixels(tag: int, vr: str | None, length: int) -> bool:
    """Tell pydicom to stop reading at the pixels."""
    return tag in PIXEL_TAGS


def _file_meta(file: BinaryIO) -> pydicom.Dataset | None:
    """Return the entries of group 2, behind which the file is left; None where there are none that can be read."""
    if not has_preamble(file.read(HEAD)):
        return None
    try:
        return read_dataset(file, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, *_: tag >> 16 != 2)
    except Exception:  # pydicom raises anything on damaged entries, and does so again when it reads the file
        return None


class _Deflated:
    """Deflated content, of which more and more is inflated."""

    def __init__(self, file: BinaryIO) -> None:
        self.content = bytearray()
        self.is_whole = False
        self._file = file
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def grow(self, size: int) -> None:
        """Inflate until there are this many bytes, or all there are."""
        while len(self.content) < size and not self.is_whole:
            compressed = self._inflate.unconsumed_tail or self._file.read(COMPRESSED_CHUNK)
            try:
                self.content += self._inflate.decompress(compressed, size - len(self.content))
            except zlib.error as error:
                raise UnreadableFileError(f"the compression is damaged ({error})") from error
            self.is_whole = self._inflate.eof or not compressed


def _inflated(deflated: _Deflated, start: bytes) -> bytes:
    """Return `start` and what is deflated, up to the end of the pixels."""
    size = FIRST
    while True:
        deflated.grow(size)
        end = _end_of_pixels(start + deflated.content)
        if end is not None:
            deflated.grow(end - len(start))
            return (start + deflated.content)[:end]
        if deflated.is_whole:
            return start + deflated.content
        if size >= LONGEST:
            raise UnreadableFileError(f"there is no image in the first {in_words(LONGEST)} of what is deflated in it")
        size *= 4


def _end_of_pixels(content: bytes) -> int | None:
    """Return where the pixels end in a file, from its header; None where they do not begin in what there is of it."""
    file = io.BytesIO(content)
    try:
        dataset = read_partial(file, stop_when=at_pixels, defer_size=DEFERRED, force=True)
        group, element, _, length = _HEAD_OF_PIXELS.unpack(file.read(_HEAD_OF_PIXELS.size))
    except Exception:  # the header may go on
        return None
    if (group << 16) + element not in PIXEL_TAGS:
        return None
    counts = (integer(dataset, name) or 1 for name in ("NumberOfFrames", "SamplesPerPixel"))
    sizes = (integer(dataset, name) or 0 for name in ("Rows", "Columns", "BitsAllocated"))
    promised = math.prod((*counts, *sizes)) // 8
    if length > SPARE * promised + FIRST:
        raise UnreadableFileError(
            f"it holds pixels of {in_words(length)}, and its header promises {in_words(promised)}"
        )
    require_memory(SPARE * length, "its pixels")
    return file.tell() + length
