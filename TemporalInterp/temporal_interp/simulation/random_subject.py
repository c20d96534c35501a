"""One random subject: its frames at many phases, and the exact displacement between any two of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.simulation.acquisition import slice_profile
from temporal_interp.simulation.random_anatomy import Anatomy, Block, random_anatomy
from temporal_interp.simulation.random_fields import random_field
from temporal_interp.simulation.random_motion import displaced, random_motion
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.simulation.time_curves import PHASES, drifting_curve
from temporal_interp.tensors.spatial import identity_grid, sample

LAYER_MM = 3.0
"""Distance between the layers of a block of tissue."""

BEYOND_MM = 20.0
"""Tissue above and below the imaged part, which motion may bring into view."""

SIDE_PIXELS = 16
"""Tissue around the imaged part, in its plane."""

PROFILE_SAMPLES = 3
"""Number of samples over the thickness of a slice."""


@dataclass(frozen=True, eq=False)
class RandomSubject:
    """Frames to draw training samples from, and their motion.

    Attributes:
        frames: (N, K, J, I) float16, without noise, scaled so that the brightest voxels are about 1.
        to_rest: (N, 3, *coarse grid) float16, see `RandomMotion.to_rest`.
        from_rest: (N, 3, *coarse grid) float16, see `RandomMotion.from_rest`.
        phases: which of the 25 phases each frame shows.
        origin: (Z, J, I), position of the first voxel of the frames in the block, in voxels of the block.
        step: distance between two slices in layers of the block.
        spacing: voxel size in mm, (K, J, I); infinite along K for a single slice.
        noise: standard deviation of the noise that a scanner would add.
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
        """Return the resampling field frame(p) = source(p + u(p)), (3, K, J, I), in voxels of the frames.

        It is zero along K for a single slice, since the neighbours of the slice are not imaged.
        """
        _, *shape = self.frames.shape
        grid = voxel_positions(tuple(shape), self.origin, self.step)
        at_rest = displaced(grid, self.to_rest[frame : frame + 1].float())
        in_source = displaced(at_rest, self.from_rest[source : source + 1].float())
        displacement = (in_source - grid)[0]
        displacement[0] = displacement[0] / self.step if math.isfinite(self.spacing[0]) else 0.0
        return displacement


def voxel_positions(shape: tuple[int, ...], origin: tuple[float, float, float], step: float) -> torch.Tensor:
    """Return the positions of the voxels of the frames in the block, (1, 3, K, J, I), in voxels of the block."""
    grid = identity_grid(shape, torch.zeros(1))
    grid[:, 0] *= step
    return grid + torch.tensor(origin).view(1, 3, 1, 1, 1)


def make_random_subject(settings: SyntheticSettings, index: int) -> RandomSubject:
    """Return subject `index`, which depends on the index and on the settings alone.

    >>> subject = make_random_subject(SyntheticSettings(shape=(1, 32, 32), margin=0), index=0)
    >>> subject.frames.shape, subject.displacement(source=0, frame=7).shape
    (torch.Size([15, 1, 32, 32]), torch.Size([3, 1, 32, 32]))
    """
    rng = np.random.default_rng([settings.seed, index])
    shape = settings.field_of_view
    single = shape[0] == 1
    pixel = float(rng.uniform(1.1, 1.8))
    apart = float(rng.uniform(5, 9)) if single else float(rng.choice([pixel, 2.0, 3.0, 5.0, 8.0]))
    thickness = apart if single else min(apart, 8.0)
    layers = math.ceil((apart * (shape[0] - 1) + 2 * BEYOND_MM) / LAYER_MM) | 1  # odd, with a layer in the middle
    block = Block((layers, shape[1] + 2 * SIDE_PIXELS, shape[2] + 2 * SIDE_PIXELS), pixel, LAYER_MM)
    anatomy = random_anatomy(rng, block, with_heart=rng.random() < settings.heart_share)
    motion = random_motion(rng, block, anatomy.heart)
    step = apart / LAYER_MM
    origin = ((layers - 1) / 2 - step * (shape[0] - 1) / 2, float(SIDE_PIXELS), float(SIDE_PIXELS))
    phases = _random_phases(rng, settings.instants)
    to_rest = {phase: motion.to_rest(phase) for phase in phases}
    frames = _images(rng, anatomy, voxel_positions(shape, origin, step), to_rest, thickness)
    bright = np.quantile(frames.numpy().ravel()[::7], 0.998)
    return RandomSubject(
        frames=(frames / max(float(bright), 1e-3)).half(),
        to_rest=torch.cat(list(to_rest.values())).half(),
        from_rest=torch.cat([motion.from_rest(phase) for phase in phases]).half(),
        phases=phases,
        origin=origin,
        step=step,
        spacing=(math.inf if single else apart, pixel, pixel),
        noise=float(np.exp(rng.uniform(np.log(0.002), np.log(0.03)))),
    )


def _random_phases(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """Return consecutive phases of the cycle: half of the time from end diastole on, sometimes backwards."""
    start = 0 if rng.random() < 0.5 else int(rng.integers(PHASES))
    phases = tuple((start + k) % PHASES for k in range(count))
    return phases[::-1] if rng.random() < 0.3 else phases


def _images(
    rng: np.random.Generator,
    anatomy: Anatomy,
    positions: torch.Tensor,
    to_rest: dict[int, torch.Tensor],
    thickness: float,
) -> torch.Tensor:
    """Return the frames, (N, K, J, I): displaced tissue, averaged over thick slices, with blood that changes its
    signal."""
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
        total = torch.zeros(())
        for offset in slice_profile(PROFILE_SAMPLES).tolist():
            in_slice = positions.clone()
            in_slice[:, 0] += offset * thickness / LAYER_MM
            total = total + sample(signal, displaced(in_slice, displacement)) / PROFILE_SAMPLES
        frames.append(total[0, 0].clamp(min=0))
    return torch.stack(frames)
