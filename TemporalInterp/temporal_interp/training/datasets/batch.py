"""Batches of training samples, and the data set and samplers that draw them reproducibly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from temporal_interp.data.training_sample import SampleSource, TrainingSample
from temporal_interp.errors import InvalidInputError
from temporal_interp.networks import Context

VALIDATION = -1
"""The epoch for which validation samples are drawn, so that they are the same in every epoch of a training."""

SampleKey = tuple[int, int]
"""(epoch, number of the subject)."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Training samples of one shape, stacked; `TrainingSample` says what each attribute means.

    Attributes:
        first: (N, 1, K, J, I).
        last: (N, 1, K, J, I).
        target: (N, 1, K, J, I).
        t: (N,).
        spacing: (N, 3), mm, (K, J, I).
        displacements: (N, 2, 3, K, J, I), or None if the motion of a sample is not known.
        context: the frames around, or None if no sample has any.
    """

    first: torch.Tensor
    last: torch.Tensor
    target: torch.Tensor
    t: torch.Tensor
    spacing: torch.Tensor
    displacements: torch.Tensor | None
    context: Context | None = None

    @classmethod
    def of(cls, samples: Sequence[TrainingSample]) -> Batch:
        """Return samples as a batch.

        >>> image = torch.zeros(1, 1, 32, 32)
        >>> sample = TrainingSample(image, image, image, t=0.5, spacing=(8.0, 1.5, 1.5))
        >>> Batch.of([sample, sample]).first.shape
        torch.Size([2, 1, 1, 32, 32])

        Raises:
            InvalidInputError: the samples differ in shape.
        """
        shapes = {tuple(sample.first.shape[1:]) for sample in samples}
        if len(shapes) > 1:
            raise InvalidInputError(
                f"Samples of different shapes, {sorted(shapes)}, cannot be learnt in one step; "
                "give the data a shape to crop to, or set batch_size to 1."
            )
        displacements = [sample.displacements for sample in samples if sample.displacements is not None]
        return cls(
            first=torch.stack([sample.first for sample in samples]),
            last=torch.stack([sample.last for sample in samples]),
            target=torch.stack([sample.target for sample in samples]),
            t=torch.tensor([sample.t for sample in samples], dtype=torch.float32),
            spacing=torch.tensor([sample.spacing for sample in samples], dtype=torch.float32),
            displacements=torch.stack(displacements) if len(displacements) == len(samples) else None,
            context=_context(samples),
        )

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device."""
        return Batch(
            first=self.first.to(device),
            last=self.last.to(device),
            target=self.target.to(device),
            t=self.t.to(device),
            spacing=self.spacing.to(device),
            displacements=None if self.displacements is None else self.displacements.to(device),
            context=None if self.context is None else self.context.to(device),
        )

    def slice_by_slice(self) -> Batch:
        """Return every slice as a sample of its own, those of one sample next to each other."""
        slices = self.first.shape[2]

        def apart(images: torch.Tensor) -> torch.Tensor:
            return images.transpose(1, 2).flatten(0, 1).unsqueeze(2)

        fields, context = self.displacements, self.context
        return Batch(
            first=apart(self.first),
            last=apart(self.last),
            target=apart(self.target),
            t=self.t.repeat_interleave(slices),
            spacing=self.spacing.repeat_interleave(slices, 0),
            displacements=None if fields is None else fields.permute(0, 3, 1, 2, 4, 5).flatten(0, 1).unsqueeze(3),
            context=(
                None if context is None else Context(apart(context.outer), context.distances.repeat_interleave(slices))
            ),
        )


def _context(samples: Sequence[TrainingSample]) -> Context | None:
    beside = [*(sample.before for sample in samples), *(sample.after for sample in samples)]
    if not any(beside):
        return None
    nothing = torch.zeros_like(samples[0].first)
    return Context(
        torch.stack([nothing if neighbour is None else neighbour.image for neighbour in beside]),
        torch.tensor([0.0 if neighbour is None else neighbour.distance for neighbour in beside]),
    )


class DrawnSamples(Dataset[TrainingSample]):
    """Training samples by key: equal keys give equal samples, in any process and in any order.

    Args:
        source: of the samples.
        seed: seed of the draws, 0 or more.
    """

    def __init__(self, source: SampleSource, seed: int) -> None:
        self.source = source
        self.seed = seed

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: SampleKey) -> TrainingSample:
        epoch, index = key
        # a seed has no negative parts, and validation is epoch -1
        return self.source.draw(index, np.random.default_rng([self.seed, epoch + 1, index]))


class EpochSampler(Sampler[SampleKey]):
    """The keys of an epoch, shared out between processes, in an order that depends on seed and epoch alone.

    Every process gets equally many keys, so that none waits for another forever.

    Args:
        count: number of subjects.
        seed: seed of the order.
        rank: number of this process.
        processes: number of processes.

    Raises:
        InvalidInputError: there are fewer subjects than processes.
    """

    def __init__(self, count: int, seed: int, *, rank: int = 0, processes: int = 1) -> None:
        _require_enough(count, processes)
        self.count = count
        self.seed = seed
        self.rank = rank
        self.processes = processes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose keys come next; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count // self.processes

    def __iter__(self) -> Iterator[SampleKey]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
        own = order[self.rank :: self.processes][: len(self)]
        return iter([(self.epoch, int(index)) for index in own])


class ValidationSampler(Sampler[SampleKey]):
    """The keys of the validation samples, shared out between processes: the same keys every time.

    Args:
        count: number of subjects.
        rank: number of this process.
        processes: number of processes.

    Raises:
        InvalidInputError: there are fewer subjects than processes; a process without one would keep the others waiting.
    """

    def __init__(self, count: int, *, rank: int = 0, processes: int = 1) -> None:
        _require_enough(count, processes)
        self.keys = [(VALIDATION, index) for index in range(rank, count, processes)]

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[SampleKey]:
        return iter(self.keys)


def _require_enough(count: int, processes: int) -> None:
    if count < processes:
        raise InvalidInputError(f"{processes} processes cannot share {count} subjects.")
