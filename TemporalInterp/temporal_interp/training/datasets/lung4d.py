"""4D-Lung of The Cancer Imaging Archive: breathing CT of 20 lung cancer patients, ten phases a scan, as DICOM.

Every phase is a series in a folder of its own, and its SeriesDescription ends in "Gated, 40.0%A". The cone-beam scans
of the same patients ("Gated, 40.0%", without the A) are another kind of image and are skipped, and so are structure
sets. Folders may be nested and named in any way: only the headers say what belongs together. Only one header is read
in every folder, so that listing the collection, several hundred thousand files, does not take long.

Source: Hugo et al., Data from 4D Lung Imaging of NSCLC Patients, TCIA 2016. The preparation and the partition are those
of UVI-Net (CVPR 2024), which TM-MSDF, Section 3.1, follows.
"""

from __future__ import annotations

import os
import re
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
import torch
from scipy import ndimage

from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, errors_naming, no_progress
from temporal_interp.io.dicom.scan import read_header
from temporal_interp.io.dicom.slice_images import slice_images
from temporal_interp.io.dicom.stack import stacks
from temporal_interp.tensors.spatial import resize
from temporal_interp.training.datasets.subject import Case, Split, errors_of, split_at_random

FIRST_PHASE, LAST_PHASE = 0.0, 50.0
"""Percentages of the endpoints: about the end of inhalation, and of exhalation."""

NEEDED_PHASES = tuple(10.0 * number for number in range(6))
"""Percentages without which a scan cannot be scored: both endpoints and the four phases between."""

ALL_PHASES = tuple(10.0 * number for number in range(10))

PAPER_SCANS, PAPER_TRAIN = 82, 68
"""Number of scans in the collection, and number of those, from the first on, that the literature trains on."""

PREPARED_SIZES = (256, 128)
"""Sides in voxels of the cubes to which a scan is resized, one after the other."""

LOWEST_HU, HIGHEST_HU = -1400.0, 200.0
BODY_HU = -500.0
"""Brighter voxels are body, or bed."""

_FAN_BEAM_PHASE = re.compile(r"Gated,\s*(\d+(?:\.\d+)?)\s*%\s*A\b", re.IGNORECASE)


@dataclass(frozen=True)
class Lung4DSubject:
    """One 4D scan.

    Attributes:
        name: patient and number of the scan, from 0, as in "100_HM10395_0".
        patient: ID of the patient.
        phases: folder of every phase by its percentage, rising.
        prepared: whether `load` prepares the frames as the literature does (see `prepare`) or keeps them as acquired.
    """

    name: str
    patient: str
    phases: Mapping[float, Path]
    prepared: bool = True

    def files(self) -> list[Path]:
        """Return the files that the case depends on."""
        return [file for folder in self.phases.values() for file in _files(folder)]

    def between_endpoints(self) -> Lung4DSubject:
        """Return the scan without the phases beyond the endpoints, so that these are not read."""
        return replace(self, phases={p: folder for p, folder in self.phases.items() if p <= LAST_PHASE})

    def load(self) -> Case:
        """Read the scan in HU; the endpoints are the phases 0 % and 50 %, and the phases between are scored.

        Frames are read and prepared one after the other; a whole scan of full size is in memory only if `prepared` is
        False.

        Raises:
            InvalidInputError: a series is damaged or incomplete, or phases do not lie on one voxel grid.
        """
        with errors_of(self.name):
            frames = [self._frame(folder) for folder in self.phases.values()]
            percentages = list(self.phases)
            missing = [f"{percentage:g} %" for percentage in ALL_PHASES if percentage not in self.phases]
            sequence = Sequence(
                volumes=[frame.volume for frame in frames],
                times=percentages,
                index_name="phase",
                unit="%",
                notes=[f"Phases are missing: {', '.join(missing)}."] if missing else [],
                slice_thickness=None if self.prepared else frames[0].thickness,
            )
            return Case(self.name, sequence, percentages.index(FIRST_PHASE), percentages.index(LAST_PHASE))

    def _frame(self, folder: Path) -> _Frame:
        with errors_naming(folder):
            frame = _read_phase(folder)
            return frame._replace(volume=prepare(frame.volume)) if self.prepared else frame


class _Frame(NamedTuple):
    volume: Volume
    thickness: float | None  # of a slice, mm


class _Series(NamedTuple):
    """The series in a folder, according to one header."""

    patient: str
    date: str
    study: str
    frame_of_reference: str
    percentage: float
    folder: Path

    @property
    def scan(self) -> tuple[str, str, str, str]:
        """Key of the scan: first the patient, then the study in the order of the folders of the archive's downloader.

        The names of those folders begin with MM-DD-YYYY and end in the last five digits of the study's UID.
        """
        try:
            date = datetime.strptime(self.date, "%Y%m%d").strftime("%m-%d-%Y")
        except ValueError:
            date = self.date
        return self.patient, date, self.study[-5:], self.study + self.frame_of_reference


def find(folder: Path, *, prepared: bool = True) -> list[Lung4DSubject]:
    """Return the 4D fan-beam scans in the order of the literature: by patient, then by the name of the study's folder.

    Args:
        folder: the collection, or any part of it.
        prepared: whether loading prepares the frames as the literature does.

    Raises:
        InvalidInputError: there is no scan, a scan has a phase twice, or scans lack a phase that is scored; the message
            names them all.
    """
    folder = Path(folder)
    with errors_naming(folder):
        series = sorted(_all_series(folder), key=lambda one: (one.scan, one.percentage))
        if not series:
            raise InvalidInputError(
                "there is no 4D-Lung here: no DICOM series with a description such as 'Gated, 0.0%A' was found."
            )
        subjects = []
        for patient, of_patient in groupby(series, key=lambda one: one.patient):
            for number, (_, phases) in enumerate(groupby(of_patient, key=lambda one: one.scan)):
                subjects.append(_subject(f"{patient}_{number}", list(phases), prepared=prepared))
        _require_scored_phases(subjects)
        return subjects


def _all_series(folder: Path) -> list[_Series]:
    found = []
    for path, _, names in os.walk(folder):
        files = [Path(path) / name for name in sorted(names) if not name.startswith(".")]
        header = next((header for file in files if (header := read_header(file)) is not None), None)
        series = None if header is None else _series(header, Path(path))
        if series is not None:
            found.append(series)
    return found


def _series(header: pydicom.Dataset, folder: Path) -> _Series | None:
    """Return the series of a header; None if it is not a phase of a fan-beam scan."""
    match = _FAN_BEAM_PHASE.search(str(header.get("SeriesDescription") or ""))
    if match is None:
        return None
    return _Series(
        patient=str(header.get("PatientID") or ""),
        date=str(header.get("StudyDate") or ""),
        study=str(header.get("StudyInstanceUID") or ""),
        frame_of_reference=str(header.get("FrameOfReferenceUID") or ""),
        percentage=float(match[1]),
        folder=folder,
    )


def _subject(name: str, series: abc.Sequence[_Series], *, prepared: bool) -> Lung4DSubject:
    phases = {one.percentage: one.folder for one in series}
    if len(phases) < len(series):
        doubled = next(one for one in series if phases[one.percentage] != one.folder)
        raise InvalidInputError(
            f"the scan {name} has its phase {doubled.percentage:g} % twice, in {doubled.folder} and in "
            f"{phases[doubled.percentage]}; remove one of them."
        )
    return Lung4DSubject(name, series[0].patient, phases, prepared)


def _require_scored_phases(subjects: abc.Sequence[Lung4DSubject]) -> None:
    listed = [
        f"\n- {subject.name} in {next(iter(subject.phases.values())).parent}: {', '.join(missing)}"
        for subject in subjects
        if (missing := [f"{percentage:g} %" for percentage in NEEDED_PHASES if percentage not in subject.phases])
    ]
    if listed:
        raise InvalidInputError(f"scans lack phases. Get them again, or remove these scans:{''.join(listed)}")


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))


def _read_phase(folder: Path) -> _Frame:
    """Return the one volume in a folder, in HU, and its slice thickness."""
    headers = [(header, file) for file in _files(folder) if (header := read_header(file)) is not None]
    images = [image for header, file in headers for image in slice_images(header, file)]
    found = stacks(images)
    if len(found) != 1 or found[0].phases != 1 or len({image.series.uid for image in images}) != 1:
        listed = "".join(f"\n- {stack}" for stack in found)
        raise InvalidInputError(f"this folder should hold one series of one phase and nothing else:{listed}")
    sequence = found[0].sequence(no_progress)
    return _Frame(sequence.volumes[0], sequence.slice_thickness)


def preparation() -> str:
    """Return what `prepare` depends on besides the phase, in one line."""
    return f"lung4d, sides {PREPARED_SIZES}, {LOWEST_HU:g} to {HIGHEST_HU:g} HU, body from {BODY_HU:g} HU"


def prepare(volume: Volume) -> Volume:
    """Return a phase in HU as UVI-Net prepares it, except for the scaling to [0, 1], which the preset does.

    The phase is resized over the same extent to 256³ and then to 128³ voxels (linearly, without smoothing) and clipped
    to [-1400, 200] HU. The darkest value replaces the bed, and the bounding box of the body is centred in the plane.
    Every frame is centred on its own, as in the paper; so the origin of the grid is nominal, and static tissue may
    jump by a voxel.

    The paper takes stored values - 1000 for HU; here the rescaling of the headers is used, which is the same for a
    slope of 1 and an intercept of -1000. The box of the paper leaves out its last row and column; here it is whole.

    Args:
        volume: one phase in HU.

    Returns:
        (128, 128, 128) float32.

    Raises:
        InvalidInputError: no voxel of the volume is as dense as a body.
    """
    resized = _resized(volume)
    hu = np.clip(resized.array, LOWEST_HU, HIGHEST_HU)
    hu = np.where(body_mask(hu), hu, hu.min())
    return resized.with_array(_centred(hu))


def _resized(volume: Volume) -> Volume:
    image = torch.from_numpy(volume.array.astype(np.float32))[None, None]
    for side in PREPARED_SIZES:
        image = resize(image, (side, side, side))
    array, old = image[0, 0].numpy(), volume.geometry
    ratio = [have / new for have, new in zip(old.shape, array.shape, strict=True)]
    spacing = tuple(s * r for s, r in zip(old.spacing, reversed(ratio), strict=True))
    origin = old.physical_point([(r - 1) / 2 for r in ratio])  # the outer faces of the grid stay in place
    return Volume(array, replace(old, shape=array.shape, spacing=spacing, origin=tuple(origin)))


def body_mask(hu: np.ndarray) -> np.ndarray:
    """Return the voxels of the patient, (K, J, I) bool: with the lungs, without the bed, with a margin of three voxels.

    Three times over, the mask is reduced to its largest connected part, and every slice of that to its largest part
    with holes filled, eroded by one voxel to cut the bridges between body and bed. At the end it is dilated three times
    by 3 x 3 x 3 voxels. Source: the code of UVI-Net.

    Args:
        hu: (K, J, I), HU.

    Raises:
        InvalidInputError: no voxel is as dense as a body.
    """
    mask = hu > BODY_HU
    if not mask.any():
        raise InvalidInputError(f"no voxel is above {BODY_HU:g} HU, so there is no body; is this a CT in HU?")
    for _ in range(3):
        filled = [_largest_outline(section) for section in _largest_part(mask, np.ones((3, 3, 3)))]
        rimless = ndimage.binary_erosion(filled, ndimage.generate_binary_structure(2, 1)[None])
        mask = rimless if rimless.any() else np.asarray(filled)
    return ndimage.binary_dilation(mask, np.ones((3, 3, 3)), iterations=3)


def _largest_part(mask: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    labels, _ = ndimage.label(mask, neighbours)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == sizes.argmax() if sizes.any() else mask


def _largest_outline(section: np.ndarray) -> np.ndarray:
    """Return the largest connected part of a slice (J, I), its holes filled."""
    return _largest_part(ndimage.binary_fill_holes(section), np.ones((3, 3)))


def _centred(hu: np.ndarray) -> np.ndarray:
    """Return (K, J, I) with the bounding box of the body in the middle of the plane, on the darkest value."""
    body = hu > BODY_HU
    _, rows, columns = ndimage.find_objects(body.any(axis=0, keepdims=True).astype(np.uint8))[0]
    part = hu[:, rows, columns]
    before = [(whole - size) // 2 for whole, size in zip(hu.shape[1:], part.shape[1:], strict=True)]
    centred = np.full_like(hu, hu.min())
    centred[:, before[0] : before[0] + part.shape[1], before[1] : before[1] + part.shape[2]] = part
    return centred


def paper_split(subjects: abc.Sequence[Lung4DSubject], *, validation: float = 0.0, seed: int = 0) -> Split:
    """Return the split of the literature: of the 82 scans, in the order of `find`, the first 68 train, the others test.

    If the border falls between two scans of one patient, that patient is in both sets; `patient_split` never does that.

    Args:
        subjects: from `find`, the whole collection.
        validation: share of the patients of the 68 that chooses the checkpoint instead; the paper's is 0.
        seed: seed of that choice.

    Raises:
        InvalidInputError: there are not 82 scans, so scores could not be compared with the literature.
    """
    if len(subjects) != PAPER_SCANS:
        raise InvalidInputError(
            f"The split of the literature needs the {PAPER_SCANS} fan-beam scans of 4D-Lung, {len(subjects)} are "
            f"there. Get the whole collection, or split by patient."
        )
    learning = patient_split(subjects[:PAPER_TRAIN], validation=validation, test=0.0, seed=seed)
    return Split(learning.train, learning.validation, tuple(subjects[PAPER_TRAIN:]))


def patient_split(
    subjects: abc.Sequence[Lung4DSubject], *, validation: float = 0.1, test: float = 0.15, seed: int = 0
) -> Split:
    """Return a random split by patient: all scans of a patient are in one set (see `split_at_random`)."""
    return split_at_random(subjects, validation=validation, test=test, seed=seed, unit=lambda subject: subject.patient)
