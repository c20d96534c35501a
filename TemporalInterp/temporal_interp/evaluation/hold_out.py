"""Which frames of a sequence are kept, and which are hidden and predicted from them."""

from __future__ import annotations

from dataclasses import dataclass

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class HeldOutGap:
    """Two kept frames and the hidden frames between them, by number.

    Attributes:
        first: of the kept frame at t = 0.
        last: of the kept frame at t = 1.
        closes: number of frames of the loop that the gap closes: `last` is 0, and comes again after the end. None for
            any other gap.
    """

    first: int
    last: int
    closes: int | None = None

    @property
    def held_out(self) -> range:
        """Numbers of the hidden frames: all strictly between the two."""
        return range(self.first + 1, self.last if self.closes is None else self.closes)

    def t_of(self, sequence: Sequence, number: int) -> float:
        """Return the place of a frame of the sequence in the gap, from 0 to 1, by its time."""
        start, stop = sequence.times[self.first], sequence.times[self.last]
        if self.closes is not None:
            assert sequence.period is not None  # only a loop has a gap that closes it
            stop += sequence.period
        return (sequence.times[number] - start) / (stop - start)


@dataclass(frozen=True)
class HoldOut:
    """The frames that are hidden from the engines.

    Attributes:
        description: in words, for reports.
        gaps: the kept frames and the hidden frames between them, which are scored.
        unused: numbers of frames that are hidden and not scored.
    """

    description: str
    gaps: tuple[HeldOutGap, ...]
    unused: tuple[int, ...] = ()

    def shown(self, sequence: Sequence) -> Sequence:
        """Return the part of a sequence that engines see: all frames but the hidden ones."""
        return sequence.hiding([*(frame for gap in self.gaps for frame in gap.held_out), *self.unused])


def between(sequence: Sequence, first: int, last: int) -> HoldOut:
    """Hide every frame strictly between two, such as end-diastole and end-systole.

    Raises:
        InvalidInputError: a frame does not exist, or no frame lies between the two.
    """
    sequence.require_item(first, "The first kept phase")
    sequence.require_item(last, "The last kept phase")
    if last - first < 2:
        raise InvalidInputError(f"No frame lies between frames {first} and {last}: there is nothing to hold out.")
    return HoldOut(f"frames {first} and {last} kept, those between held out", (HeldOutGap(first, last),))


def every(sequence: Sequence, step: int) -> HoldOut:
    """Keep frames 0, step, 2 step, ... and hide the others.

    Frames after the last kept one are not used, unless the sequence is a loop: there they lie in the gap that leads
    back to frame 0.

    Raises:
        InvalidInputError: the step is below 2, or the sequence is too short to keep two frames.
    """
    if step < 2:
        raise InvalidInputError(f"Keeping every {step} frames holds none out; the step must be at least 2.")
    if len(sequence) <= step:
        raise InvalidInputError(
            f"The sequence has {len(sequence)} frames; keeping every {step} of them needs at least {step + 1}."
        )
    gaps = [HeldOutGap(n, n + step) for n in range(0, len(sequence) - step, step)]
    last = gaps[-1].last
    if sequence.period is None:
        after = tuple(range(last + 1, len(sequence)))
        return HoldOut(f"every {step} frames kept, the others held out", tuple(gaps), after)
    if last + 1 < len(sequence):
        gaps.append(HeldOutGap(last, 0, closes=len(sequence)))
    return HoldOut(f"every {step} frames of a loop kept, the others held out", tuple(gaps))
