"""Samples side by side, as a training step takes them, drawn so that they can be drawn again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from temporal_interp.data.training_sample import SampleSource, TrainingSample
from temporal_interp.errors import InvalidInputError

VALIDATION = -1
"""The epoch that validation samples are drawn for: always the same ones."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of one shape, stacked; see `TrainingSample` for the meaning of each.

    Attributes:
        first: (N, 1, K, J, I).
        last: (N, 1, K, J, I).
        target: (N, 1, K, J, I).
        t: (N,).
        spacing: (N, 3), mm, (K, J, I).
        displacements: (N, 2, 3, K, J, I), or None if one of the samples has none.
    """

    first: torch.Tensor
    last: torch.Tensor
    target: torch.Tensor
    t: torch.Tensor
    spacing: torch.Tensor
    displacements: torch.Tensor | None

    @classmethod
    def of(cls, samples: Sequence[TrainingSample]) -> Batch:
        """Return samples as a batch.

        Raises:
            InvalidInputError: they differ in shape.
        """
        shapes = {tuple(sample.first.shape[1:]) for sample in samples}
        if len(shapes) > 1:
            raise InvalidInputError(
                f"Samples of different shapes, {sorted(shapes)}, cannot be learnt in one step; "
                "give the data a shape to crop to, or set batch_size to 1."
            )
        known = all(sample.displacements is not None for sample in samples)
        return cls(
            *(torch.stack([getattr(sample, name) for sample in samples]) for name in ("first", "last", "target")),
            torch.tensor([sample.t for sample in samples], dtype=torch.float32),
            torch.tensor([sample.spacing for sample in samples], dtype=torch.float32),
            torch.stack([sample.displacements for sample in samples]) if known else None,
        )

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device."""
        moved = (None if value is None else value.to(device) for value in vars(self).values())
        return Batch(*moved)


class DrawnSamples(Dataset):
    """Samples by (epoch, number of the subject): the same key gives the same sample, in any process, at any time.

    Args:
        source: what to draw from.
        seed: of the draws.
    """

    def __init__(self, source: SampleSource, seed: int) -> None:
        self.source = source
        self.seed = seed

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: tuple[int, int]) -> TrainingSample:
        epoch, index = key
        # a seed has no negative parts, and validation is epoch -1
        return self.source.draw(index, np.random.default_rng([self.seed, epoch + 1, index]))


class EpochSampler(Sampler):
    """Keys (epoch, subject) in an order that depends on seed and epoch alone, shared out between processes.

    Args:
        count: number of subjects.
        seed: of the order.
        rank: number of this process.
        processes: how many there are; each gets as many keys as the others, so that none waits for ever.

    Raises:
        InvalidInputError: there is not a subject for each.
    """

    def __init__(self, count: int, seed: int, *, rank: int = 0, processes: int = 1) -> None:
        _require_enough(count, processes)
        self.count = count
        self.seed = seed
        self.rank = rank
        self.processes = processes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count // self.processes

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
        own = order[self.rank :: self.processes][: len(self)]
        return iter([(self.epoch, int(index)) for index in own])


class ValidationSampler(Sampler):
    """Keys of the samples to validate on: the same ones every time, shared out between processes.

    Args:
        count: number of subjects.
        rank: number of this process.
        processes: how many there are.

    Raises:
        InvalidInputError: there is not a subject for each, and the others would wait for its figures for ever.
    """

    def __init__(self, count: int, *, rank: int = 0, processes: int = 1) -> None:
        _require_enough(count, processes)
        self.keys = [(VALIDATION, index) for index in range(rank, count, processes)]

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.keys)


def _require_enough(count: int, processes: int) -> None:
    if count < processes:
        raise InvalidInputError(f"{processes} processes cannot share {count} subjects.")
