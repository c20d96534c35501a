"""DICOM: the phases of a cine from single images, and clips of many frames."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress, no_progress
from temporal_interp.io.candidates import Candidate
from temporal_interp.io.dicom.sniff import is_dicom
from temporal_interp.io.format_registry import Format


def _read(
    path: Path, *, series: str | None = None, component: str | None = None, progress: Progress = no_progress
) -> Sequence:
    from temporal_interp.io.dicom.cine import read_dicom  # pydicom takes a while to import

    return read_dicom(path, series=series, component=component, progress=progress)


def _candidates(path: Path, *, progress: Progress = no_progress) -> list[Candidate]:
    from temporal_interp.io.dicom.cine import dicom_candidates

    return dicom_candidates(path, progress=progress)


FORMAT = Format(
    name="dicom",
    label="a multi-frame DICOM file, a folder of DICOM files",
    extensions=(".dcm",),
    sniff=is_dicom,
    read=_read,
    candidates=_candidates,
    reads_folders=True,
)
