"""Smooth random fields, the raw material of anatomies, textures and motion."""

from __future__ import annotations

import math

import numpy as np
import torch

from temporal_interp.tensors.spatial import resize, smooth


def random_field(
    rng: np.random.Generator, shape: tuple[int, int, int], length: tuple[float, float, float], channels: int = 1
) -> torch.Tensor:
    """Return smooth random values, (channels, *shape), of unit variance over the whole.

    Args:
        rng: where randomness comes from.
        shape: of the field.
        length: distance in voxels, along each axis, over which values change sign.
        channels: number of independent fields.
    """
    nodes = [max(2, math.ceil(2 * n / along)) + 2 if n > 1 else 1 for n, along in zip(shape, length, strict=True)]
    coarse = torch.from_numpy(rng.standard_normal((1, channels, *nodes)).astype(np.float32))
    # linear interpolation leaves kinks at the nodes; a Gaussian takes them away
    field = smooth(resize(coarse, shape), tuple(along / 4 for along in length))[0]
    return field / field.std().clamp(min=1e-6)


def around_circle(
    rng: np.random.Generator, angle: torch.Tensor, waves: int
) -> torch.Tensor:  # fmt: skip
    """Return a smooth periodic random function of an angle, with about that many waves, of unit size."""
    total = torch.zeros_like(angle)
    for wave in range(1, waves + 1):
        amplitude, phase = rng.standard_normal() / wave, rng.uniform(0, 2 * math.pi)
        total = total + float(amplitude) * torch.cos(wave * angle + float(phase))
    return total / math.sqrt(sum(0.5 / wave**2 for wave in range(1, waves + 1)))
