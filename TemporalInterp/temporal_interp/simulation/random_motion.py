"""Random motion of a block of tissue: smooth velocity fields one after the other, each with its own curve of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.simulation.random_anatomy import Block, HeartShape
from temporal_interp.simulation.random_fields import around_circle, random_field
from temporal_interp.simulation.time_curves import breathing_curve, contraction_curve, drifting_curve
from temporal_interp.tensors.spatial import compose, integrate_velocity, sample

COARSENING = 4
"""Motion is held on a grid that is coarser than the block by this in the plane: it is smooth."""

SQUARINGS = 5
MOST_STRAIN = 0.08
"""Size of a random velocity over the length at which it changes sign."""

STILL = 1e-4
"""A part that has gone less far than this has not moved."""


@dataclass(frozen=True, eq=False)
class Part:
    """One velocity field and its curve of time.

    Attributes:
        velocity: (3, Z, j, i) on the coarse grid; channels (Z, J, I), in layers and pixels of the block.
        curve: (25,), how far it has gone at every phase.
    """

    velocity: torch.Tensor
    curve: np.ndarray


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion of a block: at phase s it is made of the exponentials of all parts, curve(s) far."""

    block: Block
    parts: tuple[Part, ...]

    def to_rest(self, phase: int) -> torch.Tensor:
        """Return the displacement, (1, 3, *coarse grid), from a point at a phase to where its tissue rests.

        Resampling by it makes the image at that phase out of the one at rest.
        """
        return self._total(phase, self.parts, 1)

    def from_rest(self, phase: int) -> torch.Tensor:
        """Return the inverse of `to_rest`: from a point at rest to where its tissue is at a phase."""
        return self._total(phase, self.parts[::-1], -1)

    def _total(self, phase: int, parts: tuple[Part, ...], sign: int) -> torch.Tensor:
        total = torch.zeros(1, 3, *coarse_shape(self.block))
        for part in parts:
            gone = sign * float(part.curve[phase])
            if abs(gone) > STILL:
                displacement = integrate_velocity(_scaled(gone * part.velocity[None], 1 / COARSENING), steps=SQUARINGS)
                total = compose(total, displacement)
        return _scaled(total, COARSENING)


def moved(points: torch.Tensor, displacement: torch.Tensor) -> torch.Tensor:
    """Return points (1, 3, *) of the block, in its voxels, after a displacement on the coarse grid."""
    on_grid = points.clone()
    on_grid[:, 1:] = (on_grid[:, 1:] + 0.5) / COARSENING - 0.5
    return points + sample(displacement, on_grid)


def coarse_shape(block: Block) -> tuple[int, int, int]:
    """Return the shape of the grid that motion is held on."""
    return (block.shape[0], *(math.ceil(n / COARSENING) for n in block.shape[1:]))


def random_motion(rng: np.random.Generator, block: Block, heart: HeartShape | None) -> Motion:
    """Return a heart beating, its surroundings drifting, and the whole breathing, or random smooth motion."""
    parts = [] if heart is None else _beat(rng, block, heart)
    size = 0.5 if heart is not None else 1.0
    for _ in range(int(rng.integers(1, 4))):
        length = rng.uniform(20, 80)  # mm
        across = length / block.pixel / COARSENING
        velocity = random_field(rng, coarse_shape(block), (length / block.layer / 2, across, across), 3)
        # a field of unit variance folds space if it is large for its length
        velocity = velocity * (size * min(rng.uniform(0.4, 4.0), MOST_STRAIN * length))
        parts.append(Part(_in_voxels(velocity, block, through=0.3), _curve(rng, heart)))
    if rng.random() < 0.5:  # the whole shifts
        shift = torch.from_numpy(rng.standard_normal(3).astype(np.float32) * rng.uniform(0, 1.0))
        whole = shift.view(3, 1, 1, 1).expand(3, *coarse_shape(block))
        parts.append(Part(_in_voxels(whole, block, through=0.3), drifting_curve(rng)))
    return Motion(block, tuple(parts))


def _curve(rng: np.random.Generator, heart: HeartShape | None) -> np.ndarray:
    if rng.random() < 0.4:
        return drifting_curve(rng)
    return contraction_curve(rng, rng.uniform(0, 0.1)) if heart is not None else breathing_curve(rng)


def _beat(rng: np.random.Generator, block: Block, heart: HeartShape) -> list[Part]:
    """Return the parts of a heart beat: both ventricles contract, the left one twists and shortens."""
    grid = coarse_shape(block)
    j, i = (
        (torch.arange(n, dtype=torch.float32) + 0.5) * COARSENING - 0.5 - (full - 1) / 2
        for n, full in zip(grid[1:], block.shape[1:], strict=True)
    )
    dj, di = (j - heart.centre[0])[None, :, None].expand(grid), (i - heart.centre[1])[None, None, :].expand(grid)
    distance = (dj**2 + di**2).sqrt() + 1e-3
    angle = torch.atan2(dj, di)
    still = torch.zeros(grid)
    epicardium = heart.radius + heart.wall
    endocardial = rng.uniform(3, 11) / block.pixel
    # in the cavity the motion grows with the radius; beyond the endocardium it fades, as the wall thickens
    fading = 0.6 * torch.exp(-(((distance - heart.radius) / (heart.wall * rng.uniform(0.9, 1.8))) ** 2))
    fading = fading + 0.4 * torch.exp(-(((distance - heart.radius) / (2.5 * heart.wall)) ** 2))
    inward = endocardial * torch.where(distance < heart.radius, distance / heart.radius, fading)
    outwards = torch.stack([still, dj / distance, di / distance])
    regions = around_circle(rng, angle, 3)
    share = (1 + 0.3 * regions).clamp(min=0)
    parts = [Part(outwards * inward * share, contraction_curve(rng))]
    late = rng.uniform(0, 0.25) * around_circle(rng, angle, 2)  # some segments lag, or move with another curve
    parts.append(Part(outwards * inward * late, contraction_curve(rng, rng.uniform(0, 0.1))))
    within = torch.exp(-((distance / epicardium) ** 4))
    twist = within * rng.uniform(-0.15, 0.15)
    parts.append(Part(torch.stack([still, di * twist, -dj * twist]), contraction_curve(rng, rng.uniform(0, 0.05))))
    shortening = torch.exp(-((distance / (1.6 * epicardium)) ** 4)) * (rng.uniform(-9, 9) / block.layer)
    parts.append(Part(torch.stack([shortening, still, still]), contraction_curve(rng, rng.uniform(0, 0.03))))
    parts.append(_right_ventricle(rng, block, heart, j, i))
    return parts


def _right_ventricle(
    rng: np.random.Generator, block: Block, heart: HeartShape, j: torch.Tensor, i: torch.Tensor
) -> Part:
    grid = coarse_shape(block)
    dj = (j - heart.right_centre[0])[None, :, None].expand(grid)
    di = (i - heart.right_centre[1])[None, None, :].expand(grid)
    distance = (dj**2 + di**2).sqrt() + 1e-3
    inward = (distance / heart.right_radius).clamp(max=1) * torch.exp(-((distance / (1.1 * heart.right_radius)) ** 4))
    inward = inward * (rng.uniform(1, 6) / block.pixel)
    velocity = torch.stack([torch.zeros(grid), dj / distance * inward, di / distance * inward])
    return Part(velocity, contraction_curve(rng, rng.uniform(0, 0.04)))


def _in_voxels(velocity: torch.Tensor, block: Block, *, through: float) -> torch.Tensor:
    """Return a velocity given in mm in voxels of the block, with the share `through` of it along Z."""
    return velocity * torch.tensor([through / block.layer, 1 / block.pixel, 1 / block.pixel]).view(3, 1, 1, 1)


def _scaled(field: torch.Tensor, factor: float) -> torch.Tensor:
    """Return a field (1, 3, *) with its in-plane channels multiplied."""
    return field * torch.tensor([1.0, factor, factor]).view(1, 3, 1, 1, 1)
