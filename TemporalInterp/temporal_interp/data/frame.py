"""A frame of a sequence at one time, acquired or synthetic, as an engine gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from temporal_interp.data.provenance import Provenance

if TYPE_CHECKING:
    from temporal_interp.data.displacement import DisplacementField
    from temporal_interp.data.volume import Volume


@dataclass(frozen=True, eq=False)
class Frame:
    """The answer of an engine at one time.

    Attributes:
        volume: the frame, with the geometry and scalar type of the sequence.
        time: of the frame, in the unit of the sequence.
        t: its place in the gap between its two neighbours: 0 at the first, 1 at the last.
        displacement_first_to_t: resamples the neighbour before it into this frame; None where it was not requested, or
            for an engine without motion.
        displacement_last_to_t: resamples the neighbour after it into this frame; likewise.
        provenance: how a synthetic frame came about; None for an acquired one.
    """

    volume: Volume
    time: float
    t: float
    displacement_first_to_t: DisplacementField | None = None
    displacement_last_to_t: DisplacementField | None = None
    provenance: Provenance | None = None

    @property
    def attributes(self) -> dict[str, str]:
        """The text attributes that mark a synthetic frame; none for an acquired one."""
        return {} if self.provenance is None else self.provenance.as_attributes()
