"""The plain blend of two frames: no motion, the figure every other engine has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.engines.registry import EngineSpec
from temporal_interp.errors import Progress, no_progress

if TYPE_CHECKING:
    from temporal_interp.data.volume import Volume


@dataclass(frozen=True)
class LinearBlend(PairwiseEngine):
    """Engine: voxel by voxel, (1 - t) first + t last."""

    name: str = "linear_blend"

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedBlend:
        """Return the pair; there is nothing to prepare."""
        progress(1.0, "blend")
        return PreparedBlend(pair.first, pair.last)


@dataclass(frozen=True, eq=False)
class PreparedBlend:
    """Two volumes, blended on demand."""

    first: Volume
    last: Volume

    def at(self, t: Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return the blends; there are no displacement fields to give."""
        return [Synthesised(self._blend(share)) for share in t]

    def _blend(self, t: float) -> Volume:
        from temporal_interp.data.scalar_type import to_scalar_type

        blend = (1 - t) * self.first.array.astype("float64") + t * self.last.array.astype("float64")
        return self.first.with_array(to_scalar_type(blend, self.first.array.dtype))


SPEC = EngineSpec(
    name="linear_blend",
    label="Linear blend (no motion)",
    description="Fades one frame into the other: nothing moves.",
    expected_time="At once.",
    create=lambda variant, device: LinearBlend(),
    has_motion=False,
    needs_torch=False,
)
