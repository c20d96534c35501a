"""Phase selection: how much the frames of a sequence differ from its first, and two phases to interpolate between."""

from __future__ import annotations

from collections import abc

import numpy as np

from temporal_interp.data.sequence import Sequence

MAX_VOXELS = 2**16
"""Voxels of a frame that are compared, evenly spread; more would change the curve little and take long."""


def change_from_first(sequence: Sequence) -> list[float]:
    """Return the root mean square difference of every frame from the first, in the intensity unit of the sequence.

    Only voxels that are finite in both count (our choice). In a heart beat that starts at end-diastole the curve
    rises to a peak close to end-systole.
    """
    size = sequence.volumes[0].array.size
    every = -(-size // MAX_VOXELS)
    first, *others = (volume.array.ravel()[::every].astype(np.float64) for volume in sequence.volumes)
    changes = [0.0]
    for frame in others:
        seen = np.isfinite(frame) & np.isfinite(first)
        changes.append(float(np.sqrt(((frame[seen] - first[seen]) ** 2).mean())) if seen.any() else 0.0)
    return changes


def farthest_from_first(sequence: Sequence) -> list[int]:
    """Return the numbers of the two frames that differ most from the first, the farthest first.

    Fewer than two where the sequence is that short.
    """
    changes = change_from_first(sequence)
    return sorted(range(1, len(changes)), key=lambda number: -changes[number])[:2]


def proposed_phases(sequence: Sequence, changes: abc.Sequence[float] | None = None) -> tuple[int, int]:
    """Return the numbers of two acquired frames to interpolate between: the first, and the one farthest from it.

    In a cine that starts at end-diastole, as gated acquisitions do, that is end-diastole, and a frame at or near
    end-systole; the cavity may be smallest a frame or two later.

    Args:
        sequence: one acquired frame or more.
        changes: `change_from_first` of it, if the caller has them already.
    """
    changes = change_from_first(sequence) if changes is None else changes
    first, *others = sequence.acquired_frames
    return first, max(others, key=lambda number: changes[number], default=first)
