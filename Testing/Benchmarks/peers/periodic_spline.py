"""A smooth spline through every frame of a sequence, voxel by voxel, without motion."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from temporal_interp.data.pair import Pair
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.errors import Progress, no_progress

PERIODIC_SPLINE = "periodic_spline"
"""Name of the engine in tables."""


@dataclass(frozen=True)
class PeriodicSpline(PairwiseEngine):
    """Engine: the cubic spline with two continuous derivatives through all frames, each voxel on its own.

    It is periodic where the sequence is a loop, and natural otherwise: straight at both ends. Nothing is clipped but
    what the scalar type cannot hold.
    """

    name: str = PERIODIC_SPLINE

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedSpline:
        """Find the weights of the frames; see `PairwiseEngine.prepare_pair`.

        Raises:
            InvalidInputError: a voxel of any frame is NaN or infinite, since every frame counts.
        """
        pair.sequence.require_finite()
        progress(1.0, self.name)
        return PreparedSpline(pair, spline_weights(pair.sequence))


def spline_weights(sequence: Sequence) -> CubicSpline:
    """Return the spline that gives the weights of all frames, (frame,), at a time.

    A spline is linear in its values, so the weight of a frame is the spline through 1 there and 0 at all others.
    """
    weights = np.eye(len(sequence))
    if sequence.period is None:
        return CubicSpline(sequence.times, weights, bc_type="natural")
    times = [*sequence.times, sequence.times[0] + sequence.period]
    return CubicSpline(times, np.concatenate([weights, weights[:1]]), bc_type="periodic")


@dataclass(frozen=True, eq=False)
class PreparedSpline:
    """A pair of a sequence, and the spline through all of its frames.

    Attributes:
        pair: both frames.
        weights: of all frames of the sequence, see `spline_weights`.
    """

    pair: Pair
    weights: CubicSpline

    def at(self, t: abc.Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return what lies at some t; there are no displacement fields to give."""
        return [self._at(share) for share in t]

    def _at(self, t: float) -> Synthesised:
        weights = self.weights(self.pair.gap.time_of(t))
        first = self.pair.first
        values = np.zeros(first.array.shape)
        for weight, volume in zip(weights, self.pair.sequence, strict=True):
            values += weight * volume.array
        ends = (self.pair.gap.first, self.pair.gap.last)
        context = tuple(int(n) for n in np.argsort(-abs(weights), kind="stable") if weights[n] and n not in ends)
        return Synthesised(first.with_array(to_scalar_type(values, first.array.dtype)), context=context)
