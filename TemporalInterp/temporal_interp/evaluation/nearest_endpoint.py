"""The baseline that does nothing: show the nearer of the two acquired frames."""

from __future__ import annotations

from dataclasses import dataclass

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.engines.protocol import InterpolatedFrame, require_pair, require_t
from temporal_interp.errors import Progress, no_progress

BASELINE = "nearest_endpoint"
"""Name of the baseline in tables."""


MIDDLE = 0.5 - 1e-6
"""A little early, so that rounding in the index values does not decide which end is nearer to the middle frame."""


@dataclass(frozen=True, eq=False)
class PreparedEndpoints:
    """Two volumes, of which the nearer is the answer."""

    first: Volume
    last: Volume

    def at(self, t: float, *, fields: bool = False) -> InterpolatedFrame:
        """Return the first volume before the middle, the last from the middle on; there are no fields to give."""
        t = require_t(t)
        return InterpolatedFrame(self.first if t < MIDDLE else self.last, t)


@dataclass(frozen=True)
class NearestEndpoint:
    """Engine for evaluation only: what a viewer sees without interpolation."""

    name: str = BASELINE
    settings: str = ""
    model: str = ""
    model_sha256: str = ""

    def prepare(
        self,
        first: Volume,
        last: Volume,
        *,
        intensity_range: IntensityRange | None = None,
        slice_thickness: float | None = None,
        progress: Progress = no_progress,
    ) -> PreparedEndpoints:
        """Check the pair; there is nothing else to prepare."""
        require_pair(first, last)
        return PreparedEndpoints(first, last)
