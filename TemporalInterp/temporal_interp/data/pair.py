"""Two neighbouring frames of a sequence, and what lies around them, as an engine that works gap by gap sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from temporal_interp.data.geometry import Geometry
    from temporal_interp.data.intensity import IntensityRange
    from temporal_interp.data.sequence import Gap, Sequence
    from temporal_interp.data.volume import Volume


@dataclass(frozen=True, eq=False)
class Pair:
    """The frames at both ends of a gap; the facts about the sequence hold for them.

    Attributes:
        sequence: whose frames they are.
        gap: between which of them.
    """

    sequence: Sequence
    gap: Gap

    @property
    def first(self) -> Volume:
        """The frame at t = 0."""
        return self.sequence[self.gap.first]

    @property
    def last(self) -> Volume:
        """The frame at t = 1."""
        return self.sequence[self.gap.last]

    @property
    def gap_before(self) -> Gap | None:
        """The gap before; None where there is none, or where the frame that it starts with is not finite."""
        gap = self.sequence.gap_before(self.gap)
        return gap if gap is not None and self.sequence[gap.first].is_finite else None

    @property
    def gap_after(self) -> Gap | None:
        """The gap after; None where there is none, or where the frame that it ends with is not finite."""
        gap = self.sequence.gap_after(self.gap)
        return gap if gap is not None and self.sequence[gap.last].is_finite else None

    @property
    def geometry(self) -> Geometry:
        """The voxel grid of both frames."""
        return self.sequence.geometry

    @property
    def intensity_range(self) -> IntensityRange:
        """The range of the whole sequence."""
        return self.sequence.intensity_range

    @property
    def independent(self) -> bool:
        """Whether each slice is a 2D problem of its own."""
        return self.sequence.slices_are_independent

    @property
    def normalised(self) -> tuple[np.ndarray, np.ndarray]:
        """Voxels of the first and of the last frame, (K, J, I) float32, scaled and clipped to [0, 1]."""
        return self.sequence.scaled.normalised(self.first), self.sequence.scaled.normalised(self.last)

    @property
    def centred(self) -> tuple[np.ndarray, np.ndarray]:
        """Voxels of the first and of the last frame, (K, J, I) float32, `intensity_range.low` at 0."""
        return self.sequence.scaled.centred(self.first), self.sequence.scaled.centred(self.last)
