"""TrainingLogic: trains and evaluates the networks without a window, from Python or the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from temporal_interp.data.training_sample import SampleSource
from temporal_interp.errors import CancelledError, InvalidInputError, Progress, UnreadableFileError, no_progress
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.locks import alone_in
from temporal_interp.io.plain_text import load_json
from temporal_interp.models.model_file import checksum, load_model, save_model
from temporal_interp.networks import NetworkSettings, Student, Teacher
from temporal_interp.networks.load import in_volumes, load_network, network_of
from temporal_interp.training.checkpoints import SafetensorsCheckpoints
from temporal_interp.training.data import SampleData
from temporal_interp.training.datasets.catalogue import DataSettings
from temporal_interp.training.hardware import Hardware
from temporal_interp.training.scores import score, synthesise_with
from temporal_interp.training.settings import TrainingSettings
from temporal_interp.training.stage import Stage, StudentStage, TeacherStage
from temporal_interp.training.trainer import CHECKPOINT_SUFFIX, make_trainer

Network = TypeVar("Network", Teacher, Student)


class TrainingLogic:
    """Trains the teacher, then the student; each stage has a folder with its checkpoints, logs and model.

    An interrupted stage resumes from its last finished epoch and gives the losses that it would have given without the
    interruption.

    Args:
        folder: for the folders `teacher` and `student`.
        settings: of the training.
        hardware: where it runs.
        progress: told how far it is; may raise CancelledError to stop.
    """

    def __init__(
        self,
        folder: Path,
        settings: TrainingSettings | None = None,
        *,
        hardware: Hardware | None = None,
        progress: Progress = no_progress,
    ) -> None:
        self.folder = Path(folder)
        self.settings = settings or TrainingSettings()
        self.hardware = hardware or Hardware()
        self.progress = progress

    def train_teacher(
        self,
        network: NetworkSettings,
        training: SampleSource,
        validation: SampleSource | None,
        *,
        start: Path | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Path:
        """Train the teacher and return its model file.

        Args:
            network: settings of the network.
            training: samples to learn from.
            validation: samples that choose the best epoch; without them the last epoch is kept.
            start: model file of a teacher to start from; None starts afresh.
            about: more to write into the model file, such as what it was trained on; a training resumes only with the
                same.

        Raises:
            InvalidInputError: the folder holds another training, a model file does not fit, or the data cannot be
                learnt from.
        """
        stage = TeacherStage(self._start(Teacher, network, start), self.settings)
        return self._train("teacher", stage, training, validation, {**(about or {}), **_checksums(start=start)})

    def train_student(
        self,
        network: NetworkSettings,
        training: SampleSource,
        validation: SampleSource | None,
        *,
        teacher: Path | None = None,
        start: Path | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Path:
        """Train the student and return its model file.

        Args:
            network: settings of the network.
            training: samples to learn from.
            validation: samples that choose the best epoch; without them the last epoch is kept.
            teacher: model file of the teacher; None trains without distillation.
            start: model file of a student to start from; None starts afresh. A student of slices is also a start for
                one of volumes, see `in_volumes`.
            about: see `train_teacher`.

        Raises:
            InvalidInputError: the folder holds another training, a model file does not fit, or the data cannot be
                learnt from.
        """
        teaching = None if teacher is None else load_network(teacher, "teacher")
        if teaching is not None and teaching.settings.scales != network.scales:
            raise InvalidInputError(
                f"The teacher has {teaching.settings.scales} scales and the student {network.scales}; "
                "distillation compares them scale by scale."
            )
        student = self._start(Student, network, start)
        about = {**(about or {}), **_checksums(teacher=teacher, start=start)}
        return self._train("student", StudentStage(student, self.settings, teaching), training, validation, about)

    def evaluate(self, model: Path, samples: SampleSource, *, context: bool = True) -> dict[str, float]:
        """Return the mean scores of a teacher's or a student's model file; `training.scores.score` explains them.

        It runs in float32, in this process, on one device of the hardware.

        Args:
            model: to score.
            samples: source of the samples to score on, drawn with the seed of the settings.
            context: show a student the frames around, where samples have such.

        Raises:
            InvalidInputError: the file cannot be used, there are no samples, or there is no such hardware.
        """
        loaded = load_model(model)
        device = self.hardware.device
        network = network_of(loaded, loaded.kind).to(device)
        synthesise = synthesise_with(network, context=context)
        return score(synthesise, samples, seed=self.settings.seed, device=device, progress=self.progress)

    def _start(self, kind: type[Network], settings: NetworkSettings, start: Path | None) -> Network:
        """Return a fresh network, or that of a model file with the same settings."""
        if start is None:
            return fresh(kind, settings, self.settings.seed)
        name = kind.__name__.lower()
        started = load_network(start, name)
        flat = settings.kernels == "volumes" and started.settings == replace(settings, kernels="slices")
        if flat and isinstance(started, Student):
            started = in_volumes(started)
        if not isinstance(started, kind) or started.settings != settings:
            raise InvalidInputError(f"{start} was built with other network settings than the {name} to train.")
        return started.train()

    def _train(
        self,
        kind: str,
        stage: Stage,
        training: SampleSource,
        validation: SampleSource | None,
        about: Mapping[str, Any],
    ) -> Path:
        for name, source in (("training", training), ("validation", validation)):
            if source is not None and len(source) == 0:
                raise InvalidInputError(f"There are no {name} samples; give at least one subject for them.")
        folder = self.folder / kind
        trainer = make_trainer(
            folder, self.settings, self.hardware, self.progress, validated=validation is not None
        )  # fmt: skip
        # the other processes of one training start with a rank of their own
        first = all(os.environ.get(rank, "0") == "0" for rank in ("LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"))
        with alone_in(folder) if first else nullcontext():
            own = {"network": stage.network.settings.as_dict(), **self.settings.as_dict(), **about}
            require_same_training(folder, own)
            last = folder / f"last{CHECKPOINT_SUFFIX}"
            data = SampleData(training, validation, self.settings)
            try:
                trainer.fit(stage, datamodule=data, ckpt_path=str(last) if last.exists() else None)
            except SystemExit as error:  # Lightning raises this at Ctrl-C
                raise CancelledError from error
            model = folder / f"{kind}.safetensors"
            if trainer.is_global_zero:
                kept = last if validation is None else folder / f"best{CHECKPOINT_SUFFIX}"
                checkpoint = SafetensorsCheckpoints().load_checkpoint(kept)
                trained = {"epochs": checkpoint["epoch"] + 1, "steps": checkpoint["global_step"], **about}
                save_model(
                    model,
                    network_state(checkpoint),
                    kind=kind,
                    settings=stage.network.settings.as_dict(),
                    training={**trained, "settings": self.settings.as_dict()},
                )
            trainer.strategy.barrier()
            return model


FREE_TO_CHANGE = ("epochs", "patience", "validate_every", "workers")
"""Settings that may differ when a training is resumed."""


FORMER = {"cycle": 0.0}
"""Settings that the program had when it recorded others, as they were where they did nothing."""


def require_same_training(folder: Path, settings: Mapping[str, Any]) -> None:
    """Record the settings of a training in its folder, or raise InvalidInputError if others are recorded there."""
    path = folder / "settings.json"
    wanted = {name: value for name, value in settings.items() if name not in FREE_TO_CHANGE}
    wanted = json.loads(json.dumps(wanted))  # as it will be read back
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # whole or not at all: other processes of the same training may be reading it
        with atomic_file(path, overwrite=True) as unfinished:
            unfinished.write_text(json.dumps(wanted, indent=2), encoding="utf-8")
        return
    try:
        found = dict(load_json(path.read_text(encoding="utf-8")))
    except (UnreadableFileError, ValueError, TypeError) as error:
        raise UnreadableFileError(f"{path} is damaged; choose another folder, or delete this one.") from error
    found, wanted = _with_defaults(found), _with_defaults(wanted)
    different = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    if different:
        raise InvalidInputError(
            f"{folder} holds a training with another {', '.join(different)}; choose another folder, or delete this one."
        )


def _with_defaults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return recorded settings, with the defaults of those that the program did not have yet when it recorded them."""
    training = {**FORMER, **TrainingSettings().as_dict()}
    parts = {"network": NetworkSettings(), "data": DataSettings()}
    defaults = {**{name: part.as_dict() for name, part in parts.items()}, "teacher": training, "student": training}
    whole = {
        name: {**defaults[name], **part} if name in defaults and isinstance(part, dict) else part
        for name, part in settings.items()
    }
    of_stage = {name: value for name, value in training.items() if name not in FREE_TO_CHANGE}
    return {**of_stage, **whole} if "learning_rate" in settings else whole


def _checksums(**files: Path | None) -> dict[str, str]:
    """Return the checksums of the model files that a training depends on, by their role."""
    return {f"{name}_sha256": checksum(file) for name, file in files.items() if file is not None}


def fresh(kind: type[Network], settings: NetworkSettings, seed: int) -> Network:
    """Return a network with weights that depend on the seed alone; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(settings)


def network_state(checkpoint: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return the network's weights from a checkpoint; the averaged ones if the training averages."""
    prefix = "network."
    return {k.removeprefix(prefix): v for k, v in checkpoint["state_dict"].items() if k.startswith(prefix)}
