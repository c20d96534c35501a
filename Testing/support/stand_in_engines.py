"""Engines whose answers are known, and which remember what they were asked."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.pair import Pair
from temporal_interp.engines.blend import PreparedBlend
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.errors import no_progress


@dataclass(frozen=True)
class StandIn(PairwiseEngine):
    """Answers by a function.

    Attributes:
        answer: takes the pair and t and returns what is synthesised; may raise.
        reports: fractions that preparing a pair reports.
        prepared: the pairs so far.
        asked: (t, fields) of every answer so far.
    """

    answer: Callable[[Pair, float], Synthesised]
    name: str = "stand_in"
    settings: str = ""
    model: str = ""
    model_sha256: str = ""
    reports: tuple = (1.0,)
    prepared: list = field(default_factory=list, compare=False)
    asked: list = field(default_factory=list, compare=False)

    def prepare_pair(self, pair, *, progress=no_progress):
        self.prepared.append(pair)
        for fraction in self.reports:
            progress(fraction, "preparing")
        return _PreparedStandIn(self, pair)


@dataclass(frozen=True)
class _PreparedStandIn:
    engine: StandIn
    pair: Pair

    def at(self, t, *, fields=False):
        self.engine.asked.extend((share, fields) for share in t)
        return [self.engine.answer(self.pair, share) for share in t]


def blended(pair, t):
    """Return the linear blend."""
    return PreparedBlend(pair.first, pair.last).at([t])[0]


def constant_field(geometry, vector, jacobian=1.0):
    """Return a field of one vector (x, y, z) in mm and one Jacobian determinant."""
    array = np.broadcast_to(np.asarray(vector, np.float32), (*geometry.shape, 3))
    return DisplacementField(array, np.full(geometry.shape, jacobian, np.float32), geometry)


def shifted(vector=(0.0, 0.0, 0.0), jacobian=1.0):
    """Return an answer: the first frame again, and the claim that everything moved by a vector in mm."""

    def answer(pair, t):
        moved = constant_field(pair.geometry, vector, jacobian)
        return Synthesised(pair.first, moved, moved)

    return answer


def blended_along_x(pair, t):
    """Return the blend, and the claim that everything moved by 2 t mm along x and grew by t."""
    moved = constant_field(pair.geometry, (2 * t, 0.0, 0.0), 1 + t)
    return Synthesised(blended(pair, t).volume, moved, moved)
