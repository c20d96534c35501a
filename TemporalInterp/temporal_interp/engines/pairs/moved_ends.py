"""Both ends of a gap moved along a path to any time, and fused, slab by slab."""

from __future__ import annotations

import abc as abstract
from collections import abc
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.pair import Pair
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs.compared import ComparedEnds
from temporal_interp.engines.pairs.fusion import FusionMaps, fuse, fusion_maps, seen_in_slab
from temporal_interp.engines.pairwise import Synthesised
from temporal_interp.tensors.cubic import CubicImage
from temporal_interp.tensors.parallel_map import parallel_map
from temporal_interp.tensors.slabs import resize_slab, slabs, warp_slab


class End(Protocol):
    """A frame to be moved.

    Attributes:
        voxels: (1, 1, K, J, I), `intensity_range.low` at 0.
        image: the same to be moved: a tensor is interpolated linearly, a `CubicImage` by cubic B-splines.
        seen: (1, 1, K, J, I), 1 where the frame shows something, else 0; None where it shows all.
    """

    @property
    def voxels(self) -> torch.Tensor:
        """Its voxels."""
        ...

    @property
    def image(self) -> torch.Tensor | CubicImage:
        """Its voxels, to be moved."""
        ...

    @property
    def seen(self) -> torch.Tensor | None:
        """Where it shows something."""
        ...


AnEnd = TypeVar("AnEnd", bound=End)

Finish = abc.Callable[[torch.Tensor, slice], torch.Tensor]
"""What is done to the fused slices of a slab, (1, 1, rows, J, I)."""


class MovedEnds(abstract.ABC, Generic[AnEnd]):
    """A pair of frames and the path between them, ready for any time. Subclasses tell the path.

    Args:
        pair: both frames.
        compared: both on the coarse grid.
    """

    def __init__(self, pair: Pair, compared: ComparedEnds) -> None:
        self.pair = pair
        self.compared = compared

    def at(self, t: abc.Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return what lies at some t, in parallel on the threads of the CPU; see `PreparedPair.at`."""
        ends = self._ends()
        return parallel_map(lambda share: self._at(share, ends, fields), t)

    @abstract.abstractmethod
    def _ends(self) -> tuple[AnEnd, AnEnd]:
        """Return the first and the last frame."""

    @abstract.abstractmethod
    def _displacements(self, t: float) -> torch.Tensor:
        """Return the fields that resample both frames into that at t, (2, 3, k, j, i), voxels of their own grid."""

    def _on_the_way(self, t: float) -> float:
        """Return the share of the way that is covered at t, by which both frames are weighed."""
        return t

    def _context(self, t: float) -> tuple[int, ...]:
        """Return the frames beside the pair that count, the one that counts more first."""
        return ()

    def _finish(
        self,
        ends: tuple[AnEnd, AnEnd],
        displacements: torch.Tensor,
        moved: torch.Tensor,
        maps: FusionMaps,
        disagreement: torch.Tensor,
        t: float,
    ) -> Finish:
        """Return what is done to the fused frame.

        Args:
            ends: the first and the last frame.
            displacements: as of `_displacements`.
            moved: (2, 1, k, j, i), both frames at t, on the coarse grid.
            maps: how both are fused.
            disagreement: of both at t.
            t: the time.
        """
        return lambda fused, slab: fused

    def _at(self, t: float, ends: tuple[AnEnd, AnEnd], fields: bool) -> Synthesised:
        with torch.inference_mode():
            displacements = self._displacements(t)
            volume = {0.0: self.pair.first, 1.0: self.pair.last}.get(t) or self._render(displacements, ends, t)
            if not fields:
                return Synthesised(volume, context=self._context(t))
            first, last = (DisplacementField.from_voxels(d, self.pair.geometry) for d in displacements.split(1))
        return Synthesised(volume, first, last, context=self._context(t))

    def _render(self, displacements: torch.Tensor, ends: tuple[AnEnd, AnEnd], t: float) -> Volume:
        """Return the frame at t: fields and maps are upsampled, the acquired voxels are moved."""
        compared, shape = self.compared, self.pair.geometry.shape
        way = self._on_the_way(t)
        moved = compared.moved(displacements)
        disagreement = compared.disagreement(moved)
        maps = fusion_maps(compared.unmoved_disagreement, disagreement, way, compared.fusion)
        finish = self._finish(ends, displacements, moved, maps, disagreement, t)
        low = np.float64(self.pair.intensity_range.low)
        tolerance = (self.pair.intensity_range.high - self.pair.intensity_range.low) * compared.fusion.noise
        frame = np.empty(shape, self.pair.first.array.dtype)
        for slab in slabs(shape):
            unmoved = ends[0].voxels[:, :, slab], ends[1].voxels[:, :, slab]
            moved_first, moved_last = (
                warp_slab(end.image, d, slab, tolerance=tolerance)
                for end, d in zip(ends, displacements.split(1), strict=True)
            )
            local = FusionMaps(*(resize_slab(m, shape, slab) for m in (maps.trust, maps.last_weight)))
            seen = seen_in_slab((ends[0].seen, ends[1].seen), displacements, slab)
            finished = finish(fuse(unmoved, (moved_first, moved_last), local, way, seen), slab)
            frame[slab] = to_scalar_type(finished[0, 0].cpu().numpy() + low, frame.dtype)
        return self.pair.first.with_array(frame)
