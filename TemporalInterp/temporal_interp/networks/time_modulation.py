"""Surrogate timestamps: t becomes a scale and an offset of every channel of a feature."""

from __future__ import annotations

import math

import torch
from torch import nn

from temporal_interp.networks.convolution import SLOPE, ConvolutionBlock, near_zero
from temporal_interp.networks.settings import NetworkSettings

DIMENSIONS = 64
"""Length of the encoded time."""

SURROUNDINGS = 4
"""Numbers that tell how far away the frames around a pair are: two for each end."""


def encode_time(t: torch.Tensor, scale: float) -> torch.Tensor:
    """Return the sinusoidal encoding, (N, 64), of t, (N,): sines, then cosines, of falling frequency.

    Source: Vaswani et al. 2017, at the position scale * t.
    """
    frequencies = torch.exp(-math.log(10000) * torch.arange(DIMENSIONS // 2, device=t.device) / (DIMENSIONS // 2))
    angles = scale * t.float().unsqueeze(1) * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class TimeModulation(nn.Module):
    """F' = alpha(t) F + beta(t) (paper, section 2.3).

    With `alpha_from_one`, alpha = 1 + delta, and delta and beta are near zero at first (our choice). With context the
    encoded time is joined by how far away the frames around the pair are (our choice).
    """

    def __init__(self, channels: int, settings: NetworkSettings) -> None:
        super().__init__()
        self.time_scale = settings.time_scale
        known = DIMENSIONS + (SURROUNDINGS if settings.context else 0)
        self.linear = nn.Sequential(
            nn.Linear(known, DIMENSIONS),
            nn.LeakyReLU(SLOPE),
            nn.Linear(DIMENSIONS, 2 * channels),
            nn.LeakyReLU(SLOPE),
        )
        if settings.modulation == "literal":
            self.blocks = nn.Sequential(
                *(ConvolutionBlock(2 * channels, 2 * channels, settings.planes) for _ in range(2))
            )
        else:
            # on one voxel a convolution is a linear layer; the last one has no activation, so that both signs are
            # possible
            mix = nn.Linear(2 * channels, 2 * channels)
            last = near_zero(nn.Linear(2 * channels, 2 * channels), 1e-2)
            self.blocks = nn.Sequential(mix, nn.LeakyReLU(SLOPE), last)
        self.literal = settings.modulation == "literal"
        self.alpha_from_one = settings.alpha_from_one

    def forward(self, feature: torch.Tensor, t: torch.Tensor, surroundings: torch.Tensor | None = None) -> torch.Tensor:
        """Return the feature modulated by time.

        Args:
            feature: (N, C, *shape).
            t: (N,), time from the one end.
            surroundings: (N, 4), `Surroundings.per_end` of the one end, then of the other; None without context.
        """
        encoded = encode_time(t, self.time_scale)
        code = self.linear(encoded if surroundings is None else torch.cat([encoded, surroundings], dim=1))
        singles = [1] * (feature.ndim - 2)
        if self.literal:
            parameters = self.blocks(code.view(*code.shape, *singles).expand(-1, -1, *feature.shape[2:]))
        else:
            parameters = self.blocks(code).view(*code.shape, *singles)
        scale, beta = parameters.to(feature.dtype).chunk(2, dim=1)
        scaled = feature + scale * feature if self.alpha_from_one else scale * feature
        return scaled + beta
