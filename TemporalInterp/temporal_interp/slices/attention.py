"""Residual blocks with channel attention, of which both networks are made. Images are (N, C, rows, columns)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

REDUCTION = 16
"""Factor by which the attention reduces the channels (Zhang et al., ECCV 2018, RCAN)."""

MIN_CHANNELS = 4
"""Within the attention; narrow networks would be left with one (our choice)."""


class ChannelAttention(nn.Module):
    """Weighs every channel by its mean over the image (RCAN, section 3.3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inside = max(channels // REDUCTION, MIN_CHANNELS)
        self.squeeze = nn.Conv2d(channels, inside, 1)
        self.excite = nn.Conv2d(inside, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with its channels weighed by numbers between 0 and 1."""
        mean = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.excite(functional.relu(self.squeeze(mean))))


class AttentionBlock(nn.Module):
    """Two convolutions and channel attention, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.attention = ChannelAttention(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block of x, of the same shape."""
        return x + self.attention(self.second(functional.relu(self.first(x))))


class ResidualGroup(nn.Module):
    """Several blocks and a convolution, added to the input (RCAN, section 3.2)."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(AttentionBlock(channels) for _ in range(blocks)))
        self.last = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the group of x, of the same shape."""
        return x + self.last(self.blocks(x))
