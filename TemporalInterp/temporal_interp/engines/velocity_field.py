"""The engine that needs no training: a velocity field fitted to the pair at hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from temporal_interp.data.intensity import CONTRAST_FLOOR, IntensityRange
from temporal_interp.data.physical_displacement import displacement_field
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.slice_independence import slices_are_independent
from temporal_interp.data.volume import Volume
from temporal_interp.engines.fusion import Fusion, FusionMaps, disagreement, fuse, fusion_maps
from temporal_interp.engines.protocol import InterpolatedFrame, require_pair, require_t
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.registration.grids import coarsen, spacing_on
from temporal_interp.registration.register import default_settings, fit_volumes, fitted_grid
from temporal_interp.registration.settings import VelocitySettings
from temporal_interp.tensors.parallel_map import parallel_map
from temporal_interp.tensors.slabs import as_image, resize_slab, slabs, warp_slab
from temporal_interp.tensors.spatial import integrate_velocity, resize_field, warp


@dataclass(frozen=True)
class VelocityFieldEngine:
    """Engine: a stationary velocity between the two volumes; it gives every time from both ends (NeVF).

    Attributes:
        registration: settings of the fit; `default_settings` for the pair at hand if None.
        fusion: how the two moved ends become one frame.
        ease: how slowly the motion starts and ends, see `eased`.
        device: where to compute, as PyTorch names it.

    Raises:
        InvalidInputError: `ease` is not a number from 0 to 1.
    """

    registration: VelocitySettings | None = None
    fusion: Fusion = field(default_factory=Fusion)
    ease: float = 0.0
    device: str = "cpu"
    name: str = "velocity_field"
    model: str = ""
    model_sha256: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.ease <= 1:
            raise InvalidInputError(
                f"ease must be a number from 0 (even motion) to 1 (rest at both ends), got {self.ease}."
            )

    @property
    def settings(self) -> str:
        """What differs from the defaults, in one line."""
        fusion = "" if self.fusion == Fusion() else f"radius_mm={self.fusion.radius_mm} noise={self.fusion.noise}"
        fit = "" if self.registration is None else self.registration.in_one_line()
        ease = f"ease={self.ease}" if self.ease else ""
        return " ".join(part for part in (fit, fusion, ease) if part)

    def prepare(
        self,
        first: Volume,
        last: Volume,
        *,
        intensity_range: IntensityRange | None = None,
        slice_thickness: float | None = None,
        progress: Progress = no_progress,
    ) -> PreparedVelocityField:
        """Fit the velocity field; see `InterpolationEngine.prepare`."""
        require_pair(first, last)
        intensity_range = intensity_range or IntensityRange.of([first, last], lower_percentile=CONTRAST_FLOOR)
        settings = self.registration or default_settings(first.geometry, slice_thickness=slice_thickness)
        velocity = fit_volumes(
            intensity_range.normalise(last.array),
            intensity_range.normalise(first.array),
            first.geometry,
            settings,
            slice_thickness=slice_thickness,
            device=self.device,
            progress=progress,
        )
        return PreparedVelocityField(
            first,
            last,
            velocity,
            intensity_range,
            self.fusion,
            compared=fitted_grid(first.geometry, settings, slice_thickness=slice_thickness),
            independent=slices_are_independent(first.geometry, slice_thickness),
            ease=self.ease,
        )


class PreparedVelocityField:
    """A pair of volumes and the velocity between them, ready for any time.

    Args:
        first: volume at t = 0.
        last: volume at t = 1.
        velocity: (1, 3, k, j, i), last(p) = first(p + exp(velocity)(p)), voxels of its own grid, which covers the
            extent of the volumes.
        intensity_range: what scales the volumes to [0, 1].
        fusion: how the two moved ends become one frame.
        compared: shape of the grid over the same extent on which the moved volumes are compared.
        independent: slices have nothing to do with each other.
        ease: how slowly the motion starts and ends, see `eased`.
    """

    def __init__(
        self,
        first: Volume,
        last: Volume,
        velocity: torch.Tensor,
        intensity_range: IntensityRange,
        fusion: Fusion,
        *,
        compared: tuple[int, int, int],
        independent: bool,
        ease: float = 0.0,
    ) -> None:
        self.first = first
        self.last = last
        self.velocity = velocity
        self.ease = ease
        self.offset = intensity_range.low
        self.spacing = spacing_on(compared, first.geometry.shape, first.geometry.spacing_kji)
        if independent:
            self.spacing = (math.inf, *self.spacing[1:])
        self.coarse = torch.cat(
            [coarsen(as_image(intensity_range.normalise(v.array), velocity.device), compared) for v in (first, last)]
        )
        problems = self.coarse.squeeze(1).unsqueeze(2) if independent else self.coarse.unsqueeze(1)
        self.fusion = fusion.for_pair(*problems)
        self.still = disagreement(*self.coarse.split(1), self.spacing, self.fusion)

    def at(self, t: float, *, fields: bool = False) -> InterpolatedFrame:
        """Return the frame at `t`; see `PreparedPair.at`."""
        t = require_t(t)
        acquired = {0.0: self.first, 1.0: self.last}.get(t)
        if acquired is not None and not fields:
            return InterpolatedFrame(acquired, t)
        way = eased(t, self.ease)
        with torch.inference_mode():
            displacements = integrate_velocity(torch.cat([way * self.velocity, (way - 1) * self.velocity]))
            volume = acquired or self._render(displacements, way)
            if not fields:
                return InterpolatedFrame(volume, t)
            first_to_t, last_to_t = (displacement_field(d, self.first.geometry) for d in displacements.split(1))
        return InterpolatedFrame(volume, t, first_to_t, last_to_t)

    def at_many(self, times: Sequence[float], *, fields: bool = False) -> list[InterpolatedFrame]:
        """Return the frames at some times, side by side on the threads of the CPU."""
        return parallel_map(lambda t: self.at(t, fields=fields), times)

    def _render(self, displacements: torch.Tensor, way: float) -> Volume:
        """Return the frame at a share of the way: fields and maps are upsampled, the acquired voxels are warped."""
        moved = warp(self.coarse, resize_field(displacements, tuple(self.coarse.shape[2:])))
        maps = fusion_maps(self.still, disagreement(*moved.split(1), self.spacing, self.fusion), way, self.fusion)
        shape, device = self.first.geometry.shape, self.velocity.device
        # float32 holds contrasts well, but not on top of a large offset
        sources = [as_image(v.array - np.float64(self.offset), device) for v in (self.first, self.last)]
        frame = np.empty(shape, self.first.array.dtype)
        for slab in slabs(shape):
            unmoved = tuple(image[:, :, slab] for image in sources)
            moved = tuple(warp_slab(image, d, slab) for image, d in zip(sources, displacements.split(1), strict=True))
            local = FusionMaps(*(resize_slab(m, shape, slab) for m in (maps.trust, maps.last_weight)))
            fused = fuse(unmoved, moved, local, way)[0, 0]
            frame[slab] = to_scalar_type(fused.cpu().numpy() + np.float64(self.offset), frame.dtype)
        return self.first.with_array(frame)


def eased(t: float, ease: float) -> float:
    """Return the share of the way from the first volume to the last that lies behind at t.

    The cubic whose speed at both ends is 1 - `ease` of its mean (our choice): 0 moves evenly, 1 from rest to rest with
    the least acceleration.
    """
    return t + ease * t * (1 - t) * (2 * t - 1)
