"""The baseline that does nothing: the nearer of the two acquired frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.errors import Progress, no_progress

BASELINE = "nearest_endpoint"
"""Name of the baseline in tables."""

MIDDLE = 0.5 - 1e-6
"""A little early, so that rounding in the times does not decide which end is nearer to the middle frame."""


@dataclass(frozen=True, eq=False)
class PreparedEndpoints:
    """Two frames, of which the nearer is the answer."""

    pair: Pair

    def at(self, t: Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return the first frame before the middle, the last from the middle on; there are no fields to give."""
        return [Synthesised(self.pair.first if share < MIDDLE else self.pair.last) for share in t]


@dataclass(frozen=True)
class NearestEndpoint(PairwiseEngine):
    """Engine for evaluation only: the display without interpolation."""

    name: str = BASELINE

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedEndpoints:
        """Return the pair; there is nothing to prepare."""
        return PreparedEndpoints(pair)
