"""Trains the networks of others on the training data of the student that comes with the program.

They get the first and the last frame of each sample, in both orders, with the noise and flicker of the scanner; they
never see the frame between, because these methods learn to register one image to another. Loss and
optimiser are of their authors' kind: similarity of the warped image plus smoothness of its displacement, Adam, one
rate. The local correlation is ours, `local_correlation_loss`, which gives windows of noise less weight than theirs.

So that the benchmark does not favour our network, they get more than from their authors: the kept state is the best by
the frames between of the validation subjects, which are also scored; the time to draw and validate samples is not
counted; and mixed precision, as for the student, makes a step 1.3 to 1.8 times quicker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from peers.network_file import make_folder, network_path, write_network
from peers.networks import fresh_network, network_settings
from peers.pair_network import PairNetwork, PairTraining, displacement
from temporal_interp.data.training_sample import SampleSource
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.networks import Synthesis
from temporal_interp.tensors.regularity import squared_gradient
from temporal_interp.tensors.similarity import local_correlation_loss
from temporal_interp.tensors.spatial import warp
from temporal_interp.training.configuration import find_configuration
from temporal_interp.training.datasets.batch import Batch, DrawnSamples, EpochSampler
from temporal_interp.training.datasets.catalogue import sample_sources
from temporal_interp.training.scores import score

CONFIGURATION = "synthetic"
"""The configuration that the networks that come with the program were trained with."""

SAME_SECONDS = 1830.0
"""Time that the training of the student and of its teacher took together on one thread: 960 s for the teacher and 870 s
for the student, by the clock, the drawing of samples and validation included."""

WINDOW = 9
"""Side of the windows of the local correlation, in pixels, as in the paper and in voxelmorph; MONAI's default is 3."""

VALIDATIONS = 12
"""Number of validations of a training, at equal intervals."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of a training.

    Attributes:
        state: the best weights, by name.
        scores: of these on the validation samples, by name as in `training.scores.score`.
        seconds: processor time of all steps.
        steps: number of all steps.
        course: seconds and gain over the linear blend in dB at every validation.
    """

    state: dict[str, torch.Tensor]
    scores: dict[str, float]
    seconds: float
    steps: int
    course: list[tuple[float, float]]


def train_network(
    name: str,
    *,
    output: Path,
    seconds: float = SAME_SECONDS,
    subjects: Path | None = None,
    seed: int = 0,
    settings: PairTraining | None = None,
    progress: Progress = no_progress,
) -> Path:
    """Train a network of others on the synthetic subjects and return its file, <output>/<name>.safetensors.

    The file is written, whole or not at all, after every validation: a training that is stopped leaves the best so far.

    Args:
        name: "voxelmorph" or "monai_voxelmorph".
        output: folder for the file.
        seconds: processor time for the steps, of all threads together: on one thread that of the clock.
        subjects: folder to keep the synthetic subjects in; None keeps them only in memory.
        seed: of fresh weights, order and samples. The number of steps in the time depends on the machine.
        settings: to use instead of the frozen ones of `networks.yaml`.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: there is no such network, its package is missing, or the file cannot be written.
    """
    settings = settings or network_settings(name)
    network = fresh_network(name, settings, seed=seed)
    path = network_path(name, output)
    make_folder(path.parent)  # now, not after half an hour
    data = replace(find_configuration(CONFIGURATION).data, folder=subjects)
    about = {
        "trained_on": f"{data.subjects} synthetic subjects, no patient: first and last frames of samples, both orders",
        "data": data.as_dict(),
        "seed": seed,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }

    def keep(fitted: Fitted) -> None:
        measured = {
            "seconds": fitted.seconds,
            "steps": fitted.steps,
            "validation": fitted.scores,
            "course": fitted.course,
        }
        write_network(path, name, fitted.state, settings, about | measured)

    learnt, checked = sample_sources(data)
    fit(network, learnt, checked, settings, seconds=seconds, seed=seed, keep=keep, progress=progress)
    return path


def fit(
    network: PairNetwork,
    training: SampleSource,
    validation: SampleSource,
    settings: PairTraining,
    *,
    seconds: float,
    seed: int = 0,
    keep: Callable[[Fitted], None] = lambda fitted: None,
    progress: Progress = no_progress,
) -> Fitted:
    """Train a network in place and return the state that is best on the validation samples.

    Args:
        network: fresh or trained.
        training: samples of single slices.
        validation: samples that choose the state.
        settings: loss, rate and size of a step.
        seconds: processor time for the steps; drawing samples and validating are not counted.
        seed: of order and samples.
        keep: called with the best state after every validation.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: the samples are stacks, or a setting makes no sense.
    """
    loss = _loss(settings)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    batches = _batches(training, settings.samples_per_step, seed)
    spent, steps = 0.0, 0
    best = _Best(network, validation, seed)
    fitted = best.validated(spent, steps)
    for stop in range(1, VALIDATIONS + 1):
        while spent < seconds * stop / VALIDATIONS:
            moving, fixed = _pairs(next(batches))
            start = time.process_time()
            value = _step(network, optimiser, loss, moving, fixed, mixed=settings.precision == "bf16")
            spent += time.process_time() - start
            steps += 1
            gain = f"gain {fitted.scores['gain']:.3f} dB"
            progress(min(spent / seconds, 1.0), f"step {steps}, loss {value:.5f}, best {gain}")
        fitted = best.validated(spent, steps)
        keep(fitted)
    return fitted


class _Best:
    """The best state of a network so far.

    Args:
        network: to validate.
        validation: samples to validate on.
        seed: of the draws: the seed of the student's training gives the samples of its validation.
    """

    def __init__(self, network: PairNetwork, validation: SampleSource, seed: int) -> None:
        self.network, self.validation, self.seed = network, validation, seed
        self.state: dict[str, torch.Tensor] = {}
        self.scores = {"gain": float("-inf")}
        self.course: list[tuple[float, float]] = []

    def validated(self, seconds: float, steps: int) -> Fitted:
        """Validate the network after a number of seconds and steps, and return the best state so far."""
        self.network.eval()
        scores = score(scaled_fields(self.network), self.validation, seed=self.seed)
        self.network.train()
        self.course.append((round(seconds, 1), round(scores["gain"], 4)))
        if scores["gain"] > self.scores["gain"]:
            self.scores = scores
            self.state = {key: weights.detach().clone() for key, weights in self.network.state_dict().items()}
        return Fitted(self.state, self.scores, round(seconds, 1), steps, list(self.course))


def scaled_fields(network: PairNetwork) -> Callable[[Batch], Synthesis]:
    """Return a function that synthesises a batch like `ScaledFieldsEngine`: fields scaled by t, then a blend."""

    def synthesise(batch: Batch) -> Synthesis:
        moving, fixed = _pairs(batch)
        t = batch.t.view(-1, 1, 1, 1)
        shares = torch.cat([t, 1 - t])
        scaled = shares * displacement(network, moving, fixed)
        deformed = warp(moving, scaled)
        from_first, from_last = deformed.chunk(2)
        volume = torch.lerp(from_first, from_last, t)
        weights = torch.cat([0 * t, 1 - t, 0 * t, t], dim=1).expand(-1, -1, *volume.shape[2:])
        return Synthesis(volume, [scaled], [deformed], weights, torch.zeros_like(volume))

    return synthesise


def _pairs(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return moving and fixed slices of a batch, (2 N, 1, J, I): first onto last, then last onto first."""
    if batch.first.shape[2] != 1:
        raise InvalidInputError("These networks learn from single slices; give samples of one slice.")
    first, last = batch.first.squeeze(2), batch.last.squeeze(2)
    return torch.cat([first, last]), torch.cat([last, first])


def _batches(source: SampleSource, size: int, seed: int) -> Iterator[Batch]:
    """Draw batches forever, in the student's order; the last batch of an epoch may be smaller."""
    drawn, sampler = DrawnSamples(source, seed), EpochSampler(len(source), seed)
    for epoch in count():
        sampler.set_epoch(epoch)
        keys = iter(sampler)
        while some := list(islice(keys, size)):
            yield Batch.of([drawn[key] for key in some])


Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def _loss(settings: PairTraining) -> Loss:
    """Return the loss of warped image, fixed image and displacement."""
    similarities: dict[str, Any] = {
        "mse": functional.mse_loss,
        "ncc": lambda warped, fixed: local_correlation_loss(warped, fixed, window=WINDOW),
    }
    if settings.similarity not in similarities:
        raise InvalidInputError(f"There is no similarity '{settings.similarity}'; choose {' or '.join(similarities)}.")
    similarity = similarities[settings.similarity]

    def loss(warped: torch.Tensor, fixed: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
        # their authors' mean is over both components and both axes, ours the sum
        smoothness = squared_gradient(field, (1.0, 1.0)) / 4
        return similarity(warped, fixed) + settings.smoothness * smoothness

    return loss


def _step(
    network: PairNetwork,
    optimiser: torch.optim.Optimizer,
    loss: Loss,
    moving: torch.Tensor,
    fixed: torch.Tensor,
    *,
    mixed: bool,
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
        field = displacement(network, moving, fixed, margin=0)
    value = loss(warp(moving, field.float()), fixed, field.float())
    optimiser.zero_grad()
    value.backward()
    optimiser.step()
    return float(value.detach())
