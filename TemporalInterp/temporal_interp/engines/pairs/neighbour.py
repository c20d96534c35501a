"""What a gap beside the one at hand says of the pace at the frame between them, and how much of that is noise.

The pace in a short gap is multiplied by the ratio of the lengths before it says something of a long one, and the noise
of its velocity with it. So much of it is taken as stands out from that noise (a Wiener weight; our choice).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from temporal_interp.tensors.spatial import smooth

NEIGHBOURHOOD = 4.0
"""Standard deviation, in points of the velocity's grid, of the neighbourhood in which excesses are judged."""

NOISE_OF_FIT = 2000.0
"""A fitted vector has this many times the variance of the noise in the images, scaled to [0, 1], over the number of
their voxels for each vector; squares of these voxels, the sum of all components. Measured on real cines, a real
echo and drawn hearts, with and without added noise: slices have 1400 to 3000 times, the echo 2000 to 2700, a volume of
thick slices more. The gradients of the images hardly matter."""

TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Neighbour:
    """The motion in a gap beside the one at hand.

    Attributes:
        velocity: (1, 3, k, j, i), as that of the gap at hand and on its grid.
        ratio: length of the gap at hand over that of this one.
        trust: (1, 1, k, j, i), from 0 to 1, how far to go by it; None for all the way.
        noise: (1, 1, k or 1, 1, 1), variance of the velocity, the sum of all components; None for none.
    """

    velocity: torch.Tensor
    ratio: float
    trust: torch.Tensor | None = None
    noise: torch.Tensor | None = None

    def excess(self, velocity: torch.Tensor, alone: Sequence[bool] = (False, False, False)) -> torch.Tensor:
        """Return by how much the pace at the frame between both gaps exceeds `velocity`, that of the gap at hand.

        The pace is that of the parabola through the three frames, (h_before s_after + h_after s_before) /
        (h_before + h_after), with h the lengths of the gaps and s the slopes, here velocities, in them.

        Args:
            velocity: (1, 3, k, j, i).
            alone: for each axis, whether its points have nothing in common.

        Returns:
            (1, 3, k, j, i), voxels in the time of the gap at hand.
        """
        excess = (self.ratio * self.velocity - velocity) * (self.ratio / (1 + self.ratio))
        # between even gaps, the noise of both counts alike, and is left
        amplified = max(0.0, (self.ratio**2 / (1 + self.ratio)) ** 2 - 0.25)
        if self.noise is not None and amplified:
            excess = excess * (1 - amplified * self.noise / energy(excess, alone).clamp(min=TINY)).clamp(min=0)
        return excess if self.trust is None else self.trust * excess


def energy(field: torch.Tensor, alone: Sequence[bool]) -> torch.Tensor:
    """Return the mean square of a field, (1, D, k, j, i), around every point, (1, 1, k, j, i)."""
    return smooth(field.square().sum(1, keepdim=True), tuple(0.0 if axis else NEIGHBOURHOOD for axis in alone))


def noise_of_velocity(noise: torch.Tensor, points: tuple[int, ...], voxels: tuple[int, ...]) -> torch.Tensor:
    """Return the variance of a velocity that was fitted to images with noise, in voxels of its own grid.

    Args:
        noise: variance of the noise in the images.
        points: shape of the grid of the velocity.
        voxels: shape of the images that it was fitted to, over the same extent.

    Example:
        >>> noise_of_velocity(torch.tensor(0.0004), (1, 50, 50), (1, 100, 100))
        tensor(0.0500)
    """
    strides = [n / m for n, m in zip(voxels, points, strict=True)]
    return NOISE_OF_FIT * noise / math.prod(strides) / max(strides) ** 2
