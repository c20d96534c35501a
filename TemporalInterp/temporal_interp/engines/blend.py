"""The plain blend of two frames: no motion, the figure every other engine has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.engines.registry import EngineSpec, Kind
from temporal_interp.errors import Progress, no_progress

if TYPE_CHECKING:
    import numpy as np

    from temporal_interp.data.volume import Volume


@dataclass(frozen=True)
class LinearBlend(PairwiseEngine):
    """Engine: voxel by voxel, (1 - t) first + t last; see `blended`."""

    moves: ClassVar[bool] = False
    name: str = "linear_blend"

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedBlend:
        """Return the pair; there is nothing to prepare."""
        progress(1.0, "blending")
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

        blend = blended(self.first.array, self.last.array, t)
        return self.first.with_array(to_scalar_type(blend, self.first.array.dtype))


def blended(first: np.ndarray, last: np.ndarray, t: float) -> np.ndarray:
    """Return (1 - t) first + t last in float64; where only one of them is a number, that one alone.

    Example:
        >>> import numpy as np
        >>> blended(np.array([0.0, np.nan]), np.array([4.0, 4.0]), 0.25).tolist()
        [1.0, 4.0]
    """
    import numpy as np

    from temporal_interp.data.field_of_view import field_of_view, filled_from_each_other

    first, last = filled_from_each_other(first, last, (field_of_view(first), field_of_view(last)))
    with np.errstate(invalid="ignore"):  # infinite in both, of opposite sign
        return (1 - t) * first.astype("float64") + t * last.astype("float64")


SPEC = EngineSpec(
    name="linear_blend",
    label="Linear blend (no motion)",
    description="Fades one frame into the other: nothing moves.",
    expected_time="At once.",
    create=lambda variant, device: LinearBlend(),
    has_motion=False,
    needs_torch=False,
    scores={Kind.SLICES: 0.0, Kind.VOLUMES: 0.0},
)
