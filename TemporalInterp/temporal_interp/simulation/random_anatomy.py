"""Random bodies at rest: a signal at every point of a block of tissue, and the share of blood there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.simulation.random_fields import random_field, random_function_of_angle
from temporal_interp.tensors.spatial import smooth


@dataclass(frozen=True)
class Block:
    """A block of tissue, larger than the part that is imaged, so that tissue can move into view.

    Attributes:
        shape: (Z, J, I) voxels.
        pixel: size of a voxel in the plane, mm.
        layer: distance between two layers, mm.
    """

    shape: tuple[int, int, int]
    pixel: float
    layer: float

    def axes(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the distances from the centre, z in mm, j and i in pixels, shaped to be broadcast over the block."""
        z, j, i = (torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in self.shape)
        return z[:, None, None] * self.layer, j[None, :, None], i[None, None, :]


@dataclass(frozen=True)
class Ventricles:
    """The two ventricles of a heart in its short axis; lengths and positions in pixels from the centre of the block.

    Attributes:
        centre: (j, i) of the left ventricle.
        radius: radius of the left cavity.
        wall: thickness of the left wall.
        right_centre: (j, i) of the right ventricle.
        right_radius: radius of the right cavity.
    """

    centre: tuple[float, float]
    radius: float
    wall: float
    right_centre: tuple[float, float]
    right_radius: float


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A body at rest.

    Attributes:
        block: the grid of the body.
        signal: (1, 1, Z, J, I), from 0 to about 1.
        blood: (1, 1, Z, J, I), the share of flowing blood, from 0 to 1; its signal changes over the cycle.
        heart: the ventricles, or None in a body without a heart.
    """

    block: Block
    signal: torch.Tensor
    blood: torch.Tensor
    heart: Ventricles | None


def random_anatomy(rng: np.random.Generator, block: Block, *, with_heart: bool) -> Anatomy:
    """Return a random body with or without a heart.

    >>> random_anatomy(np.random.default_rng(0), Block((5, 48, 48), 1.4, 3.0), with_heart=True).signal.shape
    torch.Size([1, 1, 5, 48, 48])
    """
    signal = _surroundings(rng, block)
    blood = torch.zeros(block.shape)
    heart = random_ventricles(rng, block) if with_heart else None
    if heart is not None:
        signal, blood = _draw_heart(rng, block, heart, signal)
    texture = random_field(rng, block.shape, (3.0, *rng.uniform(4, 10, 2))) * rng.uniform(0.02, 0.08)
    texture = texture + random_field(rng, block.shape, (2.0, 2.5, 2.5)) * rng.uniform(0.01, 0.06)
    if not with_heart and rng.random() < 0.3:  # speckle
        texture = texture + random_field(rng, block.shape, (1.5, 2.0, 3.0)) * rng.uniform(0.1, 0.4)
    bias = (random_field(rng, (1, *block.shape[1:]), (1, 120.0, 120.0)) * rng.uniform(0, 0.25)).exp()
    signal = (signal * (1 + texture[0]).clamp(min=0) + 0.01) * bias[0]
    blur = float(rng.uniform(0.4, 0.9))
    return Anatomy(
        block,
        smooth(signal[None, None], (0.3, blur, blur)),
        smooth(blood[None, None], (0.3, 0.8, 0.8)),
        heart,
    )


def random_ventricles(rng: np.random.Generator, block: Block) -> Ventricles:
    """Return the ventricles of a heart of random size and place: cavity radius 18 to 32 mm, wall 6 to 13 mm."""
    reach = min(block.shape[1:]) / 9
    j, i = rng.uniform(-reach, reach, 2)
    radius, wall = rng.uniform(18, 32) / block.pixel, rng.uniform(6, 13) / block.pixel
    towards = rng.uniform(0, 2 * math.pi)
    apart = 0.95 * (radius + wall)
    right = (j + apart * math.sin(towards), i + apart * math.cos(towards))
    return Ventricles((j, i), radius, wall, right, radius * rng.uniform(0.8, 1.25))


def _surroundings(rng: np.random.Generator, block: Block) -> torch.Tensor:
    """Return random tissues side by side, the darker ones more often, with vessels and blobs in them."""
    count = int(rng.integers(3, 8))
    fields = [random_field(rng, block.shape, (20 / block.layer, *rng.uniform(8, 50, 2)))[0] for _ in range(count)]
    grey = rng.uniform(0.03, 0.9, count) * rng.choice([0.35, 1.0], count)
    signal = torch.from_numpy(grey.astype(np.float32))[torch.stack(fields).argmax(dim=0)]
    z, j, i = block.axes()
    half = [n / 2 for n in block.shape[1:]]
    for _ in range(int(rng.integers(5, 30))):
        centre = [float(rng.uniform(-h, h)) for h in half]
        lean = rng.uniform(-0.4, 0.4, 2) / block.pixel
        distance = _distance(j - centre[0] - float(lean[0]) * z, i - centre[1] - float(lean[1]) * z)
        signal = torch.where(distance < float(rng.uniform(1.5, 8)), float(rng.uniform(0, 1)), signal)
    return signal


def _draw_heart(
    rng: np.random.Generator, block: Block, heart: Ventricles, signal: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the signal with a heart drawn over it, and the heart's blood, both (Z, J, I)."""
    z, j, i = block.axes()
    dj, di = j - heart.centre[0], i - heart.centre[1]
    depth = block.shape[0] * block.layer
    taper = (1 - rng.uniform(0, 0.5) * (z / depth + 0.5)).clamp(min=0.3)  # towards the apex
    outline = 1 + 0.06 * random_function_of_angle(rng, torch.atan2(dj, di), 4)
    left = _distance(dj, di) / taper / outline
    right = _distance(j - heart.right_centre[0], i - heart.right_centre[1]) / taper
    epicardium = heart.radius + heart.wall
    right_wall = rng.uniform(2.5, 4) / block.pixel
    blood, muscle = rng.uniform(0.65, 1.0), rng.uniform(0.12, 0.4)

    if rng.random() < 0.7:  # fat around the heart
        around = (left < epicardium + 4 / block.pixel) | (right < heart.right_radius + right_wall + 3 / block.pixel)
        signal = torch.where(around, rng.uniform(0.3, 0.9), signal)
    signal = torch.where(right < heart.right_radius + right_wall, muscle * rng.uniform(0.8, 1.2), signal)
    in_right = (right < heart.right_radius) & (left > epicardium)
    signal = torch.where(in_right, blood * rng.uniform(0.8, 1.1), signal)
    signal = torch.where(left < epicardium, muscle, signal)
    in_left = left < heart.radius
    signal = torch.where(in_left, blood, signal)
    # trabeculae crowd near the wall
    bumps = random_field(rng, block.shape, (3.0, *rng.uniform(3, 6, 2)))[0]
    crowded = 1.2 * (left / heart.radius).clamp(max=1) ** 6
    signal = torch.where(in_left & (bumps + crowded > rng.uniform(1.6, 2.6)), muscle * rng.uniform(1.0, 1.6), signal)
    bumps = random_field(rng, block.shape, (3.0, 4.0, 4.0))[0]
    signal = torch.where(in_right & (bumps > rng.uniform(1.0, 2.0)), muscle * rng.uniform(1.0, 1.8), signal)
    for _ in range(int(rng.integers(0, 4))):  # papillary muscles
        angle, out = rng.uniform(0, 2 * math.pi), heart.radius * rng.uniform(0.5, 0.8)
        away = _distance(dj - out * math.sin(angle), di - out * math.cos(angle))
        signal = torch.where(away < rng.uniform(2, 5) / block.pixel, muscle * 1.1, signal)
    return signal, (in_left | in_right).float()


def _distance(dj: torch.Tensor, di: torch.Tensor) -> torch.Tensor:
    return (dj**2 + di**2).sqrt()
