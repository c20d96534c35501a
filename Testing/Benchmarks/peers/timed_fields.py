"""A registration with the timing of our velocity field: the gaps around a gap tell how the motion changes its pace.

Nobody uses registrations this way. It separates what our engine owes to its timing from what it owes to its motion.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch

from peers.both_ways import PairFields
from peers.scaled_fields import PreparedScaledFields, ScaledFieldsEngine, in_voxels
from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.engines.pairs.course import KEPT_FITS
from temporal_interp.engines.pairs.neighbour import Neighbour
from temporal_interp.engines.pairs.path import bend_weights
from temporal_interp.engines.pairwise import PreparePair
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of


@dataclass(frozen=True)
class TimedFieldsEngine(ScaledFieldsEngine):
    """Engine: registrations of a gap and of those on both sides of it; see `PreparedTimedFields` for their use."""

    @property
    def settings(self) -> str:
        """Settings of the registration, and that it is timed, in one line."""
        return f"{self.register.settings} timing=cubic"

    def for_sequence(self, sequence: Sequence) -> PreparePair:
        """Return what prepares the pairs of one sequence, and keeps their registrations for the gaps beside."""
        return Registrations(self).prepare_pair

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedScaledFields:
        """Register the pair and its neighbours; see `PairwiseEngine.prepare_pair`."""
        return Registrations(self).prepare_pair(pair, progress=progress)


class Registrations:
    """The registrations of the gaps of a sequence, made when they are needed, and kept for the gaps beside.

    Args:
        engine: what registers a pair.
    """

    def __init__(self, engine: ScaledFieldsEngine) -> None:
        self._engine = engine
        self._kept: OrderedDict[int, PairFields] = OrderedDict()

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedTimedFields:
        """Register a pair, and the gaps on both sides of it; see `PairwiseEngine.prepare_pair`.

        A gap beside that cannot be registered is left out, as by our engine.

        Raises:
            InvalidInputError: the pair itself cannot be registered.
        """
        fields = self._of(pair, part_of(progress, 0.0, 1 / 3))
        before = self._beside(pair, pair.gap_before, part_of(progress, 1 / 3, 2 / 3))
        after = self._beside(pair, pair.gap_after, part_of(progress, 2 / 3, 1.0))
        progress(1.0, self._engine.name)
        return PreparedTimedFields(pair, fields, before, after)

    def _beside(self, pair: Pair, gap: Gap | None, progress: Progress) -> Beside | None:
        if gap is None:
            return None
        try:
            return Beside(gap, self._of(Pair(pair.sequence, gap), progress))
        except InvalidInputError:
            return None

    def _of(self, pair: Pair, progress: Progress) -> PairFields:
        number = pair.gap.number
        if number not in self._kept:
            self._kept[number] = self._engine.fields_of(pair, progress)
        self._kept.move_to_end(number)
        while len(self._kept) > KEPT_FITS:
            self._kept.popitem(last=False)
        return self._kept[number]


@dataclass(frozen=True, eq=False)
class Beside:
    """A gap beside the one at hand, and the motion in it."""

    gap: Gap
    fields: PairFields


class PreparedTimedFields(PreparedScaledFields):
    """A pair of volumes, and the fields between them and their neighbours, ready for any time.

    Tissue at x in the first volume is at x + t g(x) + b at t. The bend b has the weights of our velocity field,
    `bend_weights`, and its excess of the pace at both ends, `Neighbour.excess`, here of displacements: at the first
    volume g goes on to the last, and the field from the first to the one before it goes back; at the last f goes back.
    Resampling fields look to where the tissue came from, so that b is subtracted from t f and from (1 - t) g. All
    fields are read at the frame's own grid, as in `PreparedScaledFields`. Nothing limits the bend.

    Args:
        pair: both frames.
        fields: f is `first_to_last`, g is `last_to_first`.
        before: the gap before; None where there is none, and the motion then starts at an even pace.
        after: the gap after; likewise.
    """

    def __init__(self, pair: Pair, fields: PairFields, before: Beside | None, after: Beside | None) -> None:
        super().__init__(pair, fields)
        # each excess is of the way back, as a resampling field
        self._at_first = self._at_last = torch.zeros_like(self.from_first)
        self._outer: list[int] = []
        if before is not None:
            self._at_first = self._neighbour(before, before.fields.first_to_last).excess(-self.from_last)
            self._outer.append(before.gap.first)
        if after is not None:
            self._at_last = self._neighbour(after, -after.fields.last_to_first).excess(self.from_first)
            self._outer.append(after.gap.last)

    def _neighbour(self, beside: Beside, back: np.ndarray) -> Neighbour:
        return Neighbour(in_voxels(back, self.pair.geometry), self.pair.gap.length / beside.gap.length)

    def displacements(self, t: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the bent fields; see `PreparedScaledFields.displacements`."""
        at_first, at_last = bend_weights(t)
        bend = at_first * self._at_first + at_last * self._at_last
        from_first, from_last = super().displacements(t)
        return from_first + bend, from_last + bend

    def context(self, t: float) -> tuple[int, ...]:
        """Return the frames beside the pair, the one that counts more first."""
        return tuple(self._outer if round(t, 9) <= 0.5 else self._outer[::-1])
