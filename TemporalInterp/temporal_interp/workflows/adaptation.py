"""Adapts a trained network to one sequence: the velocity field, fitted to it, is the teacher (our choice).

The paper's student learns from a teacher that sees the frame between. Between neighbouring frames nobody has that one,
but the velocity field, which takes its time over one sequence, is ahead of the student there, and is learnt from.

The network learns until held-out frames gain no more, and is kept as it was at its best on them. Since they decide
that, they say too much of the gain. It is measured on other held-out frames, on which nothing depends. The velocity
field sees none of either. Where there is a gain, the network then learns from all frames, for as many epochs: held-out
frames lie in gaps twice as long as those that are to be filled.
"""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from temporal_interp.data.sequence import Sequence
from temporal_interp.data.training_sample import SampleSource
from temporal_interp.errors import Progress, no_progress, part_of
from temporal_interp.io.staging import staging_folder
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.networks import Student
from temporal_interp.networks.load import load_network
from temporal_interp.training.datasets.batch import Batch, DrawnSamples, ValidationSampler
from temporal_interp.training.logic import Hardware, TrainingLogic
from temporal_interp.training.settings import TrainingSettings
from temporal_interp.training.stage import psnr_and_gain
from temporal_interp.workflows.adaptation_samples import FrameRoles, held_out_samples, only, sample_shape
from temporal_interp.workflows.taught_samples import TaughtSamples


@dataclass(frozen=True)
class AdaptationSettings:
    """How a network is adapted.

    Attributes:
        training: of the student; `patience` ends it.
        samples: in an epoch, at least; see `TaughtSamples`.
        hold_out: one usable frame of this many is held out, in turn to tell when to stop and to measure the gain.
        shape: largest (K, J, I) of a sample.
    """

    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            epochs=4,
            batch_size=4,
            learning_rate=1e-3,
            schedule="cosine",
            averaging=0.95,
            alignment=0.03,
            motion=0.002,
            precision="auto",
            patience=2,
        )
    )
    samples: int = 160
    hold_out: int = 4
    shape: tuple[int, int, int] = (8, 96, 96)


FITTING = 0.25
"""Share of the time that the velocity field takes, of a cine in one slice."""


@dataclass(frozen=True)
class Adaptation:
    """The result of an adaptation.

    Attributes:
        model: the adapted student's file.
        epochs: passes after which the student was at its best; 0 where it gained nothing and stays as it was.
        deciding: numbers of the frames that were held out to tell that.
        held_out: numbers of the frames that were held out to measure the gain.
        gain_before: dB of PSNR over the linear blend on the latter, in the moving region, with the student as it was.
        gain_after: the same with the student at its best, which may be less; then it learnt from these frames, too.
    """

    model: Path
    epochs: int
    deciding: tuple[int, ...]
    held_out: tuple[int, ...]
    gain_before: float
    gain_after: float


def adapt(
    sequence: Sequence,
    student: Path,
    output: Path,
    *,
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
        frames: numbers of the frames that may be used; all if None.
        settings: how; the defaults if None.
        hardware: where it runs.
        progress: receives the progress; may raise CancelledError, and then nothing is written.

    Raises:
        InvalidInputError: there are too few frames, or a file cannot be used.
    """
    settings, hardware = settings or AdaptationSettings(), hardware or Hardware()
    usable = sorted(set(range(len(sequence)) if frames is None else frames))
    roles = FrameRoles.of(usable, settings.hold_out)
    network = load_network(student, "student")
    training, seed = settings.training, settings.training.seed
    shape = sample_shape(sequence, network.settings, settings.shape)
    around = roles.learnt if network.settings.context else None
    deciding, measuring = (
        held_out_samples(sequence, usable, held_out, shape, around=around)
        for held_out in (roles.deciding, roles.measured)
    )

    def taught(shown: abc.Sequence[int], start: Path, training: TrainingSettings, part: Progress, folder: Path) -> Path:
        """Return a student that has learnt from some frames; the deciding ones tell when to stop if not among them."""
        learning = TaughtSamples.of(
            only(sequence, shown),
            shape,
            count=settings.samples,
            context=network.settings.context,
            seed=seed,
            device=str(hardware.device),
            progress=part_of(part, 0.0, FITTING),
        )
        logic = TrainingLogic(
            folder, training, hardware=hardware, progress=_in_words(part_of(part, FITTING, 1.0))
        )  # fmt: skip
        validation = None if set(roles.deciding) <= set(shown) else deciding
        return logic.train_student(network.settings, learning, validation, start=start)

    place = Path(output).absolute().parent
    place.mkdir(parents=True, exist_ok=True)
    # beside the result: what a process that is killed leaves is swept there
    with staging_folder(place) as first, staging_folder(place) as last:
        trained = taught(roles.learnt, student, training, part_of(progress, 0.0, 0.5), first)
        adapted = load_network(trained, "student")
        better = _gain(adapted, deciding, seed) > _gain(network, deciding, seed)
        before = _gain(network, measuring, seed)
        epochs = load_model(trained).training["epochs"] if better else 0
        result = Adaptation(
            model=Path(output),
            epochs=epochs,
            deciding=roles.deciding,
            held_out=roles.measured,
            gain_before=before,
            gain_after=_gain(adapted, measuring, seed) if better else before,
        )
        if better:
            again = replace(training, epochs=epochs, validate_every=epochs, patience=0)
            trained = taught(usable, trained, again, part_of(progress, 0.5, 1.0), last)
        _write(trained if better else student, student, usable, result)
    return result


def _in_words(progress: Progress) -> Progress:
    """Return a progress callback that says what the training is for; epochs and losses are for those who train."""
    return lambda fraction, _message: progress(fraction, "learning from these frames")


def _gain(student: Student, held_out: SampleSource, seed: int) -> float:
    """Return the mean gain in dB over the blend on the very samples that a training with this seed validates on."""
    drawn = DrawnSamples(held_out, seed)
    gains = []
    with torch.inference_mode():
        for key in ValidationSampler(len(held_out)):
            batch = Batch.of([drawn[key]])
            gains.append(psnr_and_gain(student(batch.first, batch.last, batch.t, batch.context), batch)[1])
    return float(torch.cat(gains).mean())


def _write(adapted: Path, start: Path, usable: abc.Sequence[int], result: Adaptation) -> None:
    model = load_model(adapted)
    report = {
        "adapted_from": load_model(start).sha256,
        "usable_frames": list(usable),
        "deciding_frames": list(result.deciding),
        "held_out_frames": list(result.held_out),
        "gain_before_db": result.gain_before,
        "gain_after_db": result.gain_after,
    }
    save_model(
        result.model, model.state, kind="student", settings=model.settings, training={**model.training, **report}
    )  # fmt: skip
