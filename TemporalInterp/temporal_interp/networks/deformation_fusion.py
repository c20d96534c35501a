"""DFM, the deformation fusion module of one scale."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from temporal_interp.networks.convolution import Convolution, near_zero
from temporal_interp.tensors.spatial import resize_field

OWN_SCALE = 2.0
"""Head start, before the softmax, of a scale's own velocity in a fresh network (our choice)."""


class DeformationFusion(nn.Module):
    """DFM (paper, section 2.2, Fig. 1d): the velocities of all scales so far become one, voxel by voxel.

    They are brought to the finest of their scales, stacked, and convolved into one map per scale; a softmax over the
    scales (our reading) turns the maps into the weights of a sum. Both directions share the weights.

    Args:
        count: number of velocities to fuse.
        planes: of the kernel, see `Convolution`.
    """

    def __init__(self, count: int, planes: int = 3) -> None:
        super().__init__()
        self.weights = near_zero(Convolution(3 * count, count, planes))
        with torch.no_grad():
            self.weights.bias[-1] = OWN_SCALE

    def forward(self, velocities: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the fused velocity on the grid of the last, (N, D, *shape), float32.

        Args:
            velocities: coarsest first, each (N, D, *its shape) in voxels of its own scale.
        """
        shape = tuple(velocities[-1].shape[2:])
        unified = torch.stack([resize_field(v, shape) for v in velocities], dim=1)
        weights = self._maps(unified.flatten(1, 2)).float().softmax(dim=1)
        return (weights.unsqueeze(2) * unified).sum(dim=1)

    def _maps(self, stacked: torch.Tensor) -> torch.Tensor:
        if stacked.ndim == 5:
            return self.weights(stacked)
        # a single slice has no velocity along K, so the weights of that component are not needed
        count = len(self.weights.bias)
        in_plane = self.weights.in_plane.view(count, count, 3, 3, 3)[:, :, 1:].flatten(1, 2)
        return functional.conv2d(stacked, in_plane, self.weights.bias, 1, 1)
