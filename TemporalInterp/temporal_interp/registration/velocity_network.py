"""A velocity given by neural networks (NeVF, Han et al. 2023)."""

from __future__ import annotations

import math

import torch

from temporal_interp.registration.settings import NetworkField
from temporal_interp.registration.sinusoidal_network import SinusoidalNetworks
from temporal_interp.tensors.spatial import resize_field


class VelocityNetwork:
    """The velocity of N problems over one extent, from networks evaluated on grids.

    They are evaluated on a grid that is sparser than the finest by the stride (Section 2.2), and on a coarse level at
    no more points than its grid has.

    Args:
        problems: N.
        shape: of the finest grid.
        spacing: its voxel size in mm along each axis, in the order of the axes.
        settings: of the networks.
        learning_rate: of Adam.
        device: where to compute.
    """

    starts = 1
    """Every problem has one start, from the initial weights."""

    def __init__(
        self,
        problems: int,
        shape: tuple[int, ...],
        spacing: tuple[float, ...],
        settings: NetworkField,
        learning_rate: float,
        device: torch.device,
    ) -> None:
        self.networks = SinusoidalNetworks(
            problems,
            len(shape),
            width=settings.width,
            layers=settings.layers,
            frequency=settings.frequency,
            seed=settings.seed,
            device=device,
        )
        # eps far below any gradient, so that no problem depends on how many there are
        self.optimiser = torch.optim.Adam(self.networks.parameters(), learning_rate, eps=1e-14)
        self.lengths = [n * along for n, along in zip(shape, spacing, strict=True)]
        self.most_points = tuple(max(2, math.ceil(n / settings.stride)) if n > 1 else 1 for n in shape)
        self.extent = 2 * settings.extent / max(self.lengths)
        self.reach = settings.reach * min(spacing)
        self.upsampled = settings.upsampled
        self.device = device

    def begin(self, shape: tuple[int, ...]) -> torch.optim.Optimizer:
        """Continue with a level with a grid of `shape`, and return what optimises the networks, the same on all
        levels."""
        self.shape = shape
        self.sparse = tuple(min(n, most) for n, most in zip(shape, self.most_points, strict=True))
        axes = [
            ((torch.arange(m) + 0.5) / m - 0.5) * (self.extent * length)
            for m, length in zip(self.sparse, self.lengths, strict=True)
        ]
        points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(self.sparse))
        # one unit of output is the same length in mm along every axis, in voxels of the sparse grid
        scale = [self.reach / length * m for m, length in zip(self.sparse, self.lengths, strict=True)]
        self.points = points.to(self.device)
        self.scale = torch.tensor(scale, dtype=torch.float32, device=self.device)
        return self.optimiser

    def velocity(self) -> torch.Tensor:
        """Return the velocity on the level's grid, (N, D, *shape), in its voxels, or on the sparse grid.

        It is evaluated sparsely, then upsampled, if the settings say so.
        """
        velocity = (self.networks(self.points) * self.scale).transpose(1, 2)
        velocity = velocity.reshape(velocity.shape[0], -1, *self.sparse)
        return resize_field(velocity, self.shape) if self.upsampled else velocity

    def keep(self, chosen: torch.Tensor) -> None:
        """Do nothing: there is only one start."""
