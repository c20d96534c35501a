"""A velocity given at the points of a grid."""

from __future__ import annotations

import torch

from temporal_interp.registration.grids import coarsened_shape
from temporal_interp.registration.separable import along_axes, gaussian_weights
from temporal_interp.registration.settings import GridField
from temporal_interp.tensors.spatial import resize_field

_START_OFFSET = 0.1
"""How far from no motion the first and the last start lie, in distances between points."""


class VelocityGrid:
    """The velocity of N problems over one extent, from vectors at points `stride` voxels apart (our choice).

    The field of a level is added to that of the coarser levels. Its vectors are spread by a Gaussian of `spread`
    distances between points: Adam moves every vector by about the same, with or without structure in the image there,
    and only what neighbours agree on remains.

    Every problem is begun `settings.starts` times, from no motion except for a tiny shift along the diagonal, to
    either side, and once more from the proposed velocity, if there is one: (starts * N) fields, all problems of one
    start after those of another, until `keep`.

    Args:
        problems: N.
        shape: of the finest grid.
        spacing: its voxel size in mm along each axis, in the order of the axes.
        settings: of the grid.
        learning_rate: of Adam, in distances between points.
        device: where to compute.
        proposed: (N, D, *any shape), a velocity over the same extent, in voxels of its grid; None for none.
    """

    def __init__(
        self,
        problems: int,
        shape: tuple[int, ...],
        spacing: tuple[float, ...],
        settings: GridField,
        learning_rate: float,
        device: torch.device,
        proposed: torch.Tensor | None = None,
    ) -> None:
        self.problems = problems
        self.lengths = [n * along for n, along in zip(shape, spacing, strict=True)]
        self.settings = settings
        self.learning_rate = learning_rate
        self.starts = settings.starts + (proposed is not None)
        self.device = device
        self.proposed = proposed
        self.base = torch.empty(0)
        self.vectors = torch.empty(0)

    def begin(self, shape: tuple[int, ...]) -> torch.optim.Optimizer:
        """Continue with a level with images on a grid of `shape`, and return what optimises its vectors."""
        spacing = [length / n for length, n in zip(self.lengths, shape, strict=True)]
        points = coarsened_shape(shape, tuple(spacing), min(spacing) * self.settings.stride)
        distances = [length / n for length, n in zip(self.lengths, points, strict=True)]
        with torch.no_grad():
            self.base = resize_field(self.velocity(), points) if self.base.numel() else self._shifts(points)
        # the same in mm along every axis
        in_points = [min(distances) / along for along in distances]
        sigma = [self.settings.spread * share for share in in_points]
        self.spread = [gaussian_weights(n, width, self.device) for n, width in zip(points, sigma, strict=True)]
        self.scale = torch.tensor(in_points, device=self.device).view(1, -1, *[1] * len(points))
        self.vectors = torch.zeros_like(self.base, requires_grad=True)
        # eps far below any gradient, so that no problem depends on how many there are
        return torch.optim.Adam([self.vectors], self.learning_rate, eps=1e-14)

    def _shifts(self, points: tuple[int, ...]) -> torch.Tensor:
        """Return the initial fields of the starts; a single plain start begins from no motion."""
        plain = self.settings.starts
        shares = torch.linspace(-_START_OFFSET, _START_OFFSET, plain) if plain > 1 else torch.zeros(1)
        shifts = shares.repeat_interleave(self.problems).view(-1, *[1] * (len(points) + 1))
        initial = shifts.expand(-1, len(points), *points).to(self.device)
        return initial if self.proposed is None else torch.cat([initial, resize_field(self.proposed, points)])

    def keep(self, chosen: torch.Tensor) -> None:
        """Continue with only the fields of these indices, as many for each problem, counted like the starts."""
        with torch.no_grad():
            self.base = self.velocity()[chosen]
            self.vectors = torch.zeros_like(self.base)
        self.starts = len(chosen) // self.problems

    def velocity(self) -> torch.Tensor:
        """Return the velocity at the points, (N or starts * N, D, *points), in distances between points."""
        return self.base + self.scale * along_axes(self.spread, self.vectors)
