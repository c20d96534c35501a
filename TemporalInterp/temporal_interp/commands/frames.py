"""What the commands ask of a sequence's frames: which are synthetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporal_interp.sequences import VolumeSequence


def synthetic_frames(sequence: VolumeSequence) -> list[int]:
    """Return the numbers of the frames that are marked as synthetic."""
    from temporal_interp.provenance import is_synthetic

    return [number for number, attributes in enumerate(sequence.item_attributes) if is_synthetic(attributes)]
