"""One synthetic subject: its frames at many phases, and the exact displacement between any two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.simulation.random_anatomy import Anatomy, Block, random_anatomy
from temporal_interp.simulation.random_fields import random_field
from temporal_interp.simulation.random_motion import moved, random_motion
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.simulation.time_curves import PHASES, drifting_curve
from temporal_interp.tensors.spatial import identity_grid, sample

LAYER = 3.0
"""mm between the layers of a block of tissue."""

BEYOND = 20.0
"""mm of tissue above and below what is imaged, which motion may bring into view."""

SIDE = 16
"""Pixels of tissue around what is imaged."""

SLICE_PROFILE = (-1 / 3, 0.0, 1 / 3)
"""Where a thick slice is sampled, in shares of its thickness."""


@dataclass(frozen=True, eq=False)
class RandomSubject:
    """What samples are cut from.

    Attributes:
        frames: (phases, K, J, I), scaled so that the brightest are about 1, without noise.
        to_rest: (phases, 3, *coarse grid), see `Motion.to_rest`.
        from_rest: (phases, 3, *coarse grid), see `Motion.from_rest`.
        phases: which phase of 25 each frame shows.
        origin: (Z, J, I), voxel of the block where the first voxel of the frames lies.
        step: layers of the block between two slices.
        spacing: mm, (K, J, I); infinite along K for a single slice.
        noise: standard deviation that a scanner would add.
    """

    frames: torch.Tensor
    to_rest: torch.Tensor
    from_rest: torch.Tensor
    phases: tuple[int, ...]
    origin: tuple[float, float, float]
    step: float
    spacing: tuple[float, float, float]
    noise: float

    def displacement(self, source: int, frame: int) -> torch.Tensor:
        """Return the resampling field frame(p) = source(p + u(p)), (3, K, J, I), voxels of the frames.

        Along K it is zero for a single slice, whose neighbours nobody has seen.
        """
        grid = points_of(tuple(self.frames.shape[1:]), self.origin, self.step)
        rest = moved(grid, self.to_rest[frame : frame + 1].float())
        there = moved(rest, self.from_rest[source : source + 1].float())
        displacement = (there - grid)[0]
        displacement[0] = displacement[0] / self.step if math.isfinite(self.spacing[0]) else 0.0
        return displacement


def points_of(shape: tuple[int, ...], origin: tuple[float, ...], step: float) -> torch.Tensor:
    """Return where the voxels of the frames lie in the block, (1, 3, K, J, I), in its voxels."""
    grid = identity_grid(shape, torch.zeros(1))
    grid[:, 0] *= step
    return grid + torch.tensor(origin).view(1, 3, 1, 1, 1)


def make_random_subject(settings: SyntheticSettings, index: int) -> RandomSubject:
    """Return subject `index`, which depends on it and on the settings alone."""
    rng = np.random.default_rng([settings.seed, index])
    shape = settings.field_of_view
    single = shape[0] == 1
    pixel = float(rng.uniform(1.1, 1.8))
    apart = float(rng.uniform(5, 9)) if single else float(rng.choice([pixel, 2.0, 3.0, 5.0, 8.0]))
    thickness = apart if single else min(apart, 8.0)
    layers = math.ceil((apart * (shape[0] - 1) + 2 * BEYOND) / LAYER) | 1  # odd, with a layer in the middle
    block = Block((layers, shape[1] + 2 * SIDE, shape[2] + 2 * SIDE), pixel, LAYER)
    anatomy = random_anatomy(rng, block, with_heart=rng.random() < settings.heart_share)
    motion = random_motion(rng, block, anatomy.heart)
    origin = ((layers - 1) / 2 - apart / LAYER * (shape[0] - 1) / 2, float(SIDE), float(SIDE))
    points = points_of(shape, origin, apart / LAYER)
    phases = _phases(rng, settings.instants)
    to_rest = {phase: motion.to_rest(phase) for phase in phases}
    frames = _images(rng, anatomy, points, to_rest, thickness)
    bright = np.quantile(frames.numpy().ravel()[::7], 0.998)
    return RandomSubject(
        (frames / max(float(bright), 1e-3)).half(),
        torch.cat(list(to_rest.values())).half(),
        torch.cat([motion.from_rest(phase) for phase in phases]).half(),
        phases,
        origin,
        apart / LAYER,
        (math.inf if single else apart, pixel, pixel),
        float(np.exp(rng.uniform(np.log(0.002), np.log(0.03)))),
    )


def _phases(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """Return consecutive phases of the cycle: half of the time from end diastole, sometimes backwards."""
    start = 0 if rng.random() < 0.5 else int(rng.integers(PHASES))
    phases = tuple((start + k) % PHASES for k in range(count))
    return phases[::-1] if rng.random() < 0.3 else phases


def _images(
    rng: np.random.Generator,
    anatomy: Anatomy,
    points: torch.Tensor,
    to_rest: dict[int, torch.Tensor],
    thickness: float,
) -> torch.Tensor:
    """Return the frames, (phases, K, J, I): moved tissue, averaged over thick slices, with blood that changes."""
    shape = anatomy.block.shape
    flow = 1 + rng.uniform(0, 0.2) * (rng.random() < 0.7) * drifting_curve(rng)
    jets = [
        (rng.uniform(0, 0.35) * (random_field(rng, shape, (3.0, 8.0, 8.0)) - 0.7).clamp(min=0), drifting_curve(rng))
        for _ in range(2)
    ]
    frames = []
    for phase, displacement in to_rest.items():
        shade = 1 + anatomy.blood * float(flow[phase] - 1)
        for jet, curve in jets:
            shade = shade - jet * anatomy.blood * float(np.clip(curve[phase], 0, 1))
        signal = anatomy.signal * shade
        total = 0.0
        for offset in SLICE_PROFILE:
            slanted = points.clone()
            slanted[:, 0] += offset * thickness / LAYER
            total = total + sample(signal, moved(slanted, displacement)) / len(SLICE_PROFILE)
        frames.append(total[0, 0].clamp(min=0))
    return torch.stack(frames)
