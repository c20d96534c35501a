"""Whether the markers of a JPEG or JPEG-LS stream are whole; GDCM, which decodes it, crashes on some that are not."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

SOI, EOI, SOS, DHT, DRI, DNL, LSE, JPEG_LS = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD, 0xDC, 0xF8, 0xF7
FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, JPEG_LS))
"""Markers of frames that are decoded: baseline, extended, progressive, lossless, JPEG-LS."""

LOSSLESS = 0xC3
BITS = {0xC0: (8, 8), 0xC1: (8, 12), 0xC2: (8, 12), LOSSLESS: (2, 16), JPEG_LS: (2, 16)}
"""Least and greatest number of bits of a value."""

ALONE = frozenset((0x01, SOI, EOI, *range(0xD0, 0xD8)))
"""Markers without a segment."""

WITHIN_DATA = frozenset((EOI, SOS, DHT, DNL, DRI, LSE, 0xDB, 0xFE, *range(0xD0, 0xD8)))
"""Markers that may follow when the first scan has begun."""


@dataclass
class _Found:
    """What the markers have told so far: the kind of the frame, the bits of a value, and the Huffman tables."""

    kind: int = 0
    bits: int = 0
    components: set[int] = field(default_factory=set)
    tables: set[tuple[int, int]] = field(default_factory=set)


def is_whole_jpeg(stream: bytes, rows: int, columns: int, samples: int) -> bool:
    """Tell whether the markers of a stream can be those of an image of that size; its data are not looked at.

    Example:
        >>> is_whole_jpeg(b"\\xff\\xd8\\xff\\xd9", 16, 16, 1)
        False
    """
    found = _Found()
    try:
        return stream[:2] == bytes((0xFF, SOI)) and _all_fit(stream, (rows, columns, samples), found)
    except (IndexError, struct.error):
        return False


def _all_fit(stream: bytes, size: tuple[int, int, int], found: _Found) -> bool:
    place, has_begun = 2, False
    while (place := _next_marker(stream, place, has_begun, found.kind)) < len(stream) - 1:
        marker = stream[place + 1]
        place += 2
        if marker == EOI:
            break
        if has_begun and marker not in WITHIN_DATA:
            return False
        if marker in ALONE:
            continue
        (length,) = struct.unpack_from(">H", stream, place)
        segment = stream[place + 2 : place + length]
        if length < 2 or len(segment) != length - 2 or not _fits(marker, segment, size, found):
            return False
        place += length
        has_begun = has_begun or marker == SOS
    return has_begun


def _next_marker(stream: bytes, place: int, has_begun: bool, kind: int) -> int:
    """Return the place of the next marker: at once in front of the data, else behind some of them."""
    if not has_begun:
        while stream[place + 1] == 0xFF:  # what fills
            place += 1
        return place if stream[place] == 0xFF else len(stream)
    least = 0x80 if kind == JPEG_LS else 0x01  # JPEG-LS puts a bit behind 0xFF, and JPEG a byte
    while (place := stream.find(b"\xff", place)) >= 0 and place + 1 < len(stream):
        if least <= stream[place + 1] < 0xFF:
            return place
        place += 1
    return len(stream)


def _fits(marker: int, segment: bytes, size: tuple[int, int, int], found: _Found) -> bool:
    """Tell whether a segment is one of an image of a size (rows, columns, samples); remember what it tells."""
    if marker in FRAMES:
        return _frame_fits(marker, segment, size, found)
    if marker == DHT:
        return _tables_fit(segment, found)
    if marker == SOS:
        return _scan_fits(segment, found)
    if marker == DRI:
        return len(segment) == 2
    is_other_frame = 0xC0 <= marker <= 0xCF
    return not is_other_frame


def _frame_fits(marker: int, segment: bytes, size: tuple[int, int, int], found: _Found) -> bool:
    bits, rows, columns, samples = struct.unpack_from(">BHHB", segment)
    least, most = BITS[marker]
    if found.kind or (rows, columns, samples) != size or not least <= bits <= most or len(segment) != 6 + 3 * samples:
        return False
    found.kind, found.bits, found.components = marker, bits, set(segment[6::3])
    sampling = segment[7::3]
    return len(found.components) == samples and all(1 <= one >> 4 <= 4 and 1 <= one & 15 <= 4 for one in sampling)


def _tables_fit(segment: bytes, found: _Found) -> bool:
    """Tell whether Huffman tables are whole, and no code has more bits than there are for it."""
    place = 0
    while place < len(segment):
        kind, number = segment[place] >> 4, segment[place] & 15
        counts = segment[place + 1 : place + 17]
        symbols = segment[place + 17 : place + 17 + sum(counts)]
        room = sum(count << (15 - length) for length, count in enumerate(counts))
        whole = len(counts) == 16 and 0 < len(symbols) == sum(counts) <= 256
        if kind > 1 or number > 3 or not whole or room > 1 << 16 or (kind == 0 and max(symbols) > 16):
            return False
        found.tables.add((kind, number))
        place += 17 + len(symbols)
    return True


def _scan_fits(segment: bytes, found: _Found) -> bool:
    count = segment[0]
    parts = list(zip(segment[1 : 1 + 2 * count : 2], segment[2 : 2 + 2 * count : 2], strict=True))
    if not found.kind or not 1 <= count <= 4 or len(segment) != 4 + 2 * count:
        return False
    if len({part for part, _ in parts}) != count or not found.components.issuperset(part for part, _ in parts):
        return False
    first, last, shift = segment[-3:]
    if found.kind == JPEG_LS:
        return last <= 2 and shift & 15 < found.bits
    if any((0, tables >> 4) not in found.tables for _, tables in parts):
        return False
    return found.kind != LOSSLESS or (1 <= first <= 7 and last == 0 and shift < found.bits)
