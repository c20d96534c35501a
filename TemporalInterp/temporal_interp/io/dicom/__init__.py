"""DICOM: the phases of a cine from single images, and clips of many frames."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.io.files import first_bytes
from temporal_interp.io.format_registry import Format


def is_dicom(path: Path) -> bool:
    """Tell by its first bytes whether a file is DICOM."""
    return first_bytes(path, 132)[128:] == b"DICM"


def _read(path: Path) -> Sequence:
    from temporal_interp.io.dicom.cine import read_dicom  # pydicom takes a while to import

    return read_dicom(path)


FORMAT = Format(
    name="dicom",
    label="a multi-frame DICOM file, a folder of DICOM files",
    extensions=(".dcm",),
    sniff=is_dicom,
    read=_read,
    reads_folders=True,
)
