"""The frames around a pair as a network with context is shown them: the one before the first and the one after the
last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temporal_interp.data.field_of_view import field_of_view
from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Gap
from temporal_interp.networks.context import FURTHEST


@dataclass(frozen=True, eq=False)
class OuterFrame:
    """A frame around a pair.

    Attributes:
        frame: its number in the sequence.
        distance: from the end of the pair on its side, in lengths of the gap.
        voxels: (K, J, I) float32, scaled and clipped to [0, 1]; where it shows nothing, those of that end.
    """

    frame: int
    distance: float
    voxels: np.ndarray


def outer_frames(pair: Pair) -> tuple[OuterFrame | None, OuterFrame | None]:
    """Return the frame before the first end of a pair and the one after its last end.

    None stands for a frame that is not there, shows nothing, or lies so far away that it tells nothing. In a loop whose
    other gap leads from the last end back to the first, nothing lies around: the other end is shown already.
    """
    first, last = pair.normalised
    before, after = pair.gap_before, pair.gap_after
    return (
        None if before is None else _outer(pair, before, before.first, first),
        None if after is None else _outer(pair, after, after.last, last),
    )


def _outer(pair: Pair, gap: Gap, frame: int, end: np.ndarray) -> OuterFrame | None:
    distance = gap.length / pair.gap.length
    if distance > FURTHEST or frame in (pair.gap.first, pair.gap.last):
        return None
    voxels = pair.sequence.scaled.normalised(pair.sequence[frame])
    seen = field_of_view(pair.sequence[frame].array)
    return OuterFrame(frame, distance, voxels if seen is None else np.where(seen, voxels, end))
