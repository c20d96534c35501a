"""The DICOM images that a sequence was read from, whose headers its derived series takes over."""

from __future__ import annotations

from collections import abc
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pydicom

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, errors_naming, no_progress
from temporal_interp.io.candidates import SeriesChoice, series_text
from temporal_interp.io.dicom.cine import chosen_acquisition
from temporal_interp.io.dicom.clip import Clip, clip_geometry
from temporal_interp.io.dicom.entries import odd_values_accepted, text
from temporal_interp.io.dicom.headers import SliceImage
from temporal_interp.io.dicom.scan import scan_files
from temporal_interp.io.dicom.stack import Stack, stack_geometry, stacks
from temporal_interp.io.files import require_exists

SAME_TIME = 1e-6
"""Index values that differ by less, in the unit of the sequence, are the same."""


@dataclass(frozen=True, eq=False)
class DicomSource:
    """The DICOM images of a sequence.

    Attributes:
        times: index values of the phases.
        unit: of the index.
        geometry: the voxel grid.
        slices: the images of every slice in order of their phase; none of a clip.
        clip: the file of a clip; None of single images and enhanced files.
    """

    times: abc.Sequence[float]
    unit: str
    geometry: Geometry
    slices: abc.Sequence[abc.Sequence[SliceImage]] = ()
    clip: Clip | None = None

    @property
    def is_enhanced(self) -> bool:
        """Whether the images are frames of enhanced multi-frame files."""
        return bool(self.slices) and self.slices[0][0].is_enhanced

    @property
    def first_path(self) -> Path:
        """The file of the first image."""
        return self.slices[0][0].path if self.clip is None else self.clip.path

    @property
    def descriptions(self) -> set[str]:
        """What the series are called."""
        return {self.clip.series.description} if self.clip else {image.series.description for image in self.images}

    @property
    def images(self) -> list[SliceImage]:
        """All images, slice by slice."""
        return [image for images in self.slices for image in images]

    @cached_property
    def instances(self) -> dict[Path, tuple[str, str]]:
        """SOP class and SOP instance of every file."""
        paths = {image.path for image in self.images} if self.clip is None else {self.clip.path}
        return {path: _instance(path) for path in sorted(paths)}

    def phase_at(self, time: float) -> int | None:
        """Return the number of the phase at an index value, None where there is none."""
        nearest = self.nearest(time)
        return nearest if abs(self.times[nearest] - time) <= SAME_TIME * max(1.0, abs(time)) else None

    def nearest(self, time: float) -> int:
        """Return the number of the phase nearest to an index value, the earlier one of two."""
        return min(range(len(self.times)), key=lambda number: abs(self.times[number] - time))

    def require_fits(self, sequence: Sequence) -> None:
        """Raise InvalidInputError unless a sequence has the voxel grid and the unit of these images."""
        if not self.geometry.is_close(sequence.geometry):
            raise InvalidInputError(
                "the sequence does not have the voxel grid of its DICOM source; it was read from other images, or was "
                "cropped or resampled since."
            )
        if self.unit != sequence.unit:
            raise InvalidInputError(
                f"the times of the sequence are in '{sequence.unit}', those of its DICOM source in '{self.unit}'."
            )


def dicom_source(
    path: Path | str,
    *,
    series: SeriesChoice | None = None,
    component: str | None = None,
    progress: Progress = no_progress,
) -> DicomSource:
    """Return the DICOM images that `read_sequence` takes; only headers are read.

    Args:
        path: as in `read_sequence`.
        series: as in `read_sequence`.
        component: as in `read_sequence`.
        progress: receives the progress.

    Raises:
        UnreadableFileError: as `read_sequence`; or there is no DICOM file.
        InvalidInputError: as `read_sequence`.
    """
    path = Path(path)
    with errors_naming(path):
        require_exists(path)
        chosen = chosen_acquisition(path, None if series is None else series_text(series), component, progress)
        return _source(chosen)


def source_among(
    folders: abc.Iterable[Path], series: abc.Collection[str], sequence: Sequence, progress: Progress = no_progress
) -> DicomSource:
    """Return the DICOM images that the acquired frames of a sequence were read from.

    Args:
        folders: that hold their files; subfolders are not looked into.
        series: UIDs of their series.
        sequence: the frames.
        progress: receives the progress.

    Raises:
        InvalidInputError: no images of these series in these folders fit to the sequence.
    """
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.iterdir()) if file.is_file()]
    found = scan_files(files, progress)
    images = [image for image in found.images if image.series.uid in series]
    acquired = [sequence.times[number] for number in sequence.acquired_frames]
    acquisitions: list[Stack | Clip] = [*stacks(images, together=len(series) > 1), *found.clips]
    for one in acquisitions:
        with suppress(InvalidInputError):
            source = _source(one)
            source.require_fits(sequence)
            if all(source.phase_at(time) is not None for time in acquired):
                return source
    raise InvalidInputError(
        "The DICOM files that the frames were loaded from are not where they were, or have changed. Load them again."
    )


def _source(acquisition: Stack | Clip) -> DicomSource:
    if isinstance(acquisition, Clip):
        times, unit = acquisition.times()
        return DicomSource(times, unit, clip_geometry(acquisition), clip=acquisition)
    order = acquisition.order
    return DicomSource(order.values, order.unit, stack_geometry(order.slices), order.slices)


def _instance(path: Path) -> tuple[str, str]:
    with odd_values_accepted():
        header = pydicom.dcmread(
            path, force=True, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True
        )
        return text(header, "SOPClassUID"), text(header, "SOPInstanceUID")
