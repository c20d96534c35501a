"""The paper's ablations (section 3.3, Tables 2 and 3), on any data set and at any size.

Every row trains a teacher and a student that differ from those of the configuration in the settings of the row, and
scores the student on subjects that were used neither for training nor for choosing the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from temporal_interp.data.training_sample import SampleSource, TrainingSample
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.models.model_file import read_description
from temporal_interp.networks import NetworkSettings
from temporal_interp.training.configuration import Configuration
from temporal_interp.training.datasets.catalogue import held_out_samples, sample_sources
from temporal_interp.training.datasets.subject import errors_of
from temporal_interp.training.logic import Hardware, TrainingLogic, require_same_training
from temporal_interp.training.scores import linear_blend, score
from temporal_interp.training.settings import TrainingSettings

SAMPLES_PER_SUBJECT = 4
"""Samples drawn from every held-out subject."""

OF_BOTH = ("fusion", "refinement")
"""Settings that rows also change in the teacher; the others are of parts that only the student has."""


class PaperScores(NamedTuple):
    """Published scores, for ACDC after 200 epochs. Named as those of `training.scores`."""

    psnr: float
    ncc: float
    ssim: float
    nmse_x100: float


@dataclass(frozen=True)
class Row:
    """One row of an ablation.

    Attributes:
        name: on the command line, in the table, and of the row's folder.
        kind: "student" trains and scores a student, "teacher" a teacher; "blend" needs no network.
        tables: of the paper, that contain it.
        network: settings of the network that replace those of the configuration.
        student: settings of the student's training that replace those of the configuration.
        taught_by: name of the row in whose folder the teacher is; None trains without a teacher.
        paper: its published scores.
    """

    name: str
    kind: str = "student"
    tables: tuple[int, ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict)
    student: Mapping[str, Any] = field(default_factory=dict)
    taught_by: str | None = None
    paper: PaperScores | None = None


_LINEAR = {"motion": "linear", "exact_ends": True}
_WHOLE = PaperScores(35.21, 0.579, 0.982, 1.869)

ROWS = (
    Row("blend", kind="blend"),
    Row("linear-scaling", network=_LINEAR, taught_by="student"),
    Row(
        "no-modules",
        tables=(2,),
        network={**_LINEAR, "fusion": "none", "refinement": "none"},
        taught_by="no-modules",
        paper=PaperScores(30.85, 0.553, 0.964, 4.451),
    ),
    Row(
        "dfm",
        tables=(2,),
        network={**_LINEAR, "fusion": "finest", "refinement": "none"},
        taught_by="dfm",
        paper=PaperScores(31.73, 0.562, 0.967, 3.658),
    ),
    Row(
        "dfm-tm",
        tables=(2,),
        network={"fusion": "finest", "refinement": "none"},
        taught_by="dfm",
        paper=PaperScores(32.52, 0.569, 0.972, 2.728),
    ),
    Row(
        "dfm-tm-ref",
        tables=(2,),
        network={"fusion": "finest"},
        taught_by="dfm-tm-ref",
        paper=PaperScores(33.92, 0.576, 0.978, 2.197),
    ),
    Row(
        "recon-only",
        tables=(3,),
        student={"alignment": 0.0, "motion": 0.0, "distillation": 0.0},
        paper=PaperScores(32.08, 0.565, 0.963, 2.735),
    ),
    Row(
        "no-distillation",
        tables=(3,),
        student={"distillation": 0.0},
        paper=PaperScores(33.14, 0.570, 0.973, 2.298),
    ),
    Row("student", tables=(2, 3), taught_by="student", paper=_WHOLE),
    Row("teacher", kind="teacher", taught_by="student"),
)
"""All rows, each table in the paper's order.

Our reading: the teacher of a row lacks the modules that its student lacks. "recon-only" leaves out both the
alignment and the error of the known motion, since both guide the fields. "linear-scaling" is the whole network with
linear motion. "blend", "linear-scaling" and "teacher" are ours, for comparison.
"""

COMPARISON = ("blend", "linear-scaling", "no-distillation", "student", "teacher")
"""Rows that go with every table: in this order they should get better."""


@dataclass(frozen=True)
class ScoredRow:
    """A row with its scores.

    Attributes:
        name: of the row, or of a given model.
        tables: of the paper, that contain it.
        model: the file that was scored; None for the blend.
        scores: by name, see `training.scores.score`.
        paper: its published scores; None if there are none.
    """

    name: str
    tables: tuple[int, ...]
    model: Path | None
    scores: Mapping[str, float]
    paper: PaperScores | None

    def as_row(self) -> dict[str, Any]:
        """Return the row as a tidy row of a report: scores by name, those of the paper as `paper_psnr` and so on."""
        paper = self.paper._asdict() if self.paper else {}
        return {
            "row": self.name,
            "tables": " ".join(map(str, self.tables)),
            "model": self.model or "",
            **self.scores,
            **{f"paper_{name}": value for name, value in paper.items()},
        }

    def as_json(self) -> dict[str, Any]:
        """Return the row for JSON; scores may still be infinite."""
        return {
            "row": self.name,
            "tables": list(self.tables),
            "model": None if self.model is None else str(self.model),
            "scores": dict(self.scores),
            "paper": self.paper._asdict() if self.paper else None,
        }


def rows_of_tables(tables: Sequence[int]) -> tuple[Row, ...]:
    """Return the rows of tables of the paper, 2 or 3, and those for comparison.

    Raises:
        InvalidInputError: there is no ablation in such a table.
    """
    if not tables or not set(tables) <= {2, 3}:
        raise InvalidInputError(f"The paper's ablations are its tables 2 and 3, got {list(tables)}.")
    return tuple(row for row in ROWS if row.name in COMPARISON or set(row.tables) & set(tables))


def rows_named(names: Sequence[str]) -> tuple[Row, ...]:
    """Return rows by their names.

    Raises:
        InvalidInputError: there is no such row.
    """
    unknown = sorted(set(names) - {row.name for row in ROWS})
    if unknown or not names:
        raise InvalidInputError(
            f"There is no row '{', '.join(unknown)}' to ablate; choose from {', '.join(row.name for row in ROWS)}."
        )
    return tuple(row for row in ROWS if row.name in names)


def ablate(
    configuration: Configuration,
    folder: Path,
    *,
    rows: Sequence[Row] = ROWS,
    models: Mapping[str, Path] | None = None,
    test_subjects: int | None = None,
    hardware: Hardware | None = None,
    progress: Progress = no_progress,
    scored: Callable[[Sequence[ScoredRow]], None] = lambda rows: None,
) -> list[ScoredRow]:
    """Train what is not trained yet, and score everything on the same samples of the test subjects.

    A row's networks are in FOLDER/row/teacher and FOLDER/row/student. A model found there is used as it is; a training
    found there is resumed. A teacher that several rows share is trained once.

    Args:
        configuration: of the whole network and its training; rows change it.
        folder: for the folders of the rows.
        rows: what to train and score.
        models: model files, teachers or students, to score too, by their names in the table.
        test_subjects: number of phantoms or synthetic subjects to score on; as many as choose the checkpoint if None.
        hardware: where it runs, as one process.
        progress: receives the progress; may raise CancelledError.
        scored: called with all rows so far whenever another one is done.

    Raises:
        InvalidInputError: the configuration lacks a part that a row leaves out, the folder holds an ablation of another
            configuration, a name is taken twice, or a row cannot be trained; the message names the row.
    """
    given = dict(models or {})
    _require_different_names([*(row.name for row in rows), *given])
    for path in given.values():
        read_description(path)  # a file that cannot be used is refused before the long work
    run = _Run(configuration, Path(folder), hardware or Hardware(devices=1), test_subjects)
    if any(row.kind != "blend" for row in rows):
        run.require_whole()
        run.note_settings()
    done: list[ScoredRow] = []
    count = len(rows) + len(given)

    def add(name: str, result: Callable[[Progress], ScoredRow]) -> None:
        of_row = part_of(progress, len(done) / count, (len(done) + 1) / count)
        with errors_of(f"row {name}"):
            done.append(result(lambda fraction, message: of_row(fraction, f"{name}: {message}")))
        scored(done)

    for row in rows:
        add(row.name, partial(run.row, row))
    for name, path in given.items():
        add(name, partial(run.model, name, path))
    return done


@dataclass(frozen=True)
class RepeatedSource:
    """A source that draws `SAMPLES_PER_SUBJECT` samples of every subject."""

    source: SampleSource

    def __len__(self) -> int:
        return SAMPLES_PER_SUBJECT * len(self.source)

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return a sample of subject `index // SAMPLES_PER_SUBJECT`; every subject is read once."""
        return self.source.draw(index // SAMPLES_PER_SUBJECT, rng)


class _Run:
    """One ablation: its data, its folder, and how to train and score there.

    Args:
        configuration: of the whole network.
        folder: of the ablation.
        hardware: where it runs.
        test_subjects: see `ablate`.
    """

    def __init__(
        self, configuration: Configuration, folder: Path, hardware: Hardware, test_subjects: int | None
    ) -> None:
        self.given, self.folder, self.hardware = configuration, folder, hardware
        data = configuration.data
        if test_subjects is not None:
            data = replace(data, validation_subjects=test_subjects)
        self.test = RepeatedSource(held_out_samples(data))

    def require_whole(self) -> None:
        """Raise InvalidInputError unless the configuration has every part that rows leave out."""
        network, student = self.given.network, self.given.student
        lacking = {
            "network: motion: modulated": network.motion != "modulated",
            "network: fusion: all": network.fusion != "all",
            "network: refinement: gated or residual": network.refinement == "none",
            "student: alignment: above 0": student.alignment == 0,
            "student: distillation: above 0": student.distillation == 0,
        }
        if any(lacking.values()):
            raise InvalidInputError(
                "The rows of an ablation leave parts out of the whole network, so the configuration must have them: "
                f"set {'; '.join(setting for setting, is_lacking in lacking.items() if is_lacking)}."
            )

    def note_settings(self) -> None:
        """Record in the folder what is ablated, or raise InvalidInputError if it holds another ablation."""
        _ = self.sources  # invalid data are refused before anything is written
        sections = ("network", "data", "teacher", "student")
        require_same_training(self.folder, {name: getattr(self.given, name).as_dict() for name in sections})

    def row(self, row: Row, progress: Progress) -> ScoredRow:
        """Train the missing networks of a row, and score it."""
        if row.kind == "blend":
            scores = score(linear_blend, self.test, seed=self.given.student.seed, progress=progress)
            return ScoredRow(row.name, row.tables, None, scores, row.paper)
        teacher = None
        if row.taught_by is not None:
            teacher = self._teacher(row, row.taught_by, part_of(progress, 0.0, 0.4))
        if row.kind == "student" or teacher is None:
            model = self._student(row, teacher, part_of(progress, 0.4, 0.9))
        else:
            model = teacher
        return ScoredRow(row.name, row.tables, model, self.scores(model, part_of(progress, 0.9, 1.0)), row.paper)

    def model(self, name: str, path: Path, progress: Progress) -> ScoredRow:
        """Score a given model."""
        return ScoredRow(name, (), path, self.scores(path, progress), None)

    def scores(self, model: Path, progress: Progress) -> dict[str, float]:
        """Return the scores of a model on the test subjects; the same samples for all."""
        logic = TrainingLogic(self.folder, self.given.student, hardware=self.hardware, progress=progress)
        return logic.evaluate(model, self.test)

    @cached_property
    def sources(self) -> tuple[SampleSource, SampleSource]:
        """The training samples and those that choose the checkpoint; the same for all rows, so that they are read
        once."""
        return sample_sources(self.given.data)

    def _teacher(self, row: Row, taught_by: str, progress: Progress) -> Path:
        network = replace(self.given.network, **{k: v for k, v in row.network.items() if k in OF_BOTH})
        logic = self._logic(taught_by, self.given.teacher, _naming("teacher", progress))
        found = _found(logic.folder, "teacher", network)
        return found or logic.train_teacher(network, *self.sources, about=self._about(taught_by))

    def _student(self, row: Row, teacher: Path | None, progress: Progress) -> Path:
        network = replace(self.given.network, **row.network)
        logic = self._logic(row.name, replace(self.given.student, **row.student), _naming("student", progress))
        found = _found(logic.folder, "student", network)
        return found or logic.train_student(network, *self.sources, teacher=teacher, about=self._about(row.name))

    def _logic(self, row: str, settings: TrainingSettings, progress: Progress) -> TrainingLogic:
        return TrainingLogic(self.folder / row, settings, hardware=self.hardware, progress=progress)

    def _about(self, row: str) -> dict[str, Any]:
        return {"data": self.given.data.as_dict(), "row": row}


def _found(folder: Path, kind: str, network: NetworkSettings) -> Path | None:
    """Return a model that exists.

    Raises:
        InvalidInputError: it is not the model of the row, so its scores would be wrong.
    """
    model = folder / kind / f"{kind}.safetensors"
    if not model.exists():
        return None
    description = read_description(model)
    if description["kind"] != kind or NetworkSettings.from_dict(description["settings"]) != network:
        raise InvalidInputError(
            f"{model} is not a {kind} with the network settings of this row; remove it, or choose another folder."
        )
    return model


def _naming(kind: str, progress: Progress) -> Progress:
    return lambda fraction, message: progress(fraction, f"{kind}, {message}")


def _require_different_names(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInputError(f"There would be two rows '{', '.join(twice)}'; give a model another name.")
