"""The plain blend of two volumes: no motion, the figure every other engine has to beat."""

from __future__ import annotations

from dataclasses import dataclass

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.volume import Volume
from temporal_interp.engines.protocol import InterpolatedFrame, require_pair, require_t
from temporal_interp.errors import Progress, no_progress


@dataclass(frozen=True)
class PreparedBlend:
    """Two volumes, blended when asked."""

    first: Volume
    last: Volume

    def at(self, t: float, *, fields: bool = False) -> InterpolatedFrame:
        """Return (1 - t) first + t last; there are no displacement fields to give."""
        t = require_t(t)
        if t in (0.0, 1.0):
            return InterpolatedFrame(self.last if t else self.first, t)
        blend = (1 - t) * self.first.array.astype("float64") + t * self.last.array.astype("float64")
        return InterpolatedFrame(self.first.with_array(to_scalar_type(blend, self.first.array.dtype)), t)


@dataclass(frozen=True)
class LinearBlend:
    """Engine: voxel by voxel, (1 - t) first + t last."""

    name: str = "linear_blend"
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
    ) -> PreparedBlend:
        """Check the pair; there is nothing else to prepare."""
        require_pair(first, last)
        progress(1.0, "blend")
        return PreparedBlend(first, last)
