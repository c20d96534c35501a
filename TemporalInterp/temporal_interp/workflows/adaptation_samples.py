"""What a network is adapted with: which frames it learns from, which tell when to stop, which measure the gain."""

from __future__ import annotations

import math
from collections import abc
from dataclasses import dataclass

import numpy as np

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.training_sample import SampleSource, TrainingSample
from temporal_interp.errors import InvalidInputError
from temporal_interp.networks import NetworkSettings
from temporal_interp.training.datasets.cropping import Shape
from temporal_interp.training.datasets.subject import Case, LoadedSubject
from temporal_interp.training.datasets.subject_samples import SubjectSamples

CROPS = 8
"""Number of random crops of every held-out frame that are scored."""

MIN_FRAMES = 5
"""Three to learn from, one that tells when to stop, and one to measure the gain on."""


@dataclass(frozen=True)
class FrameRoles:
    """What each usable frame is for; a frame has one role.

    Attributes:
        learnt: numbers of the frames to learn from.
        deciding: numbers of those that tell when to stop, and whether there is a gain at all.
        measured: numbers of those that nothing depends on, for an honest measure of the gain.
    """

    learnt: tuple[int, ...]
    deciding: tuple[int, ...]
    measured: tuple[int, ...]

    @classmethod
    def of(cls, usable: abc.Sequence[int], hold_out: int) -> FrameRoles:
        """Share out frames: one of `hold_out` is held out, more of short sequences, and these in turn.

        >>> FrameRoles.of(range(13), 4)
        FrameRoles(learnt=(0, 1, 3, 4, 5, 7, 8, 9, 11, 12), deciding=(2, 10), measured=(6,))
        >>> FrameRoles.of(range(5), 4)
        FrameRoles(learnt=(0, 2, 4), deciding=(1,), measured=(3,))

        Args:
            usable: numbers of the frames, rising.
            hold_out: 2 or more.

        Raises:
            InvalidInputError: there are too few.
        """
        if len(usable) < MIN_FRAMES:
            raise InvalidInputError(
                f"Adapting needs at least {MIN_FRAMES} frames, to learn from, to tell when to stop, and to measure the "
                f"gain on; there are {len(usable)}."
            )
        # at least two, and never two neighbours
        start = 1 if len(usable) < MIN_FRAMES + 2 else 2
        step = max(2, min(hold_out, math.ceil((len(usable) - 3) / 2)))
        held_out = tuple(usable[start:-1:step])
        learnt = tuple(frame for frame in usable if frame not in held_out)
        return cls(learnt, held_out[::2], held_out[1::2])


def only(sequence: Sequence, frames: abc.Sequence[int]) -> Sequence:
    """Return a sequence of some frames alone, by their numbers; their intensity range knows of no other frame."""
    shown = sequence.hiding(set(range(len(sequence))) - set(frames))
    return shown.with_intensity_range(IntensityRange.of_contrast(shown.volumes))


def sample_shape(sequence: Sequence, network: NetworkSettings, largest: Shape) -> Shape:
    """Return the (K, J, I) of the samples of a sequence for a network: single slices if it works slice by slice."""
    by_slice = sequence.slices_are_independent or network.kernels == "slices"
    wanted = (1 if by_slice else largest[0], *largest[1:])
    k, j, i = (min(n, w) for n, w in zip(sequence.geometry.shape, wanted, strict=True))
    return k, j, i


def held_out_samples(
    sequence: Sequence,
    usable: abc.Sequence[int],
    frames: abc.Sequence[int],
    shape: Shape,
    *,
    around: abc.Sequence[int] | None,
) -> SampleSource:
    """Return crops of held-out frames, in turn, each between the usable frames next to it.

    Args:
        sequence: the frames.
        usable: numbers of those that may be used, rising.
        frames: numbers of the held-out ones.
        shape: (K, J, I) of a sample.
        around: numbers of the frames that a network with context is shown around those; None for one without.

    Raises:
        InvalidInputError: the sequence cannot be learnt from.
    """
    subject = LoadedSubject(Case("the sequence", sequence, usable[0], usable[-1]))

    def of(frame: int) -> SampleSource:
        place = usable.index(frame)
        ends = usable[place - 1 : place + 2]
        return SubjectSamples(
            [subject],
            policy="triplets",
            shape=shape,
            frames=ends,
            max_gap=ends[2] - ends[0],
            flip=False,
            beside="none" if around is None else "kept",
            around=around,
        )

    return _InTurn([of(frame) for frame in frames], CROPS)


class _InTurn:
    """Sources of one subject each, in turn, a number of times."""

    def __init__(self, sources: abc.Sequence[SampleSource], times: int) -> None:
        self.sources = sources
        self.times = times

    def __len__(self) -> int:
        return len(self.sources) * self.times

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        return self.sources[index % len(self.sources)].draw(0, rng)
