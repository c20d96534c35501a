"""Two neighbouring frames of a sequence, and what lies around them, as an engine that works gap by gap sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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
        """The gap before; None where there is none, or where the frame that it starts with shows nothing."""
        gap = self.sequence.gap_before(self.gap)
        return gap if gap is not None and self._can_be_used(gap.first) else None

    @property
    def gap_after(self) -> Gap | None:
        """The gap after; None where there is none, or where the frame that it ends with shows nothing."""
        gap = self.sequence.gap_after(self.gap)
        return gap if gap is not None and self._can_be_used(gap.last) else None

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
    def seen(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """The fields of view of the first and of the last frame, (K, J, I) bool; None for a frame that shows all."""
        from temporal_interp.data.field_of_view import field_of_view  # imports NumPy, which lists need not

        return field_of_view(self.first.array), field_of_view(self.last.array)

    @property
    def normalised(self) -> tuple[np.ndarray, np.ndarray]:
        """Voxels of the first and of the last frame, (K, J, I) float32, scaled and clipped to [0, 1].

        All are numbers: where only one frame shows a place, both have its voxel, so that nothing seems to move there.
        """
        return self._both(self.sequence.scaled.normalised)

    @property
    def centred(self) -> tuple[np.ndarray, np.ndarray]:
        """Voxels of both frames, (K, J, I) float32, `intensity_range.low` at 0, and all of them numbers likewise."""
        return self._both(self.sequence.scaled.centred)

    def _both(self, voxels_of: Callable[[Volume], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        from temporal_interp.data.field_of_view import filled_from_each_other

        return filled_from_each_other(voxels_of(self.first), voxels_of(self.last), self.seen)

    def _can_be_used(self, frame: int) -> bool:
        from temporal_interp.data.field_of_view import shows_something

        return shows_something(self.sequence[frame])
