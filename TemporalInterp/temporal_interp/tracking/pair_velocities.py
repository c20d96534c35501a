"""Fits a velocity field to each pair of frames: no network, and a fraction of the time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from temporal_interp.errors import Progress, no_progress, part_of
from temporal_interp.fitting.resume import fingerprint_of
from temporal_interp.registration.fit_velocity import fit_velocity
from temporal_interp.registration.settings import GridField, VelocitySettings
from temporal_interp.tracking.optimise import Pairs
from temporal_interp.tracking.settings import TrackingSettings

REFINEMENT_SMOOTHNESS = 32.0
"""What is left between the reference frame and the others is smoother by this factor than the motion of neighbours: it
removes drift, and the strain stays that of the neighbours (our choice)."""

CHUNK_VOXELS = 2**18
"""Voxels of the pairs that are fitted at once, where a pair has no more."""


def neighbour_settings(settings: TrackingSettings, dimensions: int) -> VelocitySettings:
    """Return the settings of the velocity between neighbours.

    Windows are alike in slices and volumes, and there is no bending: the strain of simulated hearts is nearer to the
    truth so. A slice has the noise floor of the pair at hand; a window of a volume holds so many more voxels that the
    floor of NMSR, which is lower, follows tissue better.

    Args:
        settings: of the tracking; scales, passes, smoothness and, for volumes, the floor are taken from there.
        dimensions: 2 or 3.
    """
    return VelocitySettings(
        field=GridField(starts=1),
        levels=settings.scales,
        iterations=settings.passes,
        noise_variance_floor=0.0 if dimensions == 2 else settings.noise_variance_floor,
        smoothness=settings.smoothness,
    )


def refinement_settings(settings: TrackingSettings, dimensions: int) -> VelocitySettings:
    """Return the settings of the velocity that is left between the reference frame and the others.

    Args:
        settings: of the tracking; they must have scales of the refinement.
        dimensions: 2 or 3.
    """
    return replace(
        neighbour_settings(settings, dimensions),
        levels=settings.refinement,
        iterations=(settings.refinement_passes,) * len(settings.refinement),
        smoothness=REFINEMENT_SMOOTHNESS * settings.smoothness,
    )


ROUNDING = 1e-5
"""Frames, scaled to [0, 1], that differ by less are equal and do not move; the fit would enlarge rounding errors."""


class PairVelocityFit:
    """Fits the velocities of pairs, some at a time; can be stopped between them and resumed.

    Args:
        pairs: what to bring together.
        spacing: voxel size in mm along each axis, in the order of the axes.
        settings: of the velocities; the frames are not coarsened any further.

    Attributes:
        velocities: so far, (p, D, *points) each, see `run`.
    """

    def __init__(self, pairs: Pairs, spacing: tuple[float, ...], settings: VelocitySettings) -> None:
        self.pairs, self.spacing, self.settings = pairs, spacing, settings
        voxels = math.prod(pairs.frames.shape[2:])
        self.chunk = max(1, CHUNK_VOXELS // voxels)
        self.fit_settings = replace(settings, max_voxels=self.chunk * voxels)
        self.velocities: list[torch.Tensor] = []

    def run(self, *, on_step: Callable[[], None] | None = None, progress: Progress = no_progress) -> torch.Tensor:
        """Return the velocity v of every pair, target(p) = source(p + exp(v)(p)).

        Args:
            on_step: called after some pairs, such as to keep the state.
            progress: receives the progress; may raise CancelledError.

        Returns:
            (P, D, *points), in voxels of its own grid over the extent of the frames.

        Raises:
            FitDivergedError: the fit diverged.
        """
        pairs, count = self.pairs, len(self.pairs)
        for start in range(len(self.velocities) * self.chunk, count, self.chunk):
            part = slice(start, start + self.chunk)
            targets = pairs.targets[part]
            weight = pairs.weight if pairs.weight is None or len(pairs.weight) == 1 else pairs.weight[targets]
            fixed, moving = pairs.frames[targets], pairs.frames[pairs.sources[part]]
            seen = None if pairs.seen is None else torch.cat([pairs.seen[targets], pairs.seen[pairs.sources[part]]])
            velocity = fit_velocity(
                fixed,
                moving,
                self.spacing,
                self.fit_settings,
                weight=weight,
                seen=seen,
                progress=part_of(progress, start / count, min(1.0, (start + self.chunk) / count)),
            ).detach()
            velocity[(fixed - moving).abs().flatten(1).amax(1) < ROUNDING] = 0.0
            self.velocities.append(velocity)
            if on_step is not None:
                on_step()
        return torch.cat(self.velocities)

    def fingerprint(self) -> str:
        """Return a text that identifies the frames and the settings of the fit."""
        return fingerprint_of((self.settings, self.spacing, self.chunk), self.pairs.tensors)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue from here."""
        return {"velocities": self.velocities}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a fit of the same pairs from where `state` was taken."""
        self.velocities = [velocity.to(self.pairs.frames) for velocity in state["velocities"]]
