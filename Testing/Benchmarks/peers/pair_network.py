"""The common interface of the networks of others, which estimate the motion between two slices."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

MARGIN = 16
"""Pixels by which slices are continued on all sides before a network sees them (our choice).

These networks integrate their velocity with zeros beyond the border, which would suppress motion across it. The
margin keeps that away from the image for motions of up to 16 pixels.
"""


@dataclass(frozen=True)
class PairTraining:
    """Settings of the training of a network; each network adds its own settings.

    Attributes:
        similarity: "mse", mean squared difference, or "ncc", local squared correlation in windows of 9 pixels.
        smoothness: weight of the mean squared derivative of the displacement.
        learning_rate: of Adam.
        samples_per_step: each gives two pairs, (first, last) and (last, first).
        precision: "32", or "bf16" for mixed precision while training.
    """

    similarity: str
    smoothness: float
    learning_rate: float
    samples_per_step: int
    precision: str


class PairNetwork(nn.Module):
    """A network that estimates the motion between two slices.

    Attributes:
        multiple: divisor of the sizes of the slices.
    """

    multiple: int

    def forward(self, moving: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
        """Return the displacement d with fixed(p) ~ moving(p + d(p)), (N, 2, J, I), pixels, channels (J, I).

        Args:
            moving: (N, 1, J, I) in [0, 1], sizes multiples of `multiple`.
            fixed: likewise.
        """
        raise NotImplementedError


def displacement(
    network: PairNetwork, moving: torch.Tensor, fixed: torch.Tensor, *, margin: int = MARGIN
) -> torch.Tensor:
    """Return the displacement for slices of any size; see `PairNetwork.forward`.

    Args:
        network: to use.
        moving: (N, 1, J, I) in [0, 1].
        fixed: likewise.
        margin: pixels by which the slices are continued on all sides, their border repeated; padding to a
            multiple is added below and to the right.
    """
    rows, columns = moving.shape[-2:]
    below, right = (-(n + 2 * margin) % network.multiple + margin for n in (rows, columns))
    images = [functional.pad(image, (margin, right, margin, below), mode="replicate") for image in (moving, fixed)]
    return network(*images)[..., margin : margin + rows, margin : margin + columns]
