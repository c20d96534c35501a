"""A gap in the course of time: its own velocity field, and those of the gaps on both sides of it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import ClassVar

import torch

from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.engines.pairs.brightness import BrightnessChange
from temporal_interp.engines.pairs.compared import ComparedEnds, as_problems
from temporal_interp.engines.pairs.detail import with_detail
from temporal_interp.engines.pairs.fusion import Fusion, FusionMaps
from temporal_interp.engines.pairs.movable import MovableFrame, MovableFrames
from temporal_interp.engines.pairs.moved_ends import Finish, MovedEnds
from temporal_interp.engines.pairs.neighbour import Neighbour, noise_of_velocity
from temporal_interp.engines.pairs.path import Path
from temporal_interp.engines.pairwise import KEPT_GAPS
from temporal_interp.errors import FitDivergedError, Progress, part_of
from temporal_interp.registration.noise import noise_between
from temporal_interp.registration.register import FittedVelocity, default_settings, fit_volumes
from temporal_interp.registration.settings import VelocitySettings
from temporal_interp.tensors.slabs import resize_slab
from temporal_interp.tensors.spatial import compose, integrate_velocity, resize

KEPT_FITS = KEPT_GAPS + 2
"""Fitted gaps that are kept: those that are prepared, and the two around them."""

UNEXPLAINED = 6.0
"""A gap beside is trusted in full if its motion leaves less than this many times the variance unexplained that the gap
at hand leaves."""


@dataclass(frozen=True, eq=False)
class Beside:
    """A gap beside the one at hand.

    Attributes:
        frame: number of its frame that the gap at hand does not have.
        ratio: length of the gap at hand over its own.
        fitted: its velocity, and its two frames on the coarse grid, the later one first.
    """

    frame: int
    ratio: float
    fitted: FittedVelocity


class Fits:
    """The velocity fields of the gaps of a sequence, fitted when they are needed, and kept for the gaps beside.

    Args:
        sequence: the frames.
        settings: of the fits; `default_settings` if None.
        fusion: how two moved ends become one frame; the defaults if None.
        device: where to compute.
        search: see `default_settings`.
    """

    def __init__(
        self,
        sequence: Sequence,
        settings: VelocitySettings | None,
        fusion: Fusion | None,
        device: str,
        *,
        search: int = 0,
    ) -> None:
        self._search = search
        self._frames = MovableFrames(sequence, device)
        self._settings = settings
        self._fusion = fusion or Fusion()
        self._device = device
        self._kept: OrderedDict[int, FittedVelocity] = OrderedDict()

    def prepare_pair(self, pair: Pair, *, progress: Progress) -> PreparedCourse:
        """Fit the gap of a pair, and those on both sides of it; see `PairwiseEngine.prepare_pair`.

        A gap beside that cannot be fitted is left out.

        Raises:
            FitDivergedError: the fit of the gap itself diverged.
        """
        before, after = pair.gap_before, pair.gap_after
        wanted = 1 + (before is not None) + (after is not None)
        own = self._of(pair, pair.gap, part_of(progress, 0.0, 1 / wanted))
        earlier = self._beside(pair, before, True, part_of(progress, 1 / wanted, 2 / wanted))
        later = self._beside(pair, after, False, part_of(progress, 1 - 1 / wanted, 1.0))
        progress(1.0, "finding the motion")
        return self.ready(pair, own, earlier, later)

    def ready(self, pair: Pair, own: FittedVelocity, before: Beside | None, after: Beside | None) -> PreparedCourse:
        """Return a gap with its motion, ready for any time; subclasses may want more of it."""
        return PreparedCourse(pair, self._frames, own, before, after, fusion=self._fusion)

    def _beside(self, pair: Pair, gap: Gap | None, is_before: bool, progress: Progress) -> Beside | None:
        if gap is None:
            return None
        try:
            return Beside(
                gap.first if is_before else gap.last, pair.gap.length / gap.length, self._of(pair, gap, progress)
            )
        except FitDivergedError:
            return None

    def _of(self, pair: Pair, gap: Gap, progress: Progress) -> FittedVelocity:
        if gap.number not in self._kept:
            self._kept[gap.number] = self.fit(Pair(pair.sequence, gap), progress=progress)
        self._kept.move_to_end(gap.number)
        while len(self._kept) > KEPT_FITS:
            self._kept.popitem(last=False)
        return self._kept[gap.number]

    def fit(self, pair: Pair, *, progress: Progress) -> FittedVelocity:
        """Fit the velocity of one gap.

        Raises:
            FitDivergedError: the fit diverged.
        """
        first, last = pair.normalised
        return fit_volumes(
            last,
            first,
            pair.geometry,
            self._settings or default_settings(pair.independent, search=self._search),
            independent=pair.independent,
            seen=pair.seen[::-1],
            device=self._device,
            progress=progress,
        )


class PreparedCourse(MovedEnds[MovableFrame]):
    """A pair of frames and the path between them, ready for any time.

    Args:
        pair: both frames.
        frames: those of the sequence, to be moved.
        fitted: the motion between them.
        before: the gap before; None where there is none.
        after: the gap after; likewise.
        fusion: how the two moved ends become one frame.
    """

    brightness_agreed: ClassVar[bool] = True
    """See `BrightnessChange`."""

    def __init__(
        self,
        pair: Pair,
        frames: MovableFrames,
        fitted: FittedVelocity,
        before: Beside | None,
        after: Beside | None,
        *,
        fusion: Fusion,
    ) -> None:
        with torch.inference_mode():
            super().__init__(pair, ComparedEnds(pair, fitted.compared.flip(0), fusion, fitted.seen))
            self.frames = frames
            self.before = before
            self.after = after
            unexplained = self._unexplained(fitted)
            neighbours = [None if gap is None else self._neighbour(gap, unexplained) for gap in (before, after)]
            self.path = Path(fitted.velocity, *neighbours, independent=pair.independent)
            self.in_plane = not fitted.velocity[:, 0].any()
            self.brightness = None
            if before is not None and after is not None:
                self.brightness = BrightnessChange(
                    before.ratio,
                    after.ratio,
                    self.compared.spacing,
                    self.compared.fusion.noise,
                    agreed=self.brightness_agreed,
                )
                self.seen = _in_all(fitted.seen, before.fitted.seen, after.fitted.seen)
                self.outer = torch.cat([before.fitted.compared[1:], after.fitted.compared[:1]])
                # from the first frame back to the one before it, and from the last on to the one after it
                self.to_outer = integrate_velocity(torch.cat([before.fitted.velocity, -after.fitted.velocity]))

    def _ends(self) -> tuple[MovableFrame, MovableFrame]:
        return self.frames.pair(self.pair.gap.first, self.pair.gap.last, in_plane=self.in_plane)

    def _displacements(self, t: float) -> torch.Tensor:
        return self.path.displacements(t)

    def _context(self, t: float) -> tuple[int, ...]:
        beside = [gap.frame for gap in (self.before, self.after) if gap is not None]
        return tuple(beside if round(t, 9) <= 0.5 else beside[::-1])

    def _neighbour(self, gap: Beside, unexplained: torch.Tensor) -> Neighbour:
        """Return the motion in a gap beside, how far to go by it, and how much of it is noise."""
        fitted = gap.fitted
        later, earlier = as_problems(fitted.compared, self.pair.independent)
        seen = None if fitted.seen is None else as_problems(fitted.seen, self.pair.independent)[0]
        noise = noise_between(earlier, later, seen).view(1, 1, -1, 1, 1)
        noise = noise_of_velocity(noise, tuple(fitted.velocity.shape[2:]), tuple(fitted.compared.shape[2:]))
        return Neighbour(fitted.velocity, gap.ratio, self._trust(fitted, unexplained), noise)

    def _unexplained(self, fitted: FittedVelocity) -> torch.Tensor:
        """Return how much two frames still disagree when motion has brought both half-way, on the coarse grid."""
        halves = integrate_velocity(torch.cat([0.5 * fitted.velocity, -0.5 * fitted.velocity]))
        return self.compared.disagreement(self.compared.moved(halves, fitted.compared.flip(0)))

    def _trust(self, beside: FittedVelocity, unexplained: torch.Tensor) -> torch.Tensor:
        """Return how far to go by the motion in a gap beside, on the grid of the velocity."""
        trust = (UNEXPLAINED * unexplained / self._unexplained(beside)).clamp(max=1.0)
        trust = trust if beside.seen is None else trust * beside.seen
        return resize(trust, tuple(beside.velocity.shape[2:]))

    def _finish(
        self,
        ends: tuple[MovableFrame, MovableFrame],
        displacements: torch.Tensor,
        moved: torch.Tensor,
        maps: FusionMaps,
        disagreement: torch.Tensor,
        t: float,
    ) -> Finish:
        """Return what adds the change of brightness, and gives the frame the detail of the acquired ones."""
        compared = self.compared
        change = self._brightness(displacements, moved, maps.trust, t)
        detail = _trust_in_detail(compared.unmoved_disagreement, disagreement, compared.fusion)
        shape, spacing = self.pair.geometry.shape, self.pair.geometry.spacing_kji
        scale = self.pair.intensity_range.high - self.pair.intensity_range.low

        def finished(fused: torch.Tensor, slab: slice) -> torch.Tensor:
            if change is not None:
                fused = fused + scale * resize_slab(change, shape, slab)
            wanted = torch.lerp(ends[0].detail_energy[:, :, slab], ends[1].detail_energy[:, :, slab], t)
            slices = [image[0].transpose(0, 1) for image in (fused, wanted, resize_slab(detail, shape, slab))]
            sharp = with_detail(slices[0], slices[1], slices[2], (spacing[1], spacing[2]), ends[0].unit)
            return sharp.transpose(0, 1)[None]

        return finished

    def _brightness(
        self, displacements: torch.Tensor, moved: torch.Tensor, trust: torch.Tensor, t: float
    ) -> torch.Tensor | None:
        """Return what to add for the change of brightness, (1, 1, k, j, i) on the coarse grid, scaled to [0, 1]."""
        if self.brightness is None:
            return None
        outer, outer_moved = self.outer, self.compared.moved(compose(self.to_outer, displacements), self.outer)
        with_motion = self.brightness.at(t, torch.cat([outer_moved[:1], moved, outer_moved[1:]]))
        without = self.brightness.at(t, torch.cat([outer[:1], self.compared.images, outer[1:]]))
        change = torch.lerp(without, with_motion, trust)
        return change if self.seen is None else change * self.seen


def _in_all(*seen: torch.Tensor | None) -> torch.Tensor | None:
    """Return how much of each voxel all show, (1, 1, k, j, i); None where they show all."""
    known = [one for one in seen if one is not None]
    return torch.stack(known).amin(0) if known else None


def _trust_in_detail(unmoved: torch.Tensor, moved: torch.Tensor, fusion: Fusion) -> torch.Tensor:
    """Return how far the detail of the moved ends can be taken for that of the tissue: explained, and down to noise."""
    return (1 - moved / unmoved).clamp(min=0) * (fusion.disagreement_of_noise / moved).sqrt()
