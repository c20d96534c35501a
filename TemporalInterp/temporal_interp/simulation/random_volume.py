"""Volumes of random tissues with close slices, from which slice synthesis learns without patient data.

Ellipsoids of all sizes fall on each other until they cover everything: such "dead leaves" have the edges and the
statistics of natural images (Lee, Mumford and Huang, IJCV 2001; Achddou et al., "Synthetic images as a regularity prior
for image restoration neural networks", SSVM 2021). Sizes, textures, blur and noise are our choice.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import ndimage

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume

SMALLEST, LARGEST = 1.0, 40.0
"""Radii of the ellipsoids, mm; their frequency falls with the cube of the radius."""

COVERAGE = 4.0
"""Summed volume of the ellipsoids over the volume of the whole, spread evenly over the logarithm of their size."""


def make_random_volume(seed: int, index: int, shape: tuple[int, int, int] = (96, 96, 96)) -> Volume:
    """Return volume `index`, (K, J, I) float32 from 0 to about 1, with voxels of 1 mm; equal arguments give equal
    volumes.

    >>> make_random_volume(seed=0, index=0, shape=(8, 24, 24)).array.shape
    (8, 24, 24)
    """
    rng = np.random.default_rng([seed, index])
    tissues = rng.uniform(0, 1, rng.integers(3, 12)) ** rng.choice([1.0, 2.0])
    grey = np.full(shape, tissues[0], np.float32)
    rough = np.zeros(shape, np.float32)
    # where slices are further apart than pixels, as in most scans, everything looks squeezed along the slice axis
    squeeze = np.array([rng.uniform(0.4, 1.2), 1.0, 1.0])
    for radius in _radii(rng, shape):
        _drop(rng, grey, rough, radius, squeeze, tissues)
    texture = sum(weight * _grain(rng, shape, length) for weight, length in _octaves(rng))
    image = grey * (1 + rough * texture)
    blur = rng.uniform(0.4, 0.9, 3) * (rng.uniform(1.0, 2.0), 1.0, 1.0)  # a slice is thicker than a pixel
    image = ndimage.gaussian_filter(image, blur)
    noise = np.exp(rng.uniform(np.log(0.001), np.log(0.02)))
    image += noise * ndimage.gaussian_filter(rng.standard_normal(shape), (0.0, 0.5, 0.5)) / 0.5
    return Volume(image.clip(0).astype(np.float32), Geometry(shape))


def _radii(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the radii of all ellipsoids, mm, in the order in which they fall."""
    edges = np.geomspace(SMALLEST, LARGEST, 9)
    share = COVERAGE * np.prod(shape) / (len(edges) - 1)
    radii = []
    for low, high in pairwise(edges):
        count = rng.poisson(share / (4 / 3 * np.pi * (low * high) ** 1.5))
        radii.append(rng.uniform(low, high, min(count, 4000)))
    return rng.permutation(np.concatenate(radii))


def _drop(
    rng: np.random.Generator,
    grey: np.ndarray,
    rough: np.ndarray,
    radius: float,
    squeeze: np.ndarray,
    tissues: np.ndarray,
) -> None:
    """Cover a part of the volume with an ellipsoid of random shape, direction and tissue."""
    centre = rng.uniform(0, 1, 3) * grey.shape
    axes = radius * np.exp(rng.normal(0, 0.5, 3))
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    # the quadratic form that is 1 on the surface, and half the sides of the box around it
    form = squeeze[:, None] ** -1 * (turn @ np.diag(axes**-2.0) @ turn.T) * squeeze[None, :] ** -1
    half = np.sqrt(np.diag(np.linalg.inv(form)))
    start = np.maximum(np.floor(centre - half).astype(int), 0)
    stop = np.minimum(np.ceil(centre + half).astype(int) + 1, grey.shape)
    if (start >= stop).any():
        return
    box = tuple(slice(low, high) for low, high in zip(start, stop, strict=True))
    offsets = [np.arange(low, high, dtype=np.float32) - c for low, high, c in zip(start, stop, centre, strict=True)]
    z, y, x = np.ix_(*offsets)
    value = form[0, 0] * z * z + form[1, 1] * y * y + form[2, 2] * x * x
    value = value + 2 * (form[0, 1] * z * y + form[0, 2] * z * x + form[1, 2] * y * x)
    inside = value < 1
    grey[box][inside] = rng.choice(tissues) * rng.uniform(0.85, 1.15)
    rough[box][inside] = rng.choice([0.0, rng.uniform(0.0, 0.3)])


def _octaves(rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return the weights of the grains that make up a texture, and their lengths in mm."""
    slope = rng.uniform(0.0, 1.0)
    return [(length**slope / 3, length) for length in (0.7, 1.5, 3.0)]


def _grain(rng: np.random.Generator, shape: tuple[int, int, int], length: float) -> np.ndarray:
    """Return smooth random values of unit variance."""
    grain = ndimage.gaussian_filter(rng.standard_normal(shape).astype(np.float32), length)
    return grain / grain.std()
