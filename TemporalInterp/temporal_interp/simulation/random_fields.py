"""Smooth random fields on a grid: the raw material of random anatomies, textures and motion.

`texture.Texture` is the other source of random values: a formula that can be read at any point, without a grid.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from temporal_interp.tensors.spatial import resize, smooth


def random_field(
    rng: np.random.Generator, shape: tuple[int, int, int], length: tuple[float, float, float], channels: int = 1
) -> torch.Tensor:
    """Return smooth random values, (channels, *shape) float32, of unit variance over the whole.

    >>> random_field(np.random.default_rng(0), (1, 32, 32), (1.0, 8.0, 8.0), channels=2).shape
    torch.Size([2, 1, 32, 32])

    Args:
        rng: source of randomness.
        shape: of the grid, (K, J, I).
        length: distance in voxels along each axis, (K, J, I), over which the values change sign.
        channels: number of independent fields.
    """
    nodes = [max(2, math.ceil(2 * n / along)) + 2 if n > 1 else 1 for n, along in zip(shape, length, strict=True)]
    coarse = torch.from_numpy(rng.standard_normal((1, channels, *nodes)).astype(np.float32))
    # linear interpolation leaves kinks at the nodes; a Gaussian removes them
    field = smooth(resize(coarse, shape), tuple(along / 4 for along in length))[0]
    return field / field.std().clamp(min=1e-6)


def random_function_of_angle(rng: np.random.Generator, angle: torch.Tensor, waves: int) -> torch.Tensor:
    """Return a smooth, random, periodic function of an angle, of the shape of `angle` and of size about 1.

    Args:
        rng: source of randomness.
        angle: (...), radians.
        waves: most periods around the circle.
    """
    total = torch.zeros_like(angle)
    for wave in range(1, waves + 1):
        amplitude, phase = rng.standard_normal() / wave, rng.uniform(0, 2 * math.pi)
        total = total + float(amplitude) * torch.cos(wave * angle + float(phase))
    return total / math.sqrt(sum(0.5 / wave**2 for wave in range(1, waves + 1)))
