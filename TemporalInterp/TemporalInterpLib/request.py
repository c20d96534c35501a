"""What to synthesise: frames between two phases, or in every gap of a sequence."""

from __future__ import annotations

import itertools
from collections import abc
from dataclasses import dataclass

import slicer

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.protocol import InterpolationEngine
from temporal_interp.errors import InvalidInputError, Progress
from temporal_interp.workflows.interpolation import (
    OnFrame,
    evenly_spaced,
    interpolate_between,
    multiply_frame_rate,
)
from TemporalInterpLib.sequence_conversion import require_apart


@dataclass(frozen=True)
class BetweenPhases:
    """Frames between two acquired ones.

    Attributes:
        first: number of the item at t = 0.
        last: number of the item at t = 1, greater than `first`.
        frames: how many to synthesise, evenly spaced, or their index values in the sequence's unit.
    """

    first: int
    last: int
    frames: int | abc.Sequence[float]

    def source(self, sequence: Sequence, node: slicer.vtkMRMLSequenceNode) -> Sequence:
        """Return the frames to start from.

        Raises:
            InvalidInputError: an item is out of place or itself synthetic, or Slicer would merge items.
        """
        for number, what in ((self.first, "The first phase"), (self.last, "The last phase")):
            sequence.require_item(number, what)
            if is_synthetic(sequence.item_attributes[number]):
                raise InvalidInputError(f"{what}, item {number}, is itself synthetic; choose an acquired one.")
        if self.first >= self.last:
            raise InvalidInputError(
                f"The first phase must come before the last, got items {self.first} and {self.last}."
            )
        start, stop = sequence.times[self.first], sequence.times[self.last]
        require_apart([start, *self._index_values(sequence), stop], node)
        return sequence

    def fill(
        self, sequence: Sequence, engine: InterpolationEngine, on_frame: OnFrame | None, progress: Progress
    ) -> Sequence:
        """Return both phases and the synthetic frames between them."""
        values = self._index_values(sequence)
        return interpolate_between(
            sequence, self.first, self.last, values, engine, on_frame=on_frame, progress=progress
        )

    def kept(self, sequence: Sequence) -> list[Volume]:
        """Return the acquired volumes that are in the result, in their order."""
        return [sequence.volumes[self.first], sequence.volumes[self.last]]

    def arguments(self, sequence: Sequence) -> list[str]:
        """Return the options of the command line that ask for the same."""
        times = ",".join(repr(value) for value in self._index_values(sequence))
        return ["--from", str(self.first), "--to", str(self.last), f"--times={times}"]

    def _index_values(self, sequence: Sequence) -> list[float]:
        if isinstance(self.frames, int):
            return evenly_spaced(sequence.times[self.first], sequence.times[self.last], self.frames)
        return list(self.frames)


@dataclass(frozen=True)
class WholeSequence:
    """The whole sequence with `factor - 1` synthetic frames in every gap between acquired ones.

    Attributes:
        factor: 2 or more.
        cyclic: also fill the gap from the last item back to the first (see `multiply_frame_rate`).
    """

    factor: int
    cyclic: bool = False

    def source(self, sequence: Sequence, node: slicer.vtkMRMLSequenceNode) -> Sequence:
        """Return the frames to start from: the acquired ones.

        Raises:
            InvalidInputError: the factor is below 2, all frames but one are synthetic, or Slicer would merge items.
        """
        if self.factor < 2:
            raise InvalidInputError(f"The factor must be at least 2, got {self.factor}.")
        acquired = sequence.acquired()
        for start, stop in itertools.pairwise(acquired.times):
            require_apart([start, *evenly_spaced(start, stop, self.factor - 1), stop], node)
        return acquired

    def fill(
        self, sequence: Sequence, engine: InterpolationEngine, on_frame: OnFrame | None, progress: Progress
    ) -> Sequence:
        """Return the sequence with its gaps filled."""
        return multiply_frame_rate(
            sequence, self.factor, engine, cyclic=self.cyclic, on_frame=on_frame, progress=progress
        )

    def kept(self, sequence: Sequence) -> list[Volume]:
        """Return the acquired volumes that are in the result, in their order."""
        return list(sequence.volumes)

    def arguments(self, sequence: Sequence) -> list[str]:
        """Return the options of the command line that ask for the same."""
        return ["--factor", str(self.factor), *(["--cyclic"] if self.cyclic else [])]


Request = BetweenPhases | WholeSequence
