"""The paper's ablations (section 3.3, Tables 2 and 3), on any data set and at any size.

Every row trains a teacher and a student that differ from those of the configuration in the settings of the row, and
scores the student on all frames of subjects that were used neither for training nor for choosing the checkpoint. With
several seeds everything is trained once for each of them, and a score is a mean with its standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from temporal_interp.data.training_sample import SampleSource
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.io.locks import alone_in
from temporal_interp.models.model_file import read_description
from temporal_interp.networks import NetworkSettings
from temporal_interp.training.ablation_rows import OF_BOTH, ROWS, WITHOUT_NEIGHBOURS, PaperScores, Row
from temporal_interp.training.configuration import Configuration
from temporal_interp.training.datasets.catalogue import held_out_samples, sample_sources
from temporal_interp.training.datasets.subject import errors_of
from temporal_interp.training.logic import Hardware, TrainingLogic, require_same_training
from temporal_interp.training.scores import linear_blend, score
from temporal_interp.training.settings import TrainingSettings

WITHOUT = ", without context"
"""Ends the name of the row in which a student that looks at the frames around is scored on two frames alone."""


@dataclass(frozen=True)
class ScoredRow:
    """A row with its scores.

    Attributes:
        name: of the row, or of a given model.
        tables: of the paper, that contain it.
        model: the file that was scored, with the first seed; None for the blend.
        scores: by name, see `training.scores.score`; the mean over the seeds.
        paper: its published scores; None if there are none.
        spread: standard deviation of the scores over the seeds, with n - 1; empty with one seed, and where nothing is
            trained.
    """

    name: str
    tables: tuple[int, ...]
    model: Path | None
    scores: Mapping[str, float]
    paper: PaperScores | None
    spread: Mapping[str, float] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        """Return the row as a tidy row of a report: scores by name, with `psnr_std` and `paper_psnr` and so on."""
        paper = self.paper._asdict() if self.paper else {}
        return {
            "row": self.name,
            "tables": " ".join(map(str, self.tables)),
            "model": self.model or "",
            **self.scores,
            **{f"{name}_std": value for name, value in self.spread.items()},
            **{f"paper_{name}": value for name, value in paper.items()},
        }

    def as_json(self) -> dict[str, Any]:
        """Return the row for JSON; scores may still be infinite."""
        return {
            "row": self.name,
            "tables": list(self.tables),
            "model": None if self.model is None else str(self.model),
            "scores": dict(self.scores),
            "spread": dict(self.spread),
            "paper": self.paper._asdict() if self.paper else None,
        }


def ablate(
    configuration: Configuration,
    folder: Path,
    *,
    rows: Sequence[Row] = ROWS,
    models: Mapping[str, Path] | None = None,
    seeds: int = 1,
    test_subjects: int | None = None,
    hardware: Hardware | None = None,
    progress: Progress = no_progress,
    scored: Callable[[Sequence[ScoredRow]], None] = lambda rows: None,
) -> list[ScoredRow]:
    """Train what is not trained yet, and score everything on the same samples of the test subjects.

    A row's networks are in FOLDER/row/teacher and FOLDER/row/student, those of further seeds in FOLDER/seed-N/row. A
    model found there is used as it is; a training found there is resumed. A teacher that several rows share is trained
    once for every seed. Where the data have context, a student that looks at it is scored in a further row on
    two frames alone; with several seeds, that of the first.

    Args:
        configuration: of the whole network and its training; rows change it.
        folder: for the folders of the rows.
        rows: what to train and score.
        models: model files, teachers or students, to score too, by their names in the table.
        seeds: number of seeds, from those of the configuration upwards, with which everything is trained.
        test_subjects: number of phantoms or synthetic subjects to score on; as many as choose the checkpoint if None.
        hardware: where it runs, as one process.
        progress: receives the progress; may raise CancelledError.
        scored: called with all rows so far whenever another one is done.

    Raises:
        InvalidInputError: the configuration lacks a part that a row leaves out, the folder holds an ablation of another
            configuration, a name is taken twice, there is no seed, or a row cannot be trained; the message names it.
        UnwritableFileError: another process works in the folder; the message says which.
    """
    if seeds < 1:
        raise InvalidInputError(f"An ablation needs at least one seed, got {seeds}.")
    given = dict(models or {})
    _require_different_names([*(row.name for row in rows), *given])
    for path in given.values():
        read_description(path)  # a file that cannot be used is refused before the long work
    run = _Run(configuration, Path(folder), hardware or Hardware(devices=1), test_subjects)
    runs = [run, *(run.with_seed(number) for number in range(1, seeds))]
    if any(row.kind != "blend" for row in rows):
        run.require_whole()
        if WITHOUT_NEIGHBOURS in rows and not configuration.network.context:
            raise InvalidInputError(
                f"The row '{WITHOUT_NEIGHBOURS.name}' leaves the context out, so the configuration must have it: set "
                "network: context: true."
            )
    done: list[ScoredRow] = []
    count = 2 * (len(rows) + len(given)) if run.given.data.context else len(rows) + len(given)

    def add(name: str, result: Callable[[Progress], ScoredRow]) -> None:
        of_row = part_of(progress, len(done) / count, (len(done) + 1) / count)
        with errors_of(f"row {name}"):
            done.append(result(lambda fraction, message: of_row(fraction, f"{name}: {message}")))
        scored(done)
        model = done[-1].model
        if model is not None and run.given.data.context and not name.endswith(WITHOUT) and _has_context(model):
            add(name + WITHOUT, partial(run.model, name + WITHOUT, model, context=False))

    trains = any(row.kind != "blend" for row in rows)
    with alone_in(run.folder) if trains else nullcontext():  # what trains nothing writes nothing there
        if trains:
            for each in runs:
                each.note_settings()
        for row in rows:
            add(row.name, partial(_over_seeds, runs, row))
        for name, path in given.items():
            add(name, partial(run.model, name, path))
    return done


def _has_context(model: Path) -> bool:
    """Tell whether a model file holds a student that looks at the frames around."""
    description = read_description(model)
    return description["kind"] == "student" and NetworkSettings.from_dict(description["settings"]).context


def _over_seeds(runs: Sequence[_Run], row: Row, progress: Progress) -> ScoredRow:
    """Return a row with the means and standard deviations of its scores over the runs, one for every seed."""
    if row.kind == "blend" or len(runs) == 1:
        return runs[0].row(row, progress)
    scored = []
    for number, run in enumerate(runs):
        of_seed = part_of(progress, number / len(runs), (number + 1) / len(runs))
        scored.append(run.row(row, _naming(f"seed {number + 1} of {len(runs)}", of_seed)))
    means, spread = {}, {}
    for name in scored[0].scores:
        values = [one.scores[name] for one in scored]
        means[name], spread[name] = float(np.mean(values)), float(np.std(values, ddof=1))
    return replace(scored[0], scores=means, spread=spread)


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
        self.test, self.score_seed = held_out_samples(data), configuration.student.seed
        self._sources = cache(lambda: sample_sources(configuration.data))

    def with_seed(self, number: int) -> _Run:
        """Return the same ablation with seeds higher by a number, in a folder of its own; it shares the data."""
        run = copy(self)
        run.folder = self.folder / f"seed-{number}"
        changed = {stage: getattr(self.given, stage) for stage in ("teacher", "student")}
        changed = {stage: replace(settings, seed=settings.seed + number) for stage, settings in changed.items()}
        run.given = replace(self.given, **changed)
        return run

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
            scores = score(linear_blend, self.test, seed=self.score_seed, progress=progress)
            return ScoredRow(row.name, row.tables, None, scores, row.paper)
        teacher = None
        if row.taught_by is not None:
            teacher = self._teacher(row, row.taught_by, part_of(progress, 0.0, 0.4))
        if row.kind == "student" or teacher is None:
            model = self._student(row, teacher, part_of(progress, 0.4, 0.9))
        else:
            model = teacher
        return ScoredRow(row.name, row.tables, model, self.scores(model, part_of(progress, 0.9, 1.0)), row.paper)

    def model(self, name: str, path: Path, progress: Progress, *, context: bool = True) -> ScoredRow:
        """Score a given model; without context, on two frames alone."""
        return ScoredRow(name, (), path, self.scores(path, progress, context=context), None)

    def scores(self, model: Path, progress: Progress, *, context: bool = True) -> dict[str, float]:
        """Return the scores of a model on the test subjects; the same samples for all rows and seeds."""
        settings = replace(self.given.student, seed=self.score_seed)
        logic = TrainingLogic(self.folder, settings, hardware=self.hardware, progress=progress)
        return logic.evaluate(model, self.test, context=context)

    @property
    def sources(self) -> tuple[SampleSource, SampleSource | None]:
        """The training samples and those that choose the checkpoint; the same for all rows and seeds, read once."""
        return self._sources()

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
