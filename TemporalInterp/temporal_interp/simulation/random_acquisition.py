"""The effects of a random scanner on the frames of a training sample: contrast, noise and flicker. All of it is our
choice."""

from __future__ import annotations

import numpy as np
import torch

from temporal_interp.simulation.acquisition import rician
from temporal_interp.simulation.random_fields import random_field
from temporal_interp.tensors.spatial import smooth

FLICKER_OF_TARGET = 1 / 3
"""Share of the flicker that the target keeps.

Flicker cannot be predicted, and a network learns faster from a target with less of it. The target keeps all of its
noise: a magnitude is never below zero, so a target with less noise would be darker where it is dark, and a network
would learn to darken the background.
"""

SPECKLED = 0.1
"""Share of samples that flicker as much as the speckle of ultrasound, which does not move with the tissue."""


def randomly_acquired(images: torch.Tensor, noise: float, rng: np.random.Generator) -> torch.Tensor:
    """Return the two endpoints and the target as a random scanner shows them, (3, K, J, I), clipped to [0, 1].

    All three share one random gamma and brightness. Each has Rician noise of its own, which is correlated between
    neighbouring voxels as in interpolated images. Each has its own flicker in proportion to its signal, since blood
    flow and breathing never repeat exactly.

    Args:
        images: (3, K, J, I): first, last and target without noise; the brightest voxels are about 1.
        noise: standard deviation of the noise.
        rng: source of randomness.
    """
    images = images.clamp(0, 1.2) ** float(np.exp(rng.uniform(-0.3, 0.3))) * float(rng.uniform(0.85, 1.1))
    speckled = rng.random() < SPECKLED
    strength = rng.uniform(0.05, 0.3) if speckled else rng.uniform(0, 0.04)
    length = rng.uniform(2, 4) if speckled else rng.uniform(2, 8)
    count, slices, rows, columns = images.shape
    flicker = float(strength) * random_field(rng, (slices, rows, columns), (2.0, length, length), count)
    correlated = _correlated_noise(rng, images.shape, rng.uniform(0, 0.8)) * (noise * float(rng.uniform(0.5, 1.5)))
    kept = torch.tensor([1, 1, FLICKER_OF_TARGET]).view(3, 1, 1, 1)
    return rician(images * (1 + kept * flicker).clamp(min=0), correlated).clamp(0, 1)


def _correlated_noise(rng: np.random.Generator, shape: tuple[int, ...], width: float) -> torch.Tensor:
    """Return noise of unit variance, (2, *shape), smoothed in the plane by a Gaussian of `width` voxels."""
    drawn = torch.from_numpy(rng.standard_normal((2, *shape), dtype=np.float32))
    drawn = smooth(drawn, (0.0, width, width))
    return drawn / drawn.std().clamp(min=1e-6)
