"""What motion tells the networks: a guide of two channels, and a gate through which they correct it.

A guide has, for every voxel of the finer grid, the voxel to which tissue was moved, and by how much the two moved
slices disagree there. Rows and slices that were acquired are in it as they are, without disagreement. What a network
makes counts as far as its gate is open, from 0 to 1; that of a fresh network is as good as closed, so that what motion
made stays where networks know nothing (our choice).
"""

from __future__ import annotations

import torch
from torch import nn

CLOSED = -4.0
"""The gate of a fresh network, before its sigmoid."""


def guide_channels(factor: int) -> int:
    """Return the channels of a guide seen from the coarse grid: two for every row between."""
    return 2 * (factor - 1)


def beside_linear(guide: torch.Tensor, linear: torch.Tensor, factor: int) -> torch.Tensor:
    """Return the rows between as channels of the row before them, (N, 2 (r - 1), rows, columns); zero after the last.

    Args:
        guide: (N, 2, (rows - 1) r + 1, columns).
        linear: (N, 1, (rows - 1) r + 1, columns), which is taken from what was moved.
        factor: r.
    """
    beside = torch.cat([guide[:, :1] - linear, guide[:, 1:]], 1)
    count, _, fine, columns = beside.shape
    rows = (fine - 1) // factor + 1
    padded = torch.cat([beside, beside.new_zeros(count, 2, rows * factor - fine, columns)], 2)
    between = padded.view(count, 2, rows, factor, columns)[:, :, :, 1:]
    return between.transpose(2, 3).reshape(count, guide_channels(factor), rows, columns)


def corrected(moved: torch.Tensor, made: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """Return what was moved, corrected by what a network made as far as its gate, before the sigmoid, is open."""
    return torch.lerp(moved, made, torch.sigmoid(gate).to(moved.dtype))


def close_gate(tail: nn.Conv2d, first: int) -> None:
    """Close the gate of a fresh network: the channels of its last layer from `first` on."""
    assert tail.bias is not None
    with torch.no_grad():
        tail.bias[first:] = CLOSED
