"""Convolution units for stacks of slices and, with the same weights, for single slices.

Tensors are (N, C, K, J, I), or (N, C, J, I) for single slices, which need only the middle plane of every kernel.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional

SLOPE = 0.2
"""Of LeakyReLU below zero."""


class Convolution(nn.Conv3d):
    """3 x 3 x 3 convolution, zero-padded; on single slices its middle plane, 3 x 3.

    The outer planes start at zero (our choice, see `initial_weights` of the settings): a fresh network treats a stack
    slice by slice until it learns otherwise, and a network trained on single slices works on stacks.

    Args:
        channels_in: of the input.
        channels_out: of the output.
        planes: of the kernel along K: 3, or 1 for a network of slices (see `kernels` of the settings), which has no
            outer planes and treats a stack slice by slice for good.
    """

    bias: nn.Parameter

    def __init__(self, channels_in: int, channels_out: int, planes: int = 3) -> None:
        super().__init__(channels_in, channels_out, (planes, 3, 3), padding=(planes // 2, 1, 1))
        nn.init.kaiming_normal_(self.in_plane, a=SLOPE)
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self.outer_planes.zero_()

    @property
    def in_plane(self) -> torch.Tensor:
        """The weights of the middle plane, (C out, C in, 3, 3)."""
        return self.weight[:, :, self.weight.shape[2] // 2]

    @property
    def outer_planes(self) -> torch.Tensor:
        """The weights of the planes on both sides of it, (C out, C in, 2, 3, 3); (C out, C in, 0, 3, 3) with one."""
        return self.weight[:, :, 0::2] if self.weight.shape[2] > 1 else self.weight[:, :, 1:]

    def forward(self, x: torch.Tensor, stride: tuple[int, ...] | None = None) -> torch.Tensor:
        """Return the convolved x; `stride` has one number per axis of the image."""
        if x.ndim == 4:
            return functional.conv2d(x, self.in_plane, self.bias, stride or 1, 1)
        return functional.conv3d(x, self.weight, self.bias, stride or 1, self.padding)


class ConvolutionBlock(nn.Module):
    """Convolution, instance normalisation (affine), LeakyReLU (paper, section 2.2)."""

    def __init__(self, channels_in: int, channels_out: int, planes: int = 3) -> None:
        super().__init__()
        self.convolution = Convolution(channels_in, channels_out, planes)
        # a group norm of one channel per group is an instance norm, and several times faster on a CPU
        self.norm = nn.GroupNorm(channels_out, channels_out)

    def forward(self, x: torch.Tensor, stride: tuple[int, ...] | None = None) -> torch.Tensor:
        """Return the block of x, (N, C out, *)."""
        return functional.leaky_relu(self.norm(self.convolution(x, stride)), SLOPE)


class ConvolutionUnit(nn.Module):
    """Two blocks; the first one strides (paper, section 2.2)."""

    def __init__(self, channels_in: int, channels_out: int, planes: int = 3) -> None:
        super().__init__()
        self.first = ConvolutionBlock(channels_in, channels_out, planes)
        self.second = ConvolutionBlock(channels_out, channels_out, planes)

    def forward(self, x: torch.Tensor, stride: tuple[int, ...] | None = None) -> torch.Tensor:
        """Return the unit of x, (N, C out, *)."""
        return self.second(self.first(x, stride))


Layer = TypeVar("Layer", bound=nn.Linear | nn.Conv2d | nn.Conv3d)


def near_zero(layer: Layer, deviation: float = 0.0) -> Layer:
    """Return the layer with weights of that standard deviation and a bias of zero."""
    nn.init.normal_(layer.weight, std=deviation) if deviation else nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    if isinstance(layer, Convolution):
        with torch.no_grad():
            layer.outer_planes.zero_()
    return layer


def usual_weights(network: nn.Module) -> None:
    """Give every layer of a network the initial weights that PyTorch gives it."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv3d | nn.GroupNorm):
            module.reset_parameters()


def halving(shape: tuple[int, ...], shortest: int) -> tuple[int, ...]:
    """Return the stride to the next coarser scale: 2 along every axis of at least `shortest` voxels, else 1."""
    return tuple(2 if size >= shortest else 1 for size in shape)
