"""What gives the velocity while it is fitted: a grid or a network."""

from __future__ import annotations

from typing import Protocol

import torch


class VelocityModel(Protocol):
    """The velocity of N problems over one extent, fitted level by level."""

    @property
    def starts(self) -> int:
        """How many times every problem is begun; all problems of one start come after those of another."""

    def begin(self, shape: tuple[int, ...]) -> torch.optim.Optimizer:
        """Go on to a level with images on a grid of `shape`, and return what optimises the velocity there."""

    def velocity(self) -> torch.Tensor:
        """Return the velocity, (starts * N, D, *points), in voxels of its own grid, which has the same extent."""

    def keep(self, chosen: torch.Tensor) -> None:
        """Go on with the starts of these indices alone, (N,), one for each problem."""
