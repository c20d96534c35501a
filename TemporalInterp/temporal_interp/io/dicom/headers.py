"""A 2D DICOM image: its series, its place, what may tell its time, and the scaling of its pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom

from temporal_interp.io.dicom.entries import text
from temporal_interp.io.dicom.marks import NO_MARK, Mark


@dataclass(frozen=True)
class Series:
    """A DICOM series, as a user knows it."""

    uid: str
    number: str
    description: str
    folder: str

    def __str__(self) -> str:
        description = f" '{self.description}'" if self.description else ""
        return f"series {self.number or '(no number)'}{description} in {self.folder}"

    @classmethod
    def of(cls, dataset: pydicom.Dataset, path: Path) -> Series:
        """Return the series that a file belongs to."""
        return cls(
            text(dataset, "SeriesInstanceUID"),
            text(dataset, "SeriesNumber"),
            text(dataset, "SeriesDescription"),
            path.absolute().parent.name,
        )


@dataclass(frozen=True, eq=False, slots=True)
class SliceImage:
    """One 2D image with a place in the patient: a file, or a frame of an enhanced multi-frame file.

    Attributes:
        path: the file.
        frame: number of the frame in it, 0 where it has one.
        is_enhanced: whether it is an enhanced multi-frame file.
        series: the series it belongs to.
        study: the patient and the study it belongs to.
        shape: rows and columns.
        pixel_spacing: mm between rows (along J) and between columns (along I).
        spacing_is_assumed: whether that is the spacing on the detector, as the header gives no other.
        position: LPS mm of the first pixel's centre.
        axes: unit vectors of I (along a row) and J (along a column), one per line, LPS.
        thickness: mm, None where not given.
        clues: what may tell the phase of the image, by the keyword of the entry; see `clues.py`.
        cycle: length of the cardiac cycle in ms, from R wave to R wave; None where not given.
        phases_announced: number of phases that the header promises for every slice, None where not given.
        component: of a complex image: magnitude, phase, real or imaginary.
        image_type: what else the header says on the kind of the image, such as the direction of a flow.
        auxiliary: MIP, MinIP, average or localiser, where its series serves others, else "".
        echo: time of the echo in ms, None where not given.
        acquisition: number of the acquisition, None where not given.
        slope: of the rescaling of stored values.
        intercept: of the rescaling of stored values.
        allocated: number of bits that a stored value takes.
        bits: number of bits of a stored value.
        signed: whether stored values are signed.
        window: level and width of the window that the header gives for rescaled values, None where it gives none.
        mark: whether it is synthetic, and how it was made.
    """

    path: Path
    frame: int
    is_enhanced: bool
    series: Series
    study: tuple[str, str]
    shape: tuple[int, int]
    pixel_spacing: tuple[float, float]
    spacing_is_assumed: bool
    position: np.ndarray
    axes: np.ndarray
    thickness: float | None
    clues: Mapping[str, float]
    cycle: float | None
    phases_announced: int | None
    component: str
    image_type: tuple[str, ...]
    auxiliary: str
    echo: float | None
    acquisition: int | None
    slope: float
    intercept: float
    allocated: int
    bits: int
    signed: bool
    window: tuple[float, float] | None = None
    mark: Mark = NO_MARK

    @property
    def normal(self) -> np.ndarray:
        """Unit vector at right angles to the image, so that (I, J, normal) is right-handed."""
        return np.cross(self.axes[0], self.axes[1])

    @property
    def stored_limits(self) -> tuple[int, int]:
        """Least and greatest value that can be stored."""
        return (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)


def series_names(images: Iterable[SliceImage]) -> str:
    """Return the series of some images in order of their number, for a message."""
    series = {image.series.uid: image.series for image in images}.values()
    return ", ".join(map(str, sorted(series, key=lambda one: (len(one.number), one.number, one.folder))))


def file_label(path: Path) -> str:
    """Return a file's name with that of its folder, by which a user finds it."""
    return f"{path.absolute().parent.name}/{path.name}"
