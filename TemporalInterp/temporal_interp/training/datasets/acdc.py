"""The Automated Cardiac Diagnosis Challenge (ACDC) as it is distributed: short-axis cine MR of 150 patients.

    training/patient001/patient001_4d.nii.gz   the cine
                        Info.cfg               ED: 1, ES: 12, Group: DCM, Height, NbFrame, Weight (one a line)
                        patient001_frame01.nii.gz, patient001_frame01_gt.nii.gz, ...: not needed here
    testing/patient101/...

Source: Bernard et al., IEEE TMI 37(11), 2018. Phases are evenly spaced. Some headers have a wrong time step, which
changes the unit of time, but not t.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError, errors_naming
from temporal_interp.io import read_sequence
from temporal_interp.training.datasets.subject import Case, Split, errors_of, split_at_random

PAPER_TRAIN, PAPER_TEST = range(1, 91), range(91, 101)
"""Numbers of the patients in the split of the literature."""

INFO_FILE = "Info.cfg"

_PATIENT = re.compile(r"patient(\d{3})")


@dataclass(frozen=True)
class AcdcSubject:
    """One patient.

    Attributes:
        name: "patient001".
        path: the 4D NIfTI file.
        group: pathology: NOR, MINF, DCM, HCM or RV.
        end_diastole: number of the frame at end diastole, from 0 (Info.cfg counts from 1).
        end_systole: number of the frame at end systole, from 0.
    """

    name: str
    path: Path
    group: str
    end_diastole: int
    end_systole: int

    @property
    def number(self) -> int:
        """The patient's number, from 1 to 150."""
        return int(self.name.removeprefix("patient"))

    def files(self) -> list[Path]:
        """Return the files that the case depends on."""
        return [self.path, self.path.parent / INFO_FILE]

    def load(self) -> Case:
        """Read the cine, neither cropped nor scaled: the preset of an evaluation and the training samples do that.

        The endpoints are end diastole and end systole in the order of time. Where end systole comes first, t = 0 is
        end systole, and the frames between show the filling. Only frames acquired between the two count; nothing is
        assumed about how the end of the recording joins its beginning (our choice; the papers do not say).

        Raises:
            InvalidInputError: the file is damaged, or Info.cfg names frames that it does not have.
        """
        with errors_of(self.name):
            sequence = read_sequence(self.path)
            first, last = sorted((self.end_diastole, self.end_systole))
            return Case(self.name, sequence, first, last)


def find(folder: Path) -> list[AcdcSubject]:
    """Return the patients in the order of their numbers.

    Args:
        folder: the folder that holds `training`, `testing` or both, or one of these two.

    Raises:
        InvalidInputError: there is no patient, or a patient lacks the cine or a valid Info.cfg.
    """
    folder = Path(folder)
    with errors_naming(folder):
        homes = [home for home in (folder / "training", folder / "testing") if home.is_dir()] or [folder]
        patients = [p for home in homes if home.is_dir() for p in home.iterdir() if _PATIENT.fullmatch(p.name)]
        if not patients:
            raise InvalidInputError("there is no ACDC here: expected folders patient001, patient002, ...")
        return [_subject(patient) for patient in sorted(patients, key=lambda patient: patient.name)]


def _subject(folder: Path) -> AcdcSubject:
    name = folder.name
    cine = next((p for p in (folder / f"{name}_4d.nii.gz", folder / f"{name}_4d.nii") if p.is_file()), None)
    if cine is None:
        raise MissingFileError(f"{name} has no {name}_4d.nii.gz; get the patient's folder again.")
    info = _info(folder / INFO_FILE)
    try:
        return AcdcSubject(name, cine, info["Group"], int(info["ED"]) - 1, int(info["ES"]) - 1)
    except (KeyError, ValueError) as error:
        raise InvalidInputError(
            f"{name}/Info.cfg does not give ED and ES as whole numbers and a Group; get the patient's folder again."
        ) from error


def _info(path: Path) -> dict[str, str]:
    """Return the entries of an Info.cfg, one "key: value" a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(
            f"{path.parent.name}/Info.cfg cannot be read; get the patient's folder again."
        ) from error
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def paper_split(subjects: Sequence[AcdcSubject], *, validation: float = 0.0, seed: int = 0) -> Split:
    """Return the split of the literature: patients 001 to 090 train, 091 to 100 test; others are left out.

    Source: UVI-Net (CVPR 2024), whose partition TM-MSDF, Section 3.1, follows. It has no validation set.

    Args:
        subjects: from `find`; they must include patients 001 to 100.
        validation: share of the 90 that chooses the checkpoint instead, stratified by pathology; the paper's is 0.
        seed: seed of that choice.

    Raises:
        InvalidInputError: a patient is missing, so scores could not be compared with the literature.
    """
    by_number = {subject.number: subject for subject in subjects}
    missing = [f"{number:03d}" for number in (*PAPER_TRAIN, *PAPER_TEST) if number not in by_number]
    if missing:
        raise InvalidInputError(
            f"The split of the literature needs ACDC's patients 001 to 100; {len(missing)} are missing, such as "
            f"patient{missing[0]}. Get them, or use the stratified split."
        )
    learning = stratified_split([by_number[n] for n in PAPER_TRAIN], validation=validation, test=0.0, seed=seed)
    return Split(learning.train, learning.validation, tuple(by_number[n] for n in PAPER_TEST))


def stratified_split(
    subjects: Sequence[AcdcSubject], *, validation: float = 0.1, test: float = 0.1, seed: int = 0
) -> Split:
    """Return a random split in which every pathology has its share of every set (see `split_at_random`)."""
    return split_at_random(subjects, validation=validation, test=test, seed=seed, stratum=lambda subject: subject.group)
