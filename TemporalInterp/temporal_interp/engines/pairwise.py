"""Lifts engines that work on one gap at a time to sequences: each gap is a pair of its own."""

from __future__ import annotations

import abc as abstract
from collections import OrderedDict, abc
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, overload

from temporal_interp.data.frame import Frame
from temporal_interp.data.pair import Pair
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.time_text import time_text
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of

if TYPE_CHECKING:
    import numpy as np

    from temporal_interp.data.displacement import DisplacementField
    from temporal_interp.data.sequence import Gap, Sequence
    from temporal_interp.data.volume import Volume

KEPT_GAPS = 4
"""Prepared gaps that are kept, since they take much memory; older ones are prepared again when they are asked for. Who
is at one instant needs its gap, and perhaps those beside it."""


@dataclass(frozen=True, eq=False)
class Synthesised:
    """The answer of a pair at one t.

    Attributes:
        volume: the frame; at t = 0 and t = 1 it is not used, since the acquired frame is taken.
        displacement_first_to_t: resamples the first volume into the frame; None if not requested or without motion.
        displacement_last_to_t: resamples the last volume into the frame; likewise.
        context: numbers of the frames of the sequence that it was made from besides the two of the pair, in descending
            order of their weight.
    """

    volume: Volume
    displacement_first_to_t: DisplacementField | None = None
    displacement_last_to_t: DisplacementField | None = None
    context: tuple[int, ...] = ()


class PreparedPair(Protocol):
    """Two frames made ready: everything that does not depend on t is done."""

    def at(self, t: abc.Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return what lies at some t, from 0 at the first frame to 1 at the last; both ends only to have fields there.

        Args:
            t: checked, from 0 to 1.
            fields: also give the displacement fields.
        """
        ...


class PreparePair(Protocol):
    """Makes a pair ready; see `PairwiseEngine.prepare_pair`."""

    def __call__(self, pair: Pair, *, progress: Progress) -> PreparedPair:
        """Make a pair ready."""
        ...


class PairwiseEngine(abstract.ABC):
    """An engine that works on one gap at a time. Subclasses give the properties of `Engine` and `prepare_pair`.

    Between two frames that are the same, bit for bit, that frame is given, whatever lies around them.
    """

    moves: ClassVar[bool] = True
    """Whether it gives displacement fields."""

    @property
    @abstract.abstractmethod
    def name(self) -> str:
        """Name of the engine, as on the command line."""

    @property
    def settings(self) -> str:
        """The settings that shape the result, in one line; "" where there are none."""
        return ""

    @property
    def model(self) -> str:
        """Name and version of the trained model; "" where there is none."""
        return ""

    @property
    def model_sha256(self) -> str:
        """Checksum of the model's file; "" where there is none."""
        return ""

    @abstract.abstractmethod
    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedPair:
        """Make a pair ready.

        Args:
            pair: both frames, with what is known of the sequence. `Pair.normalised` and `Pair.centred` are numbers
                everywhere; the frames themselves may have voxels that are not, see `data.field_of_view`. What the
                engine makes of places that neither shows is not used.
            progress: receives the progress; may raise CancelledError to stop.

        Raises:
            InvalidInputError: the frames cannot be interpolated; the message says why.
        """

    def for_sequence(self, sequence: Sequence) -> PreparePair:
        """Return what prepares the pairs of one sequence; where gaps share work, it keeps what they share."""
        return self.prepare_pair

    def prepare(self, sequence: Sequence, *, progress: Progress = no_progress) -> PreparedGaps:
        """Return the sequence; a gap is checked and worked on when first asked for. See `Engine.prepare`."""
        if not sequence.gaps:
            raise InvalidInputError("The sequence has one frame; there is nothing to interpolate between.")
        return PreparedGaps(self, sequence)


@dataclass(frozen=True, eq=False)
class StillPair:
    """Two frames that are the same: nothing moves, and no frame around them says more.

    Attributes:
        pair: both frames.
        engine: whose answer this is.
    """

    pair: Pair
    engine: PairwiseEngine

    def at(self, t: abc.Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return the frame, and fields of zeros; see `PreparedPair.at`."""
        field = self._field() if fields and self.engine.moves else None
        return [Synthesised(self.pair.first, field, field) for _ in t]

    def _field(self) -> DisplacementField:
        import torch

        from temporal_interp.data.displacement import DisplacementField

        return DisplacementField.from_voxels(torch.zeros(1, 3, *self.pair.geometry.shape), self.pair.geometry)


def _are_the_same(first: np.ndarray, last: np.ndarray) -> bool:
    """Tell whether two frames are the same, bit for bit."""
    import numpy as np

    return np.array_equal(first, last, equal_nan=first.dtype.kind == "f")


class PreparedGaps:
    """A sequence whose gaps are pairs of their own; see `PreparedSequence`.

    Args:
        engine: what prepares a pair.
        sequence: the frames.
    """

    def __init__(self, engine: PairwiseEngine, sequence: Sequence) -> None:
        self.engine = engine
        self.sequence = sequence
        self._prepare_pair = engine.for_sequence(sequence)
        self._pairs: OrderedDict[int, PreparedPair] = OrderedDict()

    def prepare_gap(self, gap: int, *, progress: Progress = no_progress) -> None:
        """Make one gap ready; see `PreparedSequence.prepare_gap`."""
        self._pair(self._numbered(gap).number, progress)

    def forget_gap(self, gap: int) -> None:
        """Give up what was prepared for a gap; see `PreparedSequence.forget_gap`."""
        self._pairs.pop(gap, None)

    @overload
    def at(
        self, times: float, *, fields: bool = False, gap: int | None = None, progress: Progress = no_progress
    ) -> Frame: ...
    @overload
    def at(
        self, times: Iterable[float], *, fields: bool = False, gap: int | None = None, progress: Progress = no_progress
    ) -> list[Frame]: ...
    def at(
        self,
        times: float | Iterable[float],
        *,
        fields: bool = False,
        gap: int | None = None,
        progress: Progress = no_progress,
    ) -> Frame | list[Frame]:
        """Return the frame at a time, or the frames at some; see `PreparedSequence.at`."""
        if not isinstance(times, Iterable):
            return self.at([times], fields=fields, gap=gap, progress=progress)[0]
        placed = [(float(time), self._gap_of(float(time), gap)) for time in times]
        together: dict[int, list[int]] = {}
        for place, (_, around) in enumerate(placed):
            together.setdefault(around.number, []).append(place)
        frames: dict[int, Frame] = {}
        for done, (number, places) in enumerate(together.items()):
            report = part_of(progress, done / len(together), (done + 1) / len(together))
            made = self._in_gap(number, [placed[place][0] for place in places], fields, report)
            frames |= zip(places, made, strict=True)
        return [frames[place] for place in range(len(placed))]

    def _gap_of(self, time: float, number: int | None) -> Gap:
        if number is None:
            return self.sequence.gap_at(time)
        gap = self._numbered(number)
        if not gap.start <= time <= gap.stop:
            raise InvalidInputError(
                f"{self.sequence.with_unit(time)} does not lie in the gap from {time_text(gap.start)} to "
                f"{self.sequence.with_unit(gap.stop)}."
            )
        return gap

    def _numbered(self, number: int) -> Gap:
        if not 0 <= number < len(self.sequence.gaps):
            raise InvalidInputError(
                f"There is no gap {number}; the sequence has gaps 0 to {len(self.sequence.gaps) - 1}."
            )
        return self.sequence.gaps[number]

    def _in_gap(self, number: int, times: abc.Sequence[float], fields: bool, progress: Progress) -> list[Frame]:
        from temporal_interp.data.field_of_view import outside_as_nan, seen_in_either  # imports NumPy

        gap = self.sequence.gaps[number]
        wanted = [gap.t_of(time) for time in times]
        acquired = {0.0: self.sequence[gap.first], 1.0: self.sequence[gap.last]}
        # looked at for synthetic frames alone: acquired ones are shown at once
        seen = None if set(wanted) <= set(acquired) else seen_in_either(acquired[0.0].array, acquired[1.0].array)
        unknown = [t for t in wanted if fields or t not in acquired]
        known = (
            dict(zip(unknown, self._pair(number, progress).at(unknown, fields=fields), strict=True)) if unknown else {}
        )
        frames = []
        for time, t in zip(times, wanted, strict=True):
            answer = known.get(t) or Synthesised(acquired[t])
            frames.append(
                Frame(
                    acquired.get(t) or answer.volume.with_array(outside_as_nan(answer.volume.array, seen)),
                    time,
                    t,
                    answer.displacement_first_to_t,
                    answer.displacement_last_to_t,
                    None if t in acquired else self._provenance(gap, t, answer.context),
                )
            )
        return frames

    def _provenance(self, gap: Gap, t: float, context: tuple[int, ...]) -> Provenance:
        times = self.sequence.times
        ends = (gap.first, gap.last) if round(t, 9) <= 0.5 else (gap.last, gap.first)  # rounding decides no tie
        frames = dict.fromkeys((*ends, *context))  # in a short loop a frame lies on both sides
        return Provenance.of(self.engine, times[gap.first], times[gap.last], t, tuple(times[n] for n in frames))

    def _pair(self, number: int, progress: Progress) -> PreparedPair:
        from temporal_interp.data.field_of_view import require_seen

        if number not in self._pairs:
            pair = Pair(self.sequence, self.sequence.gaps[number])
            for frame in (pair.gap.first, pair.gap.last):  # named by time: numbers differ where frames are hidden
                require_seen(self.sequence[frame], f"The frame at {self.sequence.time_in_words(frame)}")
            still = _are_the_same(pair.first.array, pair.last.array)
            self._pairs[number] = StillPair(pair, self.engine) if still else self._prepare_pair(pair, progress=progress)
        self._pairs.move_to_end(number)
        while len(self._pairs) > KEPT_GAPS:
            self._pairs.popitem(last=False)
        return self._pairs[number]
