"""A training sample, or triplet: two endpoints and the frame between them that a network learns to synthesise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class Neighbour:
    """The frame before the first endpoint or after the last.

    Attributes:
        image: (1, K, J, I) float32, scaled as the endpoints.
        distance: time between it and its endpoint over the time between both endpoints, above 0.
    """

    image: torch.Tensor
    distance: float


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """Two endpoints, the true frame between them and, where it is known, the true motion.

    Attributes:
        first: (1, K, J, I) float32, scaled to [0, 1]; the frame at t = 0.
        last: (1, K, J, I) float32, scaled to [0, 1]; the frame at t = 1.
        target: (1, K, J, I) float32, scaled to [0, 1]; the true frame at t.
        t: fraction of the way from `first` to `last`, between 0 and 1.
        spacing: voxel size in mm, (K, J, I); infinite along K where the slices are independent of one another.
        displacements: (2, 3, K, J, I) float32, voxels, channels (K, J, I): the resampling fields
            target(p) = first(p + d[0](p)) and target(p) = last(p + d[1](p)). None where the motion is not known.
        before: the frame before `first`, from which a network with context also learns; None where there is none.
        after: the frame after `last`; likewise.
        gap: distance of the endpoints in frames, for scores by distance, of samples for context; else None.
    """

    first: torch.Tensor
    last: torch.Tensor
    target: torch.Tensor
    t: float
    spacing: tuple[float, float, float]
    displacements: torch.Tensor | None = None
    before: Neighbour | None = None
    after: Neighbour | None = None
    gap: int | None = None


class SampleSource(Protocol):
    """A source from which training samples are drawn, as many as are needed from every subject.

    A source is not a PyTorch `Dataset`, because a draw needs a random state: `DrawnSamples` makes a training data
    set from a source and a seed.
    """

    def __len__(self) -> int:
        """Return the number of subjects, which is the number of draws in an epoch."""
        ...

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return a sample from subject `index`; equal states of `rng` give equal samples."""
        ...
