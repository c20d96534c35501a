"""Random motion of a block of tissue: smooth velocity fields applied one after the other, each with its time curve.

Unlike a `motion.MovingBody`, which maps any point by a formula, this motion is held on a grid, in voxels: it can have
any shape, and its inverse is as exact as the composition of fields on the grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.simulation.random_anatomy import Block, Ventricles
from temporal_interp.simulation.random_fields import random_field, random_function_of_angle
from temporal_interp.simulation.time_curves import breathing_curve, contraction_curve, drifting_curve
from temporal_interp.tensors.spatial import compose, integrate_velocity, sample

COARSENING = 4
"""The motion is smooth, so its grid is coarser than the block by this factor in the plane."""

SQUARINGS = 5
LARGEST_STRAIN = 0.08
"""Largest size of a random velocity over the length at which it changes sign."""

NEGLIGIBLE = 1e-4
"""A component whose curve is closer to zero than this is left out."""


@dataclass(frozen=True, eq=False)
class Component:
    """One velocity field and its time curve.

    Attributes:
        velocity: (3, Z, j, i) on the coarse grid; channels (Z, J, I), in layers and pixels of the block.
        curve: (25,), the time for which the velocity has acted at every phase.
    """

    velocity: torch.Tensor
    curve: np.ndarray


@dataclass(frozen=True, eq=False)
class RandomMotion:
    """The motion of a block: the composition of the exponentials of all components, each times its curve.

    Attributes:
        block: the grid of the body that moves.
        components: in the order in which they are composed.
    """

    block: Block
    components: tuple[Component, ...]

    def to_rest(self, phase: int) -> torch.Tensor:
        """Return the displacement from points at a phase, one of 25, to where their tissue lies at rest.

        The image at that phase is the image at rest, resampled by this field.

        Returns:
            (1, 3, *coarse grid), voxels of the block, channels (Z, J, I).
        """
        return self._composed(phase, self.components, 1)

    def from_rest(self, phase: int) -> torch.Tensor:
        """Return the inverse of `to_rest`: the displacement from points at rest to where their tissue lies."""
        return self._composed(phase, self.components[::-1], -1)

    def _composed(self, phase: int, components: tuple[Component, ...], sign: int) -> torch.Tensor:
        total = torch.zeros(1, 3, *coarse_shape(self.block))
        for component in components:
            time = sign * float(component.curve[phase])
            if abs(time) > NEGLIGIBLE:
                velocity = _scaled_in_plane(time * component.velocity[None], 1 / COARSENING)
                total = compose(total, integrate_velocity(velocity, steps=SQUARINGS))
        return _scaled_in_plane(total, COARSENING)


def displaced(points: torch.Tensor, displacement: torch.Tensor) -> torch.Tensor:
    """Return points (1, 3, *) of the block, in its voxels, after a displacement that is held on the coarse grid."""
    on_grid = points.clone()
    on_grid[:, 1:] = (on_grid[:, 1:] + 0.5) / COARSENING - 0.5
    return points + sample(displacement, on_grid)


def coarse_shape(block: Block) -> tuple[int, int, int]:
    """Return the shape (Z, j, i) of the grid on which the motion of a block is held."""
    layers, rows, columns = block.shape
    return layers, math.ceil(rows / COARSENING), math.ceil(columns / COARSENING)


def random_motion(rng: np.random.Generator, block: Block, heart: Ventricles | None) -> RandomMotion:
    """Return the motion of a beating heart and its surroundings, or random smooth motion without a heart.

    >>> motion = random_motion(np.random.default_rng(0), Block((5, 48, 48), 1.4, 3.0), heart=None)
    >>> motion.to_rest(phase=12).shape
    torch.Size([1, 3, 5, 12, 12])
    """
    components = [] if heart is None else _beat(rng, block, heart)
    size = 0.5 if heart is not None else 1.0
    for _ in range(int(rng.integers(1, 4))):
        length = rng.uniform(20, 80)  # mm
        across = length / block.pixel / COARSENING
        velocity = random_field(rng, coarse_shape(block), (length / block.layer / 2, across, across), 3)
        # a field of unit variance folds space if it is large for its length
        velocity = velocity * (size * min(rng.uniform(0.4, 4.0), LARGEST_STRAIN * length))
        components.append(Component(_in_voxels(velocity, block, through_plane=0.3), _random_curve(rng, heart)))
    if rng.random() < 0.5:  # the whole block drifts
        shift = torch.from_numpy(rng.standard_normal(3).astype(np.float32) * rng.uniform(0, 1.0))
        whole = shift.view(3, 1, 1, 1).expand(3, *coarse_shape(block))
        components.append(Component(_in_voxels(whole, block, through_plane=0.3), drifting_curve(rng)))
    return RandomMotion(block, tuple(components))


def _random_curve(rng: np.random.Generator, heart: Ventricles | None) -> np.ndarray:
    if rng.random() < 0.4:
        return drifting_curve(rng)
    return contraction_curve(rng, rng.uniform(0, 0.1)) if heart is not None else breathing_curve(rng)


def _beat(rng: np.random.Generator, block: Block, heart: Ventricles) -> list[Component]:
    """Return the components of a beat: both ventricles contract, and the left one twists and shortens."""
    grid = coarse_shape(block)
    j, i = (
        (torch.arange(n, dtype=torch.float32) + 0.5) * COARSENING - 0.5 - (full - 1) / 2
        for n, full in zip(grid[1:], block.shape[1:], strict=True)
    )
    dj, di, distance = _offsets(j, i, heart.centre, grid)
    angle = torch.atan2(dj, di)
    zero = torch.zeros(grid)
    epicardium = heart.radius + heart.wall
    endocardial = rng.uniform(3, 11) / block.pixel
    # in the cavity the motion grows with the radius; beyond the endocardium it fades, since the wall thickens
    fading = 0.6 * torch.exp(-(((distance - heart.radius) / (heart.wall * rng.uniform(0.9, 1.8))) ** 2))
    fading = fading + 0.4 * torch.exp(-(((distance - heart.radius) / (2.5 * heart.wall)) ** 2))
    inward = endocardial * torch.where(distance < heart.radius, distance / heart.radius, fading)
    outwards = torch.stack([zero, dj / distance, di / distance])
    share = (1 + 0.3 * random_function_of_angle(rng, angle, 3)).clamp(min=0)
    components = [Component(outwards * inward * share, contraction_curve(rng))]
    late = rng.uniform(0, 0.25) * random_function_of_angle(rng, angle, 2)  # some segments lag behind the others
    components.append(Component(outwards * inward * late, contraction_curve(rng, rng.uniform(0, 0.1))))
    twist = torch.exp(-((distance / epicardium) ** 4)) * rng.uniform(-0.15, 0.15)
    rotation = torch.stack([zero, di * twist, -dj * twist])
    components.append(Component(rotation, contraction_curve(rng, rng.uniform(0, 0.05))))
    shortening = torch.exp(-((distance / (1.6 * epicardium)) ** 4)) * (rng.uniform(-9, 9) / block.layer)
    through_plane = torch.stack([shortening, zero, zero])
    components.append(Component(through_plane, contraction_curve(rng, rng.uniform(0, 0.03))))
    components.append(_right_ventricle(rng, block, heart, j, i))
    return components


def _right_ventricle(
    rng: np.random.Generator, block: Block, heart: Ventricles, j: torch.Tensor, i: torch.Tensor
) -> Component:
    grid = coarse_shape(block)
    dj, di, distance = _offsets(j, i, heart.right_centre, grid)
    inward = (distance / heart.right_radius).clamp(max=1) * torch.exp(-((distance / (1.1 * heart.right_radius)) ** 4))
    inward = inward * (rng.uniform(1, 6) / block.pixel)
    velocity = torch.stack([torch.zeros(grid), dj / distance * inward, di / distance * inward])
    return Component(velocity, contraction_curve(rng, rng.uniform(0, 0.04)))


def _offsets(
    j: torch.Tensor, i: torch.Tensor, centre: tuple[float, float], grid: tuple[int, int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the offsets along J and I from a centre, and the distance, which is never quite zero; each (Z, j, i)."""
    dj, di = (j - centre[0])[None, :, None].expand(grid), (i - centre[1])[None, None, :].expand(grid)
    return dj, di, (dj**2 + di**2).sqrt() + 1e-3


def _in_voxels(velocity: torch.Tensor, block: Block, *, through_plane: float) -> torch.Tensor:
    """Return a velocity (3, *) in mm in voxels of the block, with the share `through_plane` of it along Z."""
    return velocity * torch.tensor([through_plane / block.layer, 1 / block.pixel, 1 / block.pixel]).view(3, 1, 1, 1)


def _scaled_in_plane(field: torch.Tensor, factor: float) -> torch.Tensor:
    """Return a field (1, 3, *) with its in-plane channels multiplied by a factor."""
    return field * torch.tensor([1.0, factor, factor]).view(1, 3, 1, 1, 1)
