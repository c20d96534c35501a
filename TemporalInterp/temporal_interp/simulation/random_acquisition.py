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


FLOW = 0.05
"""Most that flow changes the signal of what moves most, from frame to frame."""

LOWER_NOISE = 0.4
"""Noise of images like those of a real cine, as a share of what subjects have otherwise."""

STILL_FLICKER = 0.01
"""Most that anything flickers in images like those of a real cine."""


def moving_share(frames: torch.Tensor) -> torch.Tensor:
    """Return how much each voxel changes over the frames of a subject, (N, K, J, I): (1, K, J, I), 1 at most.

    It stands for where blood flows. 1 is what all but the most changeable fiftieth of the voxels stay below.
    """
    changes = smooth(frames.std(dim=0)[None, None], (0.0, 1.5, 1.5))[0]
    return (changes / changes.flatten().quantile(0.98).clamp(min=1e-3)).clamp(max=1)


def randomly_acquired(
    images: torch.Tensor, noise: float, rng: np.random.Generator, *, flow: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the frames of a sample as a random scanner shows them, (N, K, J, I), clipped to [0, 1].

    All share one random gamma and brightness. Each has Rician noise of its own, which is correlated between
    neighbouring voxels as in interpolated images. Each has its own flicker in proportion to its signal, since blood
    flow and breathing never repeat exactly.

    In real cines the noise is low (0.002 to 0.004 of the range in those that we have), what rests hardly flickers, and
    what moves changes its brightness from frame to frame. With `flow` images are like that.

    Args:
        images: (N, K, J, I): first, last, target, and frames around them, without noise; the brightest voxels are
            about 1.
        noise: standard deviation of the noise.
        rng: source of randomness.
        flow: (1, K, J, I), where signal changes as in a real cine, see `moving_share`.
    """
    images = images.clamp(0, 1.2) ** float(np.exp(rng.uniform(-0.3, 0.3))) * float(rng.uniform(0.85, 1.1))
    speckled = flow is None and rng.random() < SPECKLED
    strength = rng.uniform(0.05, 0.3) if speckled else rng.uniform(0, 0.04 if flow is None else STILL_FLICKER)
    length = rng.uniform(2, 4) if speckled else rng.uniform(2, 8)
    count, slices, rows, columns = images.shape
    flicker = float(strength) * random_field(rng, (slices, rows, columns), (2.0, length, length), count)
    if flow is not None:
        length = rng.uniform(3, 10)
        swirl = random_field(rng, (slices, rows, columns), (2.0, length, length), count)
        flicker, noise = flicker + float(rng.uniform(0, FLOW)) * flow * swirl, noise * LOWER_NOISE
    correlated = _correlated_noise(rng, images.shape, rng.uniform(0, 0.8)) * (noise * float(rng.uniform(0.5, 1.5)))
    kept = torch.ones(count, 1, 1, 1)
    kept[2] = FLICKER_OF_TARGET
    return rician(images * (1 + kept * flicker).clamp(min=0), correlated).clamp(0, 1)


def _correlated_noise(rng: np.random.Generator, shape: tuple[int, ...], width: float) -> torch.Tensor:
    """Return noise of unit variance, (2, *shape), smoothed in the plane by a Gaussian of `width` voxels."""
    drawn = torch.from_numpy(rng.standard_normal((2, *shape), dtype=np.float32))
    drawn = smooth(drawn, (0.0, width, width))
    return drawn / drawn.std().clamp(min=1e-6)
