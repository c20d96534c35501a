"""What the commands ask of a sequence's frames: which are synthetic, and which are far apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporal_interp.sequences import VolumeSequence


def synthetic_frames(sequence: VolumeSequence) -> list[int]:
    """Return the numbers of the frames that are marked as synthetic."""
    from temporal_interp.provenance import is_synthetic

    return [number for number, attributes in enumerate(sequence.item_attributes) if is_synthetic(attributes)]


def farthest_from_first(sequence: VolumeSequence) -> list[int]:
    """Return the numbers of the two frames that differ most from the first, the farthest first.

    The measure is the sum of squared differences over voxels that are finite (our choice). In a heart beat that starts
    at end-diastole these frames are close to end-systole. Fewer than two where the sequence is that short.
    """
    import numpy as np

    first = sequence.volumes[0].array.astype(np.float32)
    squares = [(volume.array - first) ** 2 for volume in sequence.volumes]
    changes = [float(square[np.isfinite(square)].sum()) for square in squares]
    return sorted(range(1, len(sequence)), key=lambda number: -changes[number])[:2]
