"""The feature extraction encoder, one for all volumes of a network."""

from __future__ import annotations

import torch
from torch import nn

from temporal_interp.networks.convolution import ConvolutionUnit, halving
from temporal_interp.networks.settings import NetworkSettings


class Encoder(nn.Module):
    """Features of a volume at every scale: one convolution unit per scale (paper, section 2.2).

    The first unit keeps the resolution, the others halve every axis that is long enough.

    Args:
        settings: of the network.
        channels: of a volume: more than one where something is shown beside it.
    """

    def __init__(self, settings: NetworkSettings, channels: int = 1) -> None:
        super().__init__()
        widths = settings.widths
        self.shortest = settings.shortest_halved
        self.units = nn.ModuleList(
            ConvolutionUnit(before, after, settings.planes)
            for before, after in zip((channels, *widths), widths, strict=False)
        )

    def forward(self, volumes: torch.Tensor) -> list[torch.Tensor]:
        """Return the features, finest first, of volumes (N, channels, *shape): (N, widths[s], *shape of scale s)."""
        features = [self.units[0](volumes)]
        for unit in self.units[1:]:
            finer = features[-1]
            features.append(unit(finer, halving(tuple(finer.shape[2:]), self.shortest)))
        return features
