"""A velocity field on a pair: both frames are warped along it to any time, and fused."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairs.compared import ComparedEnds
from temporal_interp.engines.pairs.fusion import Fusion
from temporal_interp.engines.pairs.moved_ends import MovedEnds
from temporal_interp.errors import Progress, no_progress
from temporal_interp.registration.register import default_settings, fit_volumes
from temporal_interp.registration.settings import VelocitySettings
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import integrate_velocity


@dataclass(frozen=True, eq=False)
class LinearEnd:
    """A frame that is interpolated linearly; see `End`."""

    voxels: torch.Tensor
    seen: torch.Tensor | None

    @property
    def image(self) -> torch.Tensor:
        """Its voxels, to be moved."""
        return self.voxels


class PreparedVelocityField(MovedEnds[LinearEnd]):
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
        super().__init__(pair, ComparedEnds(pair, coarse, fusion, seen))
        self.velocity = velocity
        self.ease = ease

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

    def _ends(self) -> tuple[LinearEnd, LinearEnd]:
        device = self.velocity.device
        first, last = (
            LinearEnd(as_image(voxels, device), None if seen is None else as_image(seen, device))
            for voxels, seen in zip(self.pair.centred, self.pair.seen, strict=True)
        )
        return first, last

    def _displacements(self, t: float) -> torch.Tensor:
        way = self._on_the_way(t)
        return integrate_velocity(torch.cat([way * self.velocity, (way - 1) * self.velocity]))

    def _on_the_way(self, t: float) -> float:
        return ease_in_out(t, self.ease)


def ease_in_out(t: float, ease: float) -> float:
    """Return the fraction of the path from the first frame to the last that is covered at t.

    The cubic whose speed at both ends is 1 - `ease` of its mean (our choice): 0 moves evenly, 1 from rest to rest with
    the least acceleration.
    """
    return t + ease * t * (1 - t) * (2 * t - 1)
