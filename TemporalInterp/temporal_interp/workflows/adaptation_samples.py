"""What a network is adapted with: which frames it learns from, which tell when to stop, and which measure the gain."""

from __future__ import annotations

import math
from collections import abc
from dataclasses import dataclass

import numpy as np

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.training_sample import SampleSource, TrainingSample
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.networks import NetworkSettings
from temporal_interp.training.datasets.subject import Case, LoadedSubject
from temporal_interp.training.datasets.subject_samples import SubjectSamples
from temporal_interp.workflows.taught_samples import TaughtSamples

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


@dataclass(frozen=True, eq=False)
class AdaptationSamples:
    """The samples of one sequence.

    Attributes:
        learning: what the velocity field says of the frames to learn from, which are all that it is shown.
        deciding: crops of the frames that tell when to stop, between the frames to learn from around each.
        measuring: likewise, of those that measure the gain.
    """

    learning: SampleSource
    deciding: SampleSource
    measuring: SampleSource

    @classmethod
    def of(
        cls,
        sequence: Sequence,
        usable: abc.Sequence[int],
        roles: FrameRoles,
        network: NetworkSettings,
        *,
        samples: int,
        shape: tuple[int, int, int],
        seed: int = 0,
        device: str = "cpu",
        progress: Progress = no_progress,
    ) -> AdaptationSamples:
        """Return the samples for a network; one with context is also shown frames around, never held-out ones.

        Args:
            sequence: the frames.
            usable: numbers of those that may be used, rising.
            roles: what each is for.
            network: settings of the network.
            samples: that are learnt from in an epoch, at least.
            shape: largest (K, J, I) of a sample.
            seed: of the samples that are learnt from.
            device: where the velocity field is fitted, as PyTorch names it.
            progress: receives the progress of that; may raise CancelledError to stop.
        """
        subject = LoadedSubject(Case("the sequence", sequence, usable[0], usable[-1]))
        by_slice = sequence.slices_are_independent or network.kernels == "slices"
        wanted = (1 if by_slice else shape[0], *shape[1:])
        k, j, i = (min(n, w) for n, w in zip(sequence.geometry.shape, wanted, strict=True))
        shown = sequence.hiding(set(range(len(sequence))) - set(roles.learnt))
        shown = shown.with_intensity_range(IntensityRange.of_contrast(shown.volumes))  # hidden frames had their say in it
        learning = TaughtSamples.of(
            shown, (k, j, i), count=samples, context=network.context, seed=seed, device=device, progress=progress
        )

        def held_out(frame: int) -> SampleSource:
            place = usable.index(frame)
            around = usable[place - 1 : place + 2]
            return SubjectSamples(
                [subject],
                policy="triplets",
                shape=(k, j, i),
                frames=around,
                max_gap=around[2] - around[0],
                flip=False,
                beside="kept" if network.context else "none",
                around=roles.learnt,
            )

        deciding, measuring = (
            _InTurn([held_out(frame) for frame in frames], CROPS) for frames in (roles.deciding, roles.measured)
        )
        return cls(learning, deciding, measuring)


class _InTurn:
    """Sources of one subject each, in turn, a number of times."""

    def __init__(self, sources: abc.Sequence[SampleSource], times: int) -> None:
        self.sources = sources
        self.times = times

    def __len__(self) -> int:
        return len(self.sources) * self.times

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        return self.sources[index % len(self.sources)].draw(0, rng)
