"""A sample: two endpoints and the frame between them that a network is to synthesise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """Two endpoints, a true frame between them and, where it is known, the true motion.

    Attributes:
        first: (1, K, J, I) float32, scaled to [0, 1]; the frame at t = 0.
        last: likewise, the frame at t = 1.
        target: likewise, the true frame at t.
        t: between 0 and 1.
        spacing: voxel size in mm, (K, J, I); infinite along K where slices have nothing to do with one another.
        displacements: (2, 3, K, J, I) float32, voxels, channels (K, J, I): the resampling fields
            target(p) = first(p + d[0](p)) and target(p) = last(p + d[1](p)); None where the motion is not known.
    """

    first: torch.Tensor
    last: torch.Tensor
    target: torch.Tensor
    t: float
    spacing: tuple[float, float, float]
    displacements: torch.Tensor | None = None


class SampleSource(Protocol):
    """Something that samples can be drawn from, again and again."""

    def __len__(self) -> int:
        """Return how many draws make one epoch: the number of subjects."""
        ...

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return a sample from subject `index`; equal states of `rng` give equal samples."""
        ...
