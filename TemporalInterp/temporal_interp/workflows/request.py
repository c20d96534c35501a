"""A request to synthesise: frames between two phases, or in every gap of a sequence.

The command line and the panel fill a request; the request checks itself, and runs.
"""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass

import numpy as np

from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.data.time_text import time_text
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError

ALIKE = 0.01
"""Share of a step within which an instant is that of an acquired frame: scanners round the times of frames."""


def evenly_spaced(start: float, stop: float, count: int) -> list[float]:
    """Return `count` times strictly between two others, evenly spaced.

    Raises:
        InvalidInputError: the count is below 1.
    """
    if count < 1:
        raise InvalidInputError(f"The number of frames to add must be at least 1, got {count}.")
    return [float(v) for v in np.linspace(start, stop, count + 2)[1:-1]]


@dataclass(frozen=True)
class BetweenPhases:
    """Frames between two acquired ones; those that were acquired between them are hidden from the engine.

    Attributes:
        first: number of the frame at t = 0.
        last: number of the frame at t = 1, greater than `first`.
        frames: number of frames to synthesise, evenly spaced, or their times in the sequence's unit.
        cyclic: whether the sequence is a loop, so that before its first frame lies its last; None takes it as it is,
            see `Sequence.as_cyclic`.
    """

    first: int
    last: int
    frames: int | abc.Sequence[float]
    cyclic: bool | None = None

    def source(self, sequence: Sequence) -> Sequence:
        """Return the frames that the engine sees: the acquired frames up to the first phase, and from the last on.

        Raises:
            InvalidInputError: a phase is out of place or itself synthetic, or a time does not lie between them.
        """
        for number, what in ((self.first, "The first phase"), (self.last, "The last phase")):
            sequence.require_item(number, what)
            if number in sequence.synthetic_frames:
                raise InvalidInputError(f"{what}, frame {number}, is itself synthetic; choose an acquired one.")
        if self.first >= self.last:
            raise InvalidInputError(
                f"The first phase must come before the last, got frames {self.first} and {self.last}."
            )
        self.times(sequence)
        hidden = {*range(self.first + 1, self.last), *sequence.synthetic_frames}
        return sequence.as_cyclic(self.cyclic).hiding(hidden)

    def gaps(self, source: Sequence, sequence: Sequence) -> list[tuple[Gap, list[float]]]:
        """Return the gap of the source between the phases, and the times to synthesise in it."""
        return [(source.gap_at(sequence.times[self.first]), self.times(sequence))]

    def kept(self, sequence: Sequence) -> list[int]:
        """Return the numbers of the frames that stay in the result."""
        return [self.first, self.last]

    def frame_count(self, sequence: Sequence) -> int:
        """Return the number of frames of the result, without making their times, which may be too many."""
        return 2 + (self.frames if isinstance(self.frames, int) else len(self.frames))

    def times(self, sequence: Sequence) -> list[float]:
        """Return the times to synthesise, in rising order.

        Raises:
            InvalidInputError: one does not lie strictly between the phases, or there is none, or one twice.
        """
        start, stop = sequence.times[self.first], sequence.times[self.last]
        if isinstance(self.frames, int):
            return evenly_spaced(start, stop, self.frames)
        wanted = sorted(float(time) for time in self.frames)
        if not wanted:
            raise InvalidInputError("No times were given to synthesise frames at.")
        for time in wanted:
            if not 0 < (time - start) / (stop - start) < 1:  # also refuses NaN
                raise InvalidInputError(
                    f"{sequence.with_unit(time)} does not lie strictly between the chosen phases "
                    f"({time_text(start)} and {sequence.with_unit(stop)})."
                )
        if len(set(wanted)) < len(wanted):
            raise InvalidInputError(f"A time is requested twice: {wanted}.")
        return wanted

    def arguments(self, sequence: Sequence) -> list[str]:
        """Return the options of the command line for the same request."""
        times = ",".join(repr(value) for value in self.times(sequence))
        return ["--from", str(self.first), "--to", str(self.last), f"--times={times}", *_cyclic_option(self.cyclic)]


@dataclass(frozen=True)
class WholeSequence:
    """The whole sequence with `factor - 1` synthetic frames in every gap between acquired ones.

    Attributes:
        factor: 2 or more.
        cyclic: whether the sequence is a loop, so that the gap from the last frame back to the first is filled, too;
            None takes it as it is, see `Sequence.as_cyclic`.
    """

    factor: int
    cyclic: bool | None = None

    def source(self, sequence: Sequence) -> Sequence:
        """Return the frames that the engine sees: the acquired frames.

        Raises:
            InvalidInputError: the factor is below 2, or all frames but one are synthetic.
        """
        if self.factor < 2:
            raise InvalidInputError(f"The factor must be at least 2, got {self.factor}.")
        acquired = sequence.acquired()
        if len(acquired) < 2:
            raise InvalidInputError("The sequence has one frame; there is nothing to interpolate between.")
        return acquired.as_cyclic(self.cyclic)

    def gaps(self, source: Sequence, sequence: Sequence) -> list[tuple[Gap, list[float]]]:
        """Return the gaps of the source, and the times to synthesise in each."""
        return [(gap, evenly_spaced(gap.start, gap.stop, self.factor - 1)) for gap in source.gaps]

    def kept(self, sequence: Sequence) -> list[int]:
        """Return the numbers of the frames that stay in the result."""
        return sequence.acquired_frames

    def frame_count(self, sequence: Sequence) -> int:
        """Return the number of frames of the result, without making their times, which may be too many."""
        source = self.source(sequence)
        return len(source) + (self.factor - 1) * len(source.gaps)

    def arguments(self, sequence: Sequence) -> list[str]:
        """Return the options of the command line for the same request."""
        return ["--factor", str(self.factor), *_cyclic_option(self.cyclic)]


@dataclass(frozen=True)
class FramesInAll:
    """A number of evenly spaced frames in all, over one period of a loop, or else from the first frame to the last.

    An acquired frame stays, at its own time, where one of the instants falls upon it (`ALIKE`); the others are
    synthesised from all acquired frames.

    Attributes:
        frames: 2 or more.
        cyclic: whether the sequence is a loop; None takes it as it is, see `Sequence.as_cyclic`.
    """

    frames: int
    cyclic: bool | None = None

    def source(self, sequence: Sequence) -> Sequence:
        """Return the frames that the engine sees: the acquired frames.

        Raises:
            InvalidInputError: the number is below 2, all frames but one are synthetic, or nothing is to be synthesised.
        """
        if self.frames < 2:
            raise InvalidInputError(f"The number of frames in all must be at least 2, got {self.frames}.")
        source = WholeSequence(2, self.cyclic).source(sequence)
        if not any(times for _, times in self._in_gaps(source)):
            raise InvalidInputError(
                f"All {self.frames} instants are those of acquired frames; ask for another number of frames."
            )
        return source

    def gaps(self, source: Sequence, sequence: Sequence) -> list[tuple[Gap, list[float]]]:
        """Return the gaps of the source in which frames are synthesised, and their times."""
        return [(gap, times) for gap, times in self._in_gaps(source) if times]

    def kept(self, sequence: Sequence) -> list[int]:
        """Return the numbers of the frames that stay in the result."""
        source = sequence.acquired().as_cyclic(self.cyclic)
        kept, _ = self._shared_out(source)
        return [number for n, number in enumerate(sequence.acquired_frames) if n in kept]

    def frame_count(self, sequence: Sequence) -> int:
        """Return the number of frames of the result, without making their times, which may be too many."""
        return self.frames

    def arguments(self, sequence: Sequence) -> list[str]:
        """Return the options of the command line for the same request."""
        return ["--in-all", str(self.frames), *_cyclic_option(self.cyclic)]

    def _in_gaps(self, source: Sequence) -> list[tuple[Gap, list[float]]]:
        _, made = self._shared_out(source)
        starts = np.asarray([gap.start for gap in source.gaps])
        numbers = np.searchsorted(starts, made, side="right") - 1
        return [(gap, made[numbers == gap.number].tolist()) for gap in source.gaps]

    def _shared_out(self, source: Sequence) -> tuple[set[int], np.ndarray]:
        """Return the numbers of the acquired frames that instants fall upon, and the instants that are left."""
        start, is_loop = source.times[0], source.period is not None
        stop = source.gaps[-1].stop
        instants, step = np.linspace(start, stop, self.frames, endpoint=not is_loop, retstep=True)
        acquired = np.asarray(source.times)
        nearest = np.clip(np.rint((acquired - start) / step).astype(int), 0, self.frames - 1)
        falls = np.abs(instants[nearest] - acquired) <= ALIKE * step
        kept: dict[int, int] = {}  # by the instant: of two frames at one instant, the first
        for number in np.flatnonzero(falls).tolist():
            kept.setdefault(int(nearest[number]), number)
        return set(kept.values()), np.delete(instants, list(kept))


Request = BetweenPhases | WholeSequence | FramesInAll


def _cyclic_option(cyclic: bool | None) -> list[str]:
    return [] if cyclic is None else ["--cyclic" if cyclic else "--no-cyclic"]


def kept_volumes(request: Request, sequence: Sequence) -> list[Volume]:
    """Return the acquired volumes that are in the result, in their order."""
    return [sequence[number] for number in request.kept(sequence)]


def result_times(request: Request, sequence: Sequence) -> list[float]:
    """Return the times of all frames of the result, in order.

    Raises:
        InvalidInputError: the request does not fit the sequence.
    """
    gaps = request.gaps(request.source(sequence), sequence)
    kept = [sequence.times[number] for number in request.kept(sequence)]
    return sorted([*kept, *(time for _, times in gaps for time in times)])
