"""Batches and answers of networks at random, to work losses out by hand."""

import math

import torch

from temporal_interp.networks import Synthesis
from temporal_interp.training.datasets.batch import Batch


def made_of(shape, *, scales=4, count=2, seed=0):
    """Random frames, fields and deformed volumes, as a network would give them."""
    generator = torch.Generator().manual_seed(seed)

    def random(*size):
        return torch.rand(*size, generator=generator, dtype=torch.float32)

    return Synthesis(
        random(count, 1, *shape),
        [random(2 * count, len(shape), *shape) for _ in range(scales)],
        [random(2 * count, 1, *shape) for _ in range(scales)],
        random(count, 4, *shape),
        random(count, 1, *shape),
    )


def batch_of(shape, *, count=2, spacing=(8.0, 1.5, 1.25), truth=False):
    generator = torch.Generator().manual_seed(9)
    whole = (1, *shape) if len(shape) == 2 else shape
    first, last, target = (torch.rand(count, 1, *whole, generator=generator) for _ in range(3))
    spacing = (math.inf, *spacing[1:]) if len(shape) == 2 else spacing
    displacements = torch.randn(count, 2, 3, *whole, generator=generator) if truth else None
    # every sample has voxels of its own size
    sizes = torch.stack([torch.tensor(spacing) * (1 + number) ** torch.arange(3) for number in range(count)])
    return Batch(first, last, target, torch.linspace(0.2, 0.6, count), sizes, displacements)


def mse(one, other):
    return ((one.double().numpy() - other.double().numpy()) ** 2).mean()
