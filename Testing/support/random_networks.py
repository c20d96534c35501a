"""Networks whose every weight matters, and volumes to give them."""

from collections.abc import Iterator

import torch
from torch import nn

WIDTHS = (4, 8)
"""Of the smallest network with more than one scale."""

SLICES, STACK = (2, 1, 1, 24, 20), (1, 1, 5, 20, 24)
"""Shapes (N, 1, K, J, I) of two single slices and of a thin stack."""


def perturbed(network: nn.Module, *, by: float = 0.05, seed: int = 0) -> nn.Module:
    """Return the network with noise on every weight: a fresh one has no motion and no residual."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in network.parameters():
            weights += by * torch.randn(weights.shape, generator=generator)
    return network.eval()


def waves(network: nn.Module, *, amplitude: float = 0.3) -> nn.Module:
    """Return the network with weights that no random generator draws, for results that are pinned."""
    with torch.no_grad():
        for number, weights in enumerate(network.parameters()):
            steps = torch.arange(weights.numel(), dtype=torch.float64)
            values = torch.sin(1.7 * steps + number) * amplitude / max(1, weights[0].numel()) ** 0.5
            weights.copy_(values.view(weights.shape))
    return network.eval()


def images(*shape: int, count: int = 3, seed: int = 0) -> list[torch.Tensor]:
    """Return so many images of noise from 0 to 1."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(*shape, generator=generator) for _ in range(count)]


def smooth_images(*shape: int, count: int = 2) -> list[torch.Tensor]:
    """Return so many images of slow waves from 0 to 1, (N, 1, K, J, I), that no random generator draws."""
    grid = torch.meshgrid(*[torch.arange(float(n)) for n in shape], indexing="ij")
    phase = sum(axis * pace for axis, pace in zip(grid, (1.1, 0.0, 0.5, 0.31, 0.43), strict=True))
    return [0.5 + 0.5 * torch.sin(phase + 0.9 * number) for number in range(count)]


def without_gradient(network: nn.Module) -> Iterator[str]:
    """Yield the names of the weights that a backward pass gave no finite gradient, or nothing but zeros.

    The bias of a convolution before a normalisation is left out: the normalisation takes it away again.
    """
    for name, weights in network.named_parameters():
        if name.endswith("convolution.bias"):
            continue
        gradient = weights.grad
        if gradient is None or not torch.isfinite(gradient).all() or not gradient.any():
            yield name
