"""The network that represents the velocity field: coordinates in, velocity out."""

from __future__ import annotations

import itertools
import math

import torch
from torch import nn


class SinusoidalNetworks(nn.Module):
    """N independent fully connected networks with sine activations (SIREN), one for each registration problem.

    Initial weights follow Sitzmann et al. 2020; the last layer starts near zero, so that the first field is the
    identity. All N start with the same weights.

    Args:
        problems: N.
        dimensions: D, of the coordinates and of the velocity.
        width: neurons in a hidden layer.
        layers: linear layers.
        frequency: omega, the factor before the sine.
        seed: of the initial weights.
        device: where they are.
    """

    def __init__(
        self,
        problems: int,
        dimensions: int,
        *,
        width: int,
        layers: int,
        frequency: float,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.frequency = frequency
        generator = torch.Generator().manual_seed(seed)
        sizes = [dimensions] + [width] * (layers - 1) + [dimensions]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            bound = 1 / inputs if layer == 0 else math.sqrt(6 / inputs) / frequency
            if layer == layers - 1:
                bound = 1e-5
            for parameters, rows in ((self.weights, inputs), (self.biases, 1)):
                start = (torch.rand(1, rows, outputs, generator=generator) * 2 - 1) * bound
                parameters.append(nn.Parameter(start.repeat(problems, 1, 1).to(device)))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """Return (N, P, D) velocities at (P, D) points."""
        signal = points.expand(self.weights[0].shape[0], -1, -1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            # the factor goes into the weights, which are few, and not onto the signal at every point
            signal = torch.sin(torch.baddbmm(self.frequency * bias, signal, self.frequency * weight))
        return torch.baddbmm(self.biases[-1], signal, self.weights[-1])
