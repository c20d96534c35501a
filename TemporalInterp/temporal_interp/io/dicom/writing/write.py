"""`write_dicom`: a sequence as a derived DICOM series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.io.atomic import atomic_folder, write_errors_naming
from temporal_interp.io.dicom.entries import odd_values_accepted
from temporal_interp.io.dicom.writing.classic import write_classic
from temporal_interp.io.dicom.writing.header import DerivedSeries, read_source_header
from temporal_interp.io.dicom.writing.identity import Anonymised, Identity, Kept
from temporal_interp.io.dicom.writing.origins import origins
from temporal_interp.io.dicom.writing.source import DicomSource, dicom_source

FILE_PATTERN = "SYN[0-9]*.dcm"
"""Names of the files that are written."""


def write_dicom(
    sequence: Sequence,
    path: Path | str,
    *,
    source: DicomSource | Path | str | None,
    acquired: bool = True,
    anonymise: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> list[str]:
    path = Path(path)
    with write_errors_naming(path), odd_values_accepted():
        identity: Identity = Anonymised() if anonymise else Kept()
        if source is not None and not isinstance(source, DicomSource):
            source = dicom_source(source, progress=progress)
        if source is not None:
            source.require_fits(sequence)
        plan = [origin for origin in origins(sequence, source) if acquired or origin.is_synthetic]
        if not plan:
            raise InvalidInputError("there is no synthetic frame to write.")
        with atomic_folder(path, overwrite=overwrite) as folder:
            first = read_source_header(source.slices[0][0].path, identity)
            names = [] if anonymise else [image.series.description for image in source.images]
            series = DerivedSeries.of(first, names, any(origin.is_synthetic for origin in plan))
            error = write_classic(sequence, plan, source, identity, series, folder, progress)
    return [f"err {error}"]
