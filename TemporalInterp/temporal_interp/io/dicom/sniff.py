"""Whether a file is DICOM, by a look at its first bytes."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from temporal_interp.io.files import first_bytes

HEAD = 132
"""Bytes to look at."""

_LONGEST_FIRST_ENTRY = 1 << 10


def is_dicom(path: Path) -> bool:
    """Tell by its first bytes whether a file is DICOM, with the preamble of DICOM files or without."""
    return path.is_file() and begins_like_dicom(first_bytes(path, HEAD))


def begins_like_dicom(head: bytes) -> bool:
    """Tell whether bytes are a preamble, or an entry of group 2 or 8, with which a file without a preamble begins.

    Example:
        >>> begins_like_dicom(bytes(128) + b"DICM"), begins_like_dicom(bytes(132))
        (True, False)
    """
    if has_preamble(head):
        return True
    if len(head) < HEAD:
        return False
    group, element, length = struct.unpack("<HHI", head[:8])
    explicit = re.match(rb"[A-Z]{2}", head[4:6]) is not None
    return group in (2, 8) and element < 0x2000 and (explicit or length < _LONGEST_FIRST_ENTRY)


def has_preamble(head: bytes) -> bool:
    """Tell whether bytes are the preamble of a DICOM file."""
    return head[128:] == b"DICM"
