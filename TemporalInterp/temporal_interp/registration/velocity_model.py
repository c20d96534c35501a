"""What gives the velocity while it is fitted: a grid or a network."""

from __future__ import annotations

from typing import Protocol

import torch


class VelocityModel(Protocol):
    """The velocity of N problems over one extent, fitted level by level."""

    @property
    def starts(self) -> int:
        """Number of starts of every problem; all problems of one start come after those of another."""

    def begin(self, shape: tuple[int, ...]) -> torch.optim.Optimizer:
        """Continue with a level with images on a grid of `shape`, and return what optimises the velocity there."""

    def velocity(self) -> torch.Tensor:
        """Return the velocity, (starts * N, D, *points), in voxels of its own grid, which has the same extent."""

    def keep(self, chosen: torch.Tensor) -> None:
        """Continue with only the starts of these indices, (starts * N,), as many for each problem."""
