"""A velocity field on a pair: both frames are warped along it to any time, and fused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.pair import Pair
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs.compared import ComparedEnds
from temporal_interp.engines.pairs.fusion import Fusion, FusionMaps, fuse, fusion_maps, seen_in_slab
from temporal_interp.engines.pairwise import Synthesised
from temporal_interp.errors import Progress, no_progress
from temporal_interp.registration.register import default_settings, fit_volumes
from temporal_interp.registration.settings import VelocitySettings
from temporal_interp.tensors.parallel_map import parallel_map
from temporal_interp.tensors.slabs import as_image, resize_slab, slabs, warp_slab
from temporal_interp.tensors.spatial import integrate_velocity


class PreparedVelocityField:
    """A pair of frames and the velocity between them, ready for any time.

    Args:
        pair: both frames.
        velocity: (1, 3, k, j, i), last(p) = first(p + exp(velocity)(p)), voxels of its own grid, which covers the
            extent of the frames.
        coarse: (2, 1, k, j, i), the first and the last frame, scaled to [0, 1], on the grid over the same extent on
            which the warped frames are compared.
        fusion: how the two warped ends become one frame.
        ease: how slowly the motion starts and ends, see `ease_in_out`.
        seen: (1, 1, k, j, i), how much of each voxel of that grid both frames show; all if None.
    """

    def __init__(
        self,
        pair: Pair,
        velocity: torch.Tensor,
        coarse: torch.Tensor,
        fusion: Fusion,
        *,
        ease: float = 0.0,
        seen: torch.Tensor | None = None,
    ) -> None:
        self.pair = pair
        self.velocity = velocity
        self.ease = ease
        self.compared = ComparedEnds(pair, coarse, fusion, seen)

    @classmethod
    def fitted(
        cls,
        pair: Pair,
        settings: VelocitySettings | None = None,
        fusion: Fusion | None = None,
        *,
        ease: float = 0.0,
        device: str = "cpu",
        progress: Progress = no_progress,
    ) -> PreparedVelocityField:
        """Fit the velocity that brings the first frame onto the last.

        Args:
            pair: both frames.
            settings: of the fit; `default_settings` if None.
            fusion: how the two warped ends become one frame; the defaults if None.
            ease: see the class.
            device: where to compute.
            progress: receives the progress; may raise CancelledError.

        Raises:
            FitDivergedError: the fit diverged.
        """
        settings = settings or default_settings(pair.independent)
        first, last = pair.normalised
        fitted = fit_volumes(
            last,
            first,
            pair.geometry,
            settings,
            independent=pair.independent,
            seen=pair.seen[::-1],
            device=device,
            progress=progress,
        )
        return cls(pair, fitted.velocity, fitted.compared.flip(0), fusion or Fusion(), ease=ease, seen=fitted.seen)

    def at(self, t: Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return what lies at some t, in parallel on the threads of the CPU; see `PreparedPair.at`."""
        return parallel_map(lambda share: self._at(share, fields), t)

    def _at(self, t: float, fields: bool) -> Synthesised:
        path = ease_in_out(t, self.ease)
        with torch.inference_mode():
            displacements = integrate_velocity(torch.cat([path * self.velocity, (path - 1) * self.velocity]))
            volume = {0.0: self.pair.first, 1.0: self.pair.last}.get(t) or self._render(displacements, path)
            if not fields:
                return Synthesised(volume)
            first, last = (DisplacementField.from_voxels(d, self.pair.geometry) for d in displacements.split(1))
        return Synthesised(volume, first, last)

    def _render(self, displacements: torch.Tensor, path: float) -> Volume:
        """Return the frame at a fraction of the path: fields and maps are upsampled, the acquired voxels are warped."""
        compared = self.compared
        moved_disagreement = compared.disagreement(compared.moved(displacements))
        maps = fusion_maps(compared.unmoved_disagreement, moved_disagreement, path, compared.fusion)
        shape, device = self.pair.geometry.shape, self.velocity.device
        low = np.float64(self.pair.intensity_range.low)
        sources = [as_image(voxels, device) for voxels in self.pair.centred]
        first_seen, last_seen = (None if seen is None else as_image(seen, device) for seen in self.pair.seen)
        frame = np.empty(shape, self.pair.first.array.dtype)
        for slab in slabs(shape):
            unmoved = (sources[0][:, :, slab], sources[1][:, :, slab])
            moved_first, moved_last = (
                warp_slab(image, d, slab) for image, d in zip(sources, displacements.split(1), strict=True)
            )
            local = FusionMaps(*(resize_slab(m, shape, slab) for m in (maps.trust, maps.last_weight)))
            seen = seen_in_slab((first_seen, last_seen), displacements, slab)
            fused = fuse(unmoved, (moved_first, moved_last), local, path, seen)[0, 0]
            frame[slab] = to_scalar_type(fused.cpu().numpy() + low, frame.dtype)
        return self.pair.first.with_array(frame)


def ease_in_out(t: float, ease: float) -> float:
    """Return the fraction of the path from the first frame to the last that is covered at t.

    The cubic whose speed at both ends is 1 - `ease` of its mean (our choice): 0 moves evenly, 1 from rest to rest with
    the least acceleration.
    """
    return t + ease * t * (1 - t) * (2 * t - 1)
