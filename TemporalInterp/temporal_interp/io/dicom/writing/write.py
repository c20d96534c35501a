"""`write_dicom`: a sequence as a derived DICOM series."""

from __future__ import annotations

import math
from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.io.atomic import atomic_folder, write_errors_naming
from temporal_interp.io.dicom.entries import odd_values_accepted, text
from temporal_interp.io.dicom.writing.capture import NOTE, capture_header, write_capture
from temporal_interp.io.dicom.writing.classic import write_classic
from temporal_interp.io.dicom.writing.clip import write_clip
from temporal_interp.io.dicom.writing.enhanced import write_enhanced
from temporal_interp.io.dicom.writing.header import DerivedSeries, read_source_header
from temporal_interp.io.dicom.writing.identity import Anonymised, Identity, Kept
from temporal_interp.io.dicom.writing.origins import Origin, origins
from temporal_interp.io.dicom.writing.source import DicomSource, dicom_source
from temporal_interp.io.dicom.writing.stored import require_size

FILE_NAMES = "SYN[0-9]*.dcm"
"""Pattern of the names of the files that are written."""


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
    """Write a sequence as a derived DICOM series into a folder, whole or not at all.

    Every file has the headers of the source image that it comes from, and says that it is derived, from which images,
    and whether it is synthetic. The series is new; patient, study and frame of reference are those of the source.

    Args:
        sequence: the frames; those that are not marked as synthetic must be phases of the source.
        path: the folder; it is new or empty.
        source: the DICOM file or folder that the acquired frames were read from, or what `dicom_source` returns for one
            of several series. None writes a Secondary Capture without patient and study.
        acquired: write copies of the acquired frames, too.
        anonymise: take out of the headers what could tell whose they are, by the standard's basic profile.
        overwrite: write into a folder that holds something; files of an earlier series of this program are replaced.
        progress: receives the progress; may raise to cancel.

    Returns:
        Notes for the user: what could not be kept.

    Raises:
        InvalidInputError: the sequence does not fit to the source, there is nothing to write, or voxels are NaN.
        UnreadableFileError: the source cannot be read.
        UnwritableFileError: the folder holds something, or cannot be written to.
        MissingPackageError: `anonymise`, and dicom-anonymizer is not installed.

    Example:
        >>> import temporal_interp as ti
        >>> cine = ti.read("STUDY", series=21)  # doctest: +SKIP
        >>> smooth = ti.interpolate(cine, factor=2)  # doctest: +SKIP
        >>> ti.write_dicom(smooth, "DERIVED", source=ti.dicom_source("STUDY", series=21))  # doctest: +SKIP
    """
    path = Path(path)
    if source is not None and not isinstance(source, DicomSource):
        source = dicom_source(source, progress=progress)
    with write_errors_naming(path), odd_values_accepted():
        identity: Identity = Anonymised() if anonymise else Kept()
        if source is not None:
            source.require_fits(sequence)
        plan = [origin for origin in origins(sequence, source) if acquired or origin.is_synthetic]
        if not plan:
            raise InvalidInputError("there is no frame to write; the sequence has no synthetic one.")
        with atomic_folder(path, overwrite=overwrite) as folder:
            notes = _write(sequence, plan, source, identity, folder, progress)
            written = {file.name for file in folder.iterdir()}
        for left in path.glob(FILE_NAMES):
            if left.name not in written:
                left.unlink()  # of an earlier series with more files, which this one replaces
    return notes


def require_storable(sequence: Sequence, source: DicomSource | None, count: int) -> None:
    """Raise InvalidInputError if frames made from a sequence cannot be kept as DICOM.

    Args:
        sequence: the acquired frames.
        source: their DICOM images; None where there are none.
        count: number of frames that are to be written.
    """
    if source is None:
        sequence.require_finite()
    if source is None or source.clip is not None or source.is_enhanced:
        require_size(count * math.prod(sequence.geometry.shape) * min(2, sequence[0].array.dtype.itemsize))


def _write(
    sequence: Sequence,
    plan: list[Origin],
    source: DicomSource | None,
    identity: Identity,
    folder: Path,
    progress: Progress,
) -> list[str]:
    """Write the files of a plan, and return notes."""
    made = any(origin.is_synthetic for origin in plan)
    if source is None:
        series = DerivedSeries.of(capture_header(), [], made)
        return [NOTE, *_rounding(write_capture(sequence, plan, series, folder))]
    first = read_source_header(source.first_path, identity)
    names = [] if isinstance(identity, Anonymised) else source.descriptions
    series = DerivedSeries.of(first, names, made)
    if source.clip is not None:
        error = write_clip(sequence, plan, source, identity, series, folder)
    elif source.is_enhanced:
        error = write_enhanced(sequence, plan, source, identity, series, folder, progress)
    else:
        error = write_classic(sequence, plan, source, identity, series, folder, progress)
    notes = _rounding(error)
    if isinstance(identity, Anonymised) and text(first, "BurnedInAnnotation") != "NO":
        notes.append("The headers do not say that the pixels are free of names; look at them before passing them on.")
    return notes


def _rounding(error: float) -> list[str]:
    return [f"DICOM stores integers: voxels were rounded by up to {error:.2g}."] * (error > 0)
