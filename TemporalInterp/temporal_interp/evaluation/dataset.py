"""Scores engines on the held-out frames of many subjects: the test subjects of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.evaluation.evaluate import Evaluation, evaluate
from temporal_interp.evaluation.hold_out import between
from temporal_interp.evaluation.literature import TABLE_1
from temporal_interp.evaluation.presets import presets_named
from temporal_interp.training.datasets.catalogue import DataSettings, open_split
from temporal_interp.training.datasets.subject import Subject, errors_of

SCORED_DATASETS = ("acdc", "lung4d", "folder", "phantoms")
"""Data sets whose subjects have sequences to hold frames out of."""

SPLITS = ("paper", "random", "all")

PHANTOMS = 10
"""Number of phantoms to score by default, as many as ACDC has test patients."""

READ_SHARE = 0.1
"""Share of the progress of a subject for reading or drawing it (our estimate)."""

LUNG_PRESETS = {"uvi": "uvi_lung", "both": "both_lung"}
"""The presets for 4D-Lung, whose volumes are cropped to the body as they are loaded."""


@dataclass(frozen=True, eq=False)
class ScoredSubjects:
    """The subjects of a data set that are scored.

    Attributes:
        dataset: one of `SCORED_DATASETS`.
        split: one of `SPLITS`.
        subjects: those to score, one or more.
        available: number of subjects to choose from.
    """

    dataset: str
    split: str
    subjects: tuple[Subject, ...]
    available: int

    @property
    def description(self) -> str:
        """Description of the scored subjects."""
        if self.dataset == "phantoms":
            return f"phantoms, hearts outside the training sets: {self.available}"
        which = "subjects" if self.split == "all" else f"test subjects of the {self.split} split"
        return f"{self.dataset}: {len(self.subjects)} of {self.available} {which}"

    @property
    def as_in_the_paper(self) -> bool:
        """Whether these are exactly the subjects that the published figures were measured on."""
        return self.dataset in TABLE_1 and self.split == "paper" and len(self.subjects) == self.available


def subjects_to_score(
    dataset: str, folder: Path | None = None, *, split: str | None = None, count: int | None = None
) -> ScoredSubjects:
    """Return the subjects of a data set to score engines on; their images are not read yet.

    Args:
        dataset: one of `SCORED_DATASETS`.
        folder: of the data set; phantoms need none.
        split: "paper" for the test set of the literature, "random" for the one that training with the default shares
            and seed leaves out, "all" for every subject. None is the paper's where there is one, else random.
        count: number of subjects, from the first; None for all, and for `PHANTOMS` phantoms.

    Raises:
        InvalidInputError: the data set is unknown or not there, or does not have the split, or the count is below 1.
    """
    _require_known("data set to score on", dataset, SCORED_DATASETS)
    split = split or ("paper" if dataset in TABLE_1 else "random")
    _require_known("split", split, SPLITS)
    if count is not None and count < 1:
        raise InvalidInputError(f"The number of subjects must be at least 1, got {count}.")
    if dataset == "phantoms":
        if split != "random":
            raise InvalidInputError(f"Phantoms are drawn at random and have no split '{split}'; leave it out.")
        settings = DataSettings("phantoms", subjects=1, validation_subjects=count or PHANTOMS)
        subjects: Sequence[Subject] = open_split(settings).test
    elif split == "all":
        subjects = _find(dataset, folder)
    else:
        # who is in the test set does not depend on the share taken out of the others for validation
        given = {"dataset": dataset, "folder": folder, "split": split, "validation": 0.0}
        subjects = open_split(DataSettings.from_dict(given)).test
    return ScoredSubjects(dataset, split, tuple(subjects[:count]), len(subjects))


def _require_known(what: str, word: str, choices: Sequence[str]) -> None:
    if word not in choices:
        raise InvalidInputError(f"There is no {what} '{word}'; choose one of {', '.join(choices)}.")


def _find(dataset: str, folder: Path | None) -> Sequence[Subject]:
    from temporal_interp.training.datasets import acdc, lung4d, sequence_folder

    if folder is None:
        raise InvalidInputError(f"Give the folder of the data set '{dataset}'.")
    return {"acdc": acdc, "lung4d": lung4d, "folder": sequence_folder}[dataset].find(folder)


def evaluate_subjects(
    chosen: ScoredSubjects,
    engines: Sequence[Engine],
    *,
    preset: str | None = None,
    progress: Progress = no_progress,
) -> list[Evaluation]:
    """Predict the frames between the endpoints of every subject, and score them against the acquired frames.

    The endpoints are those of the data set, end diastole and end systole for ACDC; everything between is held out.
    Only one subject is in memory at a time. Phantoms are also scored against their exact motion.

    Args:
        chosen: from `subjects_to_score`.
        engines: what to evaluate; the nearest endpoint is always scored too.
        preset: "native", "uvi" or "both"; None is both where the literature has figures to compare with, else native.
            For 4D-Lung, uvi scales every frame on its own, but does not crop.
        progress: receives the progress; may raise CancelledError.

    Returns:
        One evaluation for every subject.

    Raises:
        InvalidInputError: a subject cannot be read or scored; the message names it. A mean over the others would not
            be the requested one.
    """
    preset = preset or ("both" if chosen.dataset in TABLE_1 else "native")
    if chosen.dataset == "lung4d":
        preset = LUNG_PRESETS.get(preset, preset)
    presets_named(preset)  # an unknown preset is refused before the first subject is read
    count = len(chosen.subjects)
    return [
        _evaluate_subject(subject, engines, preset, part_of(progress, number / count, (number + 1) / count))
        for number, subject in enumerate(chosen.subjects)
    ]


def _evaluate_subject(subject: Subject, engines: Sequence[Engine], preset: str, progress: Progress) -> Evaluation:
    def report(fraction: float, message: str) -> None:
        progress(fraction, f"{subject.name}: {message}")

    report(0.0, "reading")
    with errors_of(subject.name):
        case = subject.load()
        return evaluate(
            case.sequence,
            between(case.sequence, case.first, case.last),
            engines,
            preset=preset,
            truth=case.truth,
            patient=case.name,
            progress=part_of(report, READ_SHARE, 1.0),
        )
