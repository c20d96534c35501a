"""What a scanner adds to a sample: another contrast, noise, and flicker. All of it is our choice."""

from __future__ import annotations

import numpy as np
import torch

from temporal_interp.simulation.random_fields import random_field
from temporal_interp.tensors.spatial import smooth

UNPREDICTABLE = 1 / 3
"""Share of the flicker that the target keeps: nobody could predict it, and less of it makes learning quicker.

The noise it keeps in full: magnitudes are never below zero, so that with less noise the dark would be darker, and a
network would learn to darken it.
"""

SPECKLED = 0.1
"""Share of samples with as much flicker as the speckle of ultrasound, which does not move with the tissue."""


def acquired(images: torch.Tensor, noise: float, rng: np.random.Generator) -> torch.Tensor:
    """Return first, last and target, (3, K, J, I), as a scanner would give them, clipped to [0, 1].

    All share one random gamma and brightness. Each has its own Rician noise, which neighbours share where images are
    interpolated, and its own flicker in proportion to its signal: blood and breathing never repeat.

    Args:
        images: without noise, the brightest about 1.
        noise: standard deviation of the noise.
        rng: where randomness comes from.
    """
    images = images.clamp(0, 1.2) ** float(np.exp(rng.uniform(-0.3, 0.3))) * float(rng.uniform(0.85, 1.1))
    speckled = rng.random() < SPECKLED
    strength = rng.uniform(0.05, 0.3) if speckled else rng.uniform(0, 0.04)
    length = rng.uniform(2, 4) if speckled else rng.uniform(2, 8)
    count, *shape = images.shape
    flicker = float(strength) * random_field(rng, tuple(shape), (2.0, length, length), count)
    grain = _grain(rng, images.shape, rng.uniform(0, 0.8)) * (noise * float(rng.uniform(0.5, 1.5)))
    kept = torch.tensor([1, 1, UNPREDICTABLE]).view(3, 1, 1, 1)
    images = images * (1 + kept * flicker).clamp(min=0)
    return ((images + grain[0]) ** 2 + grain[1] ** 2).sqrt().clamp(0, 1)


def _grain(rng: np.random.Generator, shape: tuple[int, ...], width: float) -> torch.Tensor:
    """Return noise of unit variance, (2, *shape), smoothed in the plane by a Gaussian of a width in voxels."""
    drawn = torch.from_numpy(rng.standard_normal((2, *shape), dtype=np.float32))
    drawn = smooth(drawn, (0.0, width, width))
    return drawn / drawn.std().clamp(min=1e-6)
