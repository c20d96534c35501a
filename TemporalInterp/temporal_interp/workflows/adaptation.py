"""Adapts a trained network to one sequence: every triplet of its acquired frames is a sample (our choice)."""

from __future__ import annotations

import tempfile
from collections import abc
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from temporal_interp.data.sequence import Sequence
from temporal_interp.data.training_sample import SampleSource, TrainingSample
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.networks import NetworkSettings, Student
from temporal_interp.networks.load import load_network
from temporal_interp.training.datasets.batch import Batch, DrawnSamples, ValidationSampler
from temporal_interp.training.datasets.subject import Case, LoadedSubject
from temporal_interp.training.datasets.subject_samples import SubjectSamples
from temporal_interp.training.logic import Hardware, TrainingLogic
from temporal_interp.training.settings import TrainingSettings
from temporal_interp.training.stage import psnr_and_gain

VALIDATION_REPEATS = 8
"""Number of random crops of every held-out frame that are validated."""

MIN_FRAMES = 5
"""Two triplets to learn from, and a frame to hold out."""


@dataclass(frozen=True)
class AdaptationSettings:
    """How a network is adapted.

    Attributes:
        training: of the student, and of the teacher where there is one.
        teacher_epochs: of the teacher, before the student; 0 leaves the teacher as it is.
        samples: in an epoch.
        hold_out: one usable frame of this many is held out, to measure the gain.
        shape: largest (K, J, I) of a sample.
        max_gap: longest distance between the ends of a sample, counted in usable frames.
    """

    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(epochs=6, batch_size=4, learning_rate=2e-4, averaging=0.98, cycle=0.5)
    )
    teacher_epochs: int = 4
    samples: int = 100
    hold_out: int = 6
    shape: tuple[int, int, int] = (8, 96, 96)
    max_gap: int = 3


@dataclass(frozen=True)
class Adaptation:
    """The result of an adaptation.

    Attributes:
        model: the adapted student's file.
        held_out: numbers of the frames that were not used for training.
        gain_before: dB of PSNR over the linear blend on these frames, in the moving region, with the student as it was.
        gain_after: the same with the adapted one.
    """

    model: Path
    held_out: tuple[int, ...]
    gain_before: float
    gain_after: float


def adapt(
    sequence: Sequence,
    student: Path,
    output: Path,
    *,
    teacher: Path | None = None,
    frames: abc.Sequence[int] | None = None,
    settings: AdaptationSettings | None = None,
    hardware: Hardware | None = None,
    progress: Progress = no_progress,
) -> Adaptation:
    """Fine-tune a student on a sequence and write the adapted one.

    Args:
        sequence: acquired frames.
        student: model file to start from.
        output: the model file to write.
        teacher: model file of a teacher to distil from, which is fine-tuned first; None adapts without one.
        frames: numbers of the frames that may be used; all if None.
        settings: how; the defaults if None.
        hardware: where it runs.
        progress: receives the progress; may raise CancelledError, and then nothing is written.

    Raises:
        InvalidInputError: there are too few frames, or a file cannot be used.
    """
    settings = settings or AdaptationSettings()
    usable = sorted(set(range(len(sequence)) if frames is None else frames))
    if len(usable) < MIN_FRAMES:
        raise InvalidInputError(
            f"Adapting needs at least {MIN_FRAMES} frames, to learn from and one to hold out; there are {len(usable)}."
        )
    held_out = tuple(usable[2 : -1 : settings.hold_out])
    network = load_network(student, "student")
    learning, validation = _sources(sequence, usable, held_out, settings, network.settings)
    before = _gain(network, validation, settings.training.seed)
    # scored once, at the end: frames that chose among epochs would no longer measure the gain
    training = replace(settings.training, validate_every=settings.training.epochs, patience=0)
    teaching = settings.teacher_epochs if teacher is not None else 0
    share = teaching / (teaching + training.epochs)
    with tempfile.TemporaryDirectory() as folder:
        if teacher is not None and teaching:
            logic = TrainingLogic(
                Path(folder),
                replace(training, epochs=teaching, validate_every=teaching),
                hardware=hardware,
                progress=_in_words(part_of(progress, 0.0, share)),
            )
            taught = load_network(teacher, "teacher").settings
            teacher = logic.train_teacher(taught, learning, validation, start=teacher)
        logic = TrainingLogic(
            Path(folder), training, hardware=hardware, progress=_in_words(part_of(progress, share, 1.0))
        )  # fmt: skip
        adapted = logic.train_student(network.settings, learning, validation, teacher=teacher, start=student)
        after = _gain(load_network(adapted, "student"), validation, settings.training.seed)
        if after < before:  # no gain, so the student stays as it was
            adapted, after = student, before
        result = Adaptation(Path(output), held_out, before, after)
        _write(adapted, student, usable, result)
    return result


def _in_words(progress: Progress) -> Progress:
    """Return a progress callback that says what the training is for; epochs and losses are for those who train."""
    return lambda fraction, _message: progress(fraction, "learning from these frames")


def _sources(
    sequence: Sequence,
    usable: abc.Sequence[int],
    held_out: abc.Sequence[int],
    settings: AdaptationSettings,
    network: NetworkSettings,
) -> tuple[SampleSource, SampleSource]:
    """Return samples among the frames that are not held out, and samples whose target is a held-out frame.

    A network with context is also shown frames around the endpoints, which are never held-out ones.
    """
    context, by_slice = network.context, sequence.slices_are_independent or network.kernels == "slices"
    subject = LoadedSubject(Case("the sequence", sequence, usable[0], usable[-1]))
    geometry = sequence.volumes[0].geometry
    slices = 1 if by_slice else settings.shape[0]
    k, j, i = (min(n, w) for n, w in zip(geometry.shape, (slices, *settings.shape[1:]), strict=True))
    shape = (k, j, i)
    learnt = [frame for frame in usable if frame not in held_out]
    longest = settings.max_gap * max(after - before for before, after in pairwise(usable))
    learning = SubjectSamples(
        [subject],
        policy="triplets",
        shape=shape,
        frames=learnt,
        max_gap=longest,
        beside="drawn" if context else "none",
    )
    validation = []
    for frame in held_out:
        place = usable.index(frame)
        around = usable[place - 1 : place + 2]
        validation.append(
            SubjectSamples(
                [subject],
                policy="triplets",
                shape=shape,
                frames=around,
                max_gap=around[2] - around[0],
                flip=False,
                beside="kept" if context else "none",
                around=learnt,
            )
        )
    return _Repeated([learning], settings.samples), _Repeated(validation, VALIDATION_REPEATS)


class _Repeated:
    """Sources of one subject each, in turn, a number of times."""

    def __init__(self, sources: abc.Sequence[SampleSource], times: int) -> None:
        self.sources = sources
        self.times = times

    def __len__(self) -> int:
        return len(self.sources) * self.times

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        return self.sources[index % len(self.sources)].draw(0, rng)


def _gain(student: Student, validation: SampleSource, seed: int) -> float:
    """Return the mean gain in dB over the blend on the very samples that the training validates on."""
    drawn = DrawnSamples(validation, seed)
    gains = []
    with torch.inference_mode():
        for key in ValidationSampler(len(validation)):
            batch = Batch.of([drawn[key]])
            gains.append(psnr_and_gain(student(batch.first, batch.last, batch.t, batch.context), batch)[1])
    return float(torch.cat(gains).mean())


def _write(adapted: Path, start: Path, usable: abc.Sequence[int], result: Adaptation) -> None:
    model = load_model(adapted)
    report = {
        "adapted_from": load_model(start).sha256,
        "usable_frames": list(usable),
        "held_out_frames": list(result.held_out),
        "gain_before_db": result.gain_before,
        "gain_after_db": result.gain_after,
    }
    save_model(
        result.model, model.state, kind="student", settings=model.settings, training={**model.training, **report}
    )  # fmt: skip
