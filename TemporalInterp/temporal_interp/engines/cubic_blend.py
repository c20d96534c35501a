"""The cubic blend of the frames around a gap: no motion, but brightness changes without kinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.engines.registry import EngineSpec
from temporal_interp.errors import Progress, no_progress

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Gap


def cubic_weights(t: float, before: float, after: float) -> tuple[float, float, float, float]:
    """Return the weights of the frame before a gap, of both of its ends, and of the frame after it; their sum is 1.

    They are those of the cubic through both ends of the gap whose slope at each end is that of the parabola through
    the three frames there, (h_before s_after + h_after s_before) / (h_before + h_after), with h the lengths of the
    gaps on both sides and s the slopes in them. Where a neighbour is missing, the slope in the gap itself takes its
    place; where both are, the blend is linear. Source: Catmull and Rom 1974, which this is for even times; the
    three-point formula for uneven ones.

    Args:
        t: place in the gap, from 0 to 1.
        before: length of the gap over that of the gap before it; 0 where that is missing.
        after: length of the gap over that of the gap after it; 0 where that is missing.

    Example:
        >>> cubic_weights(0.5, 1.0, 1.0)
        (-0.0625, 0.5625, 0.5625, -0.0625)
        >>> cubic_weights(0.25, 0.0, 0.0)[1:3]
        (0.75, 0.25)
    """
    first = t * (1 - t) ** 2 * before / (1 + before)
    last = t**2 * (1 - t) * after / (1 + after)
    return (
        -first * before,
        (1 - t) + first * (1 + before) - last,
        t - first + last * (1 + after),
        -last * after,
    )


@dataclass(frozen=True)
class CubicBlend(PairwiseEngine):
    """Engine: voxel by voxel, the cubic through the two frames of a gap, with slopes from the frames around it.

    With two frames it is the linear blend, and likewise where one of the four frames has no number. A frame beside the
    gap that shows nothing counts as missing. Nothing is clipped but what the scalar type cannot hold; a cubic goes
    beyond the values of its frames. In a gap much longer than those around it, the slopes there and their noise count
    that much more.
    """

    moves: ClassVar[bool] = False
    name: str = "cubic_blend"

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedCubicBlend:
        """Find the frames around the pair; see `PairwiseEngine.prepare_pair`."""
        progress(1.0, "blending")
        return PreparedCubicBlend(pair, pair.gap_before, pair.gap_after)


@dataclass(frozen=True, eq=False)
class PreparedCubicBlend:
    """A pair and the gaps around it, blended on demand.

    Attributes:
        pair: both frames.
        before: the gap before; None where there is none.
        after: the gap after; likewise.
    """

    pair: Pair
    before: Gap | None
    after: Gap | None

    def at(self, t: Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return the blends; there are no displacement fields to give."""
        return [self._blend(share) for share in t]

    def _blend(self, t: float) -> Synthesised:
        import numpy as np

        from temporal_interp.data.scalar_type import to_scalar_type
        from temporal_interp.engines.blend import blended

        ratios = (self.pair.gap.length / gap.length if gap else 0.0 for gap in (self.before, self.after))
        before, first, last, after = cubic_weights(t, *ratios)
        around = [(self.before.first, before)] if self.before else []
        around += [(self.after.last, after)] if self.after else []
        around.sort(key=lambda frame: -abs(frame[1]))
        ends = self.pair.first.array, self.pair.last.array
        with np.errstate(invalid="ignore"):  # infinite voxels
            blend = first * ends[0].astype("float64") + last * ends[1].astype("float64")
            for number, weight in around:
                blend += weight * self.pair.sequence[number].array.astype("float64")
        if not (known := np.isfinite(blend)).all():
            blend = np.where(known, blend, blended(*ends, t))
        volume = self.pair.first.with_array(to_scalar_type(blend, self.pair.first.array.dtype))
        return Synthesised(volume, context=tuple(number for number, _ in around))


SPEC = EngineSpec(
    name="cubic_blend",
    label="Cubic blend (no motion)",
    description="Fades smoothly through the frames around: nothing moves.",
    expected_time="At once.",
    create=lambda variant, device: CubicBlend(),
    has_motion=False,
    uses_context=True,
    needs_torch=False,
)
