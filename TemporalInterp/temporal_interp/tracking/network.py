"""The network that finds the displacement between two frames: a small U-Net, in 2D or 3D."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional

from temporal_interp.networks.convolution import SLOPE, near_zero

FIRST_OUTPUT = 1e-4
"""Standard deviation of the last layer's first weights: the motion starts near zero."""


class MotionNetwork(nn.Module):
    """Gives the displacement that brings a moving image onto a fixed one (NMSR, Section 2: N in Eq. 2).

    Ours: the images are cut into blocks of `stride` voxels a side, whose voxels become channels, so that the network
    works on a grid coarser by that factor and loses no detail; the field is brought back to the image's grid
    linearly. The output is half of the network's on (moving, fixed) minus that on (fixed, moving): two equal
    images give no motion whatever the weights, so that the network itself causes no drift.

    Args:
        dimensions: 2 or 3.
        widths: channels from the finest scale of the U-Net to the coarsest.
        stride: side of a block in voxels; 1 is the paper's.
        antisymmetric: whether the output is that difference.
    """

    def __init__(
        self, dimensions: int, widths: tuple[int, ...], *, stride: int = 2, antisymmetric: bool = True
    ) -> None:
        super().__init__()
        convolution = nn.Conv2d if dimensions == 2 else nn.Conv3d
        self.stride, self.antisymmetric = stride, antisymmetric
        self.mode = "bilinear" if dimensions == 2 else "trilinear"
        self.pool = functional.avg_pool2d if dimensions == 2 else functional.avg_pool3d
        inputs = (2 * stride**dimensions, *widths)
        self.down = nn.ModuleList(convolution(a, b, 3, padding=1) for a, b in itertools.pairwise(inputs))
        upwards = list(reversed(widths))
        self.up = nn.ModuleList(convolution(a + b, b, 3, padding=1) for a, b in itertools.pairwise(upwards))
        self.last = convolution(widths[0], dimensions, 3, padding=1)
        for layer in (*self.down, *self.up):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            nn.init.zeros_(layer.bias)
        near_zero(self.last, FIRST_OUTPUT)

    def forward(self, moving: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
        """Return the resampling field u with fixed(p) ~ moving(p + u(p)), (N, D, *shape), in voxels.

        Args:
            moving: (N, 1, *shape).
            fixed: likewise.
        """
        pair = torch.cat([moving, fixed], 1)
        if not self.antisymmetric:
            return self._field(pair)
        there, back = self._field(torch.cat([pair, pair.flip(1)])).chunk(2)
        return (there - back) / 2

    def _field(self, pair: torch.Tensor) -> torch.Tensor:
        shape = pair.shape[2:]
        blocks = _blocks(pair, self.stride)
        features = [functional.leaky_relu(self.down[0](blocks), SLOPE)]
        for layer in self.down[1:]:
            halved = [2 if n > 1 else 1 for n in features[-1].shape[2:]]
            coarser = self.pool(features[-1], halved, ceil_mode=True)
            features.append(functional.leaky_relu(layer(coarser), SLOPE))
        result = features.pop()
        for layer in self.up:
            finer = features.pop()
            result = functional.interpolate(result, size=finer.shape[2:], mode=self.mode)
            result = functional.leaky_relu(layer(torch.cat([result, finer], 1)), SLOPE)
        field = self.last(result).contiguous()  # the sampling that follows is slow on channels last
        if self.stride == 1:
            return field
        covered = [n * self.stride for n in field.shape[2:]]
        field = functional.interpolate(field, size=covered, mode=self.mode)
        return field[:, :, *(slice(n) for n in shape)]


def _blocks(image: torch.Tensor, side: int) -> torch.Tensor:
    """Return the image (N, C, *shape) with the voxels of every block as channels, (N, C side^D, *shape / side).

    Where the sides do not divide the shape the last voxels are repeated.
    """
    shape, dimensions = image.shape[2:], image.ndim - 2
    if side > 1:
        padding = [part for n in reversed(shape) for part in (0, -n % side)]
        image = functional.pad(image, padding, mode="replicate")
        counts = [n // side for n in image.shape[2:]]
        split = image.view(*image.shape[:2], *(part for n in counts for part in (n, side)))
        within = [3 + 2 * axis for axis in range(dimensions)]
        across = [2 + 2 * axis for axis in range(dimensions)]
        image = split.permute(0, 1, *within, *across).reshape(image.shape[0], -1, *counts)
    channels_last = torch.channels_last if dimensions == 2 else torch.channels_last_3d
    return image.contiguous(memory_format=channels_last)
