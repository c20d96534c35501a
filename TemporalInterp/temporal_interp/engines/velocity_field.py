"""The engine that needs no training: a neural velocity field fitted to the pair at hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch

from temporal_interp.engines.fusion import Fusion, FusionMaps, disagreement, fuse, fusion_maps
from temporal_interp.engines.protocol import InterpolatedFrame, require_pair, require_t
from temporal_interp.errors import Progress, no_progress
from temporal_interp.physical_displacement import displacement_field
from temporal_interp.registration.fit_velocity import coarsen
from temporal_interp.registration.register import fit_volumes
from temporal_interp.registration.settings import NeuralVelocitySettings
from temporal_interp.slabs import as_image, resize_slab, slabs, warp_slab
from temporal_interp.slice_gaps import slices_are_independent
from temporal_interp.spatial import integrate_velocity, warp
from temporal_interp.volumes import CONTRAST_FLOOR, Geometry, IntensityRange, Volume, to_scalar_type


@dataclass(frozen=True)
class VelocityFieldEngine:
    """Engine: NeVF between the two volumes; its stationary velocity gives every time from both ends.

    Attributes:
        registration: settings of the fit.
        fusion: how the two moved ends become one frame.
        device: where to compute, as PyTorch names it.
    """

    registration: NeuralVelocitySettings = field(default_factory=NeuralVelocitySettings)
    fusion: Fusion = field(default_factory=Fusion)
    device: str = "cpu"
    name: str = "velocity_field"
    model: str = ""
    model_sha256: str = ""

    @property
    def settings(self) -> str:
        """What differs from the defaults, in one line."""
        fusion = "" if self.fusion == Fusion() else f"radius_mm={self.fusion.radius_mm} noise={self.fusion.noise}"
        return " ".join(part for part in (self.registration.in_one_line(), fusion) if part)

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
        velocity = fit_volumes(
            intensity_range.normalise(last.array),
            intensity_range.normalise(first.array),
            first.geometry,
            self.registration,
            slice_thickness=slice_thickness,
            device=self.device,
            progress=progress,
        )
        independent = slices_are_independent(first.geometry, slice_thickness)
        return PreparedVelocityField(first, last, velocity, intensity_range, self.fusion, independent=independent)


class PreparedVelocityField:
    """A pair of volumes and the velocity between them, ready for any time.

    Args:
        first: volume at t = 0.
        last: volume at t = 1.
        velocity: (1, 3, k, j, i), last(p) = first(p + exp(velocity)(p)), voxels of its own grid, which covers the
            extent of the volumes.
        intensity_range: what scales the volumes to [0, 1].
        fusion: how the two moved ends become one frame.
        independent: slices have nothing to do with each other.
    """

    def __init__(
        self,
        first: Volume,
        last: Volume,
        velocity: torch.Tensor,
        intensity_range: IntensityRange,
        fusion: Fusion,
        *,
        independent: bool,
    ) -> None:
        self.first = first
        self.last = last
        self.velocity = velocity
        self.fusion = fusion
        self.offset = intensity_range.low
        self.spacing = spacing_of_grid(first.geometry, tuple(velocity.shape[2:]))
        if independent:
            self.spacing = (math.inf, *self.spacing[1:])
        self.coarse = tuple(
            coarsen(as_image(intensity_range.normalise(v.array), velocity.device), tuple(velocity.shape[2:]))
            for v in (first, last)
        )
        self.still = disagreement(*self.coarse, self.spacing, fusion)

    def at(self, t: float, *, fields: bool = False) -> InterpolatedFrame:
        """Return the frame at `t`; see `PreparedPair.at`."""
        t = require_t(t)
        acquired = {0.0: self.first, 1.0: self.last}.get(t)
        if acquired is not None and not fields:
            return InterpolatedFrame(acquired, t)
        with torch.inference_mode():
            displacements = integrate_velocity(t * self.velocity), integrate_velocity((t - 1) * self.velocity)
            volume = acquired or self._render(displacements, t)
            if not fields:
                return InterpolatedFrame(volume, t)
            first_to_t, last_to_t = (displacement_field(d, self.first.geometry) for d in displacements)
        return InterpolatedFrame(volume, t, first_to_t, last_to_t)

    def _render(self, displacements: tuple[torch.Tensor, torch.Tensor], t: float) -> Volume:
        """Return the frame at t: fields and maps are upsampled, the acquired voxels are warped."""
        moved = [warp(image, d) for image, d in zip(self.coarse, displacements, strict=True)]
        maps = fusion_maps(self.still, disagreement(*moved, self.spacing, self.fusion), t, self.fusion)
        shape, device = self.first.geometry.shape, self.velocity.device
        # float32 holds contrasts well, but not on top of a large offset
        sources = [as_image(v.array - np.float64(self.offset), device) for v in (self.first, self.last)]
        frame = np.empty(shape, self.first.array.dtype)
        for slab in slabs(shape):
            unmoved = tuple(image[:, :, slab] for image in sources)
            moved = tuple(warp_slab(image, d, slab) for image, d in zip(sources, displacements, strict=True))
            local = FusionMaps(*(resize_slab(m, shape, slab) for m in (maps.trust, maps.last_weight)))
            fused = fuse(unmoved, moved, local, t)[0, 0]
            frame[slab] = to_scalar_type(fused.cpu().numpy() + np.float64(self.offset), frame.dtype)
        return self.first.with_array(frame)


def spacing_of_grid(geometry: Geometry, shape: tuple[int, ...]) -> tuple[float, ...]:
    """Return the voxel size in mm, (K, J, I), of a grid of `shape` over the extent of a geometry."""
    return tuple(s * n / m for s, n, m in zip(geometry.spacing_kji, geometry.shape, shape, strict=True))
