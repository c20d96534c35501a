"""Samples of a sequence that the velocity field teaches: its frames and its motion, between the frames it is shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.data.frame import Frame
from temporal_interp.data.pair import Pair
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.data.training_sample import Neighbour, TrainingSample
from temporal_interp.engines.pairs.outer_frames import outer_frames
from temporal_interp.engines.registry import create_engine
from temporal_interp.errors import FitDivergedError, InvalidInputError, Progress, no_progress, part_of
from temporal_interp.tensors.metrics import variation
from temporal_interp.training.datasets.cropping import Shape, cumulated, cut, moving_start

INSTANTS = 3
"""Instants in a gap of mean length; a longer one has more, as many as its share of the time (our choice)."""


@dataclass(frozen=True, eq=False)
class TaughtSamples:
    """What the velocity field says of a sequence, as samples to learn from: crops of its frames, and their motion.

    It is fitted to the gaps between the frames shown, as the engine `velocity_field` does it. So the samples have the
    ends, the neighbours and the times that the network is asked for afterwards.

    Attributes:
        samples: in the order of time.
    """

    samples: tuple[TrainingSample, ...]

    @classmethod
    def of(
        cls,
        shown: Sequence,
        shape: Shape,
        *,
        count: int,
        context: bool,
        seed: int = 0,
        device: str = "cpu",
        progress: Progress = no_progress,
    ) -> TaughtSamples:
        """Fit the velocity field to every gap and draw samples from its answers; equal arguments give equal samples.

        Args:
            shown: the frames; no other is looked at, nor the intensity range of others.
            shape: (K, J, I) of a sample, none larger than the frames. A single slice is drawn from all slices.
            count: of samples, at least; there is one for every instant and slice at least.
            context: give the frames around the ends of a gap, too.
            seed: of the draws.
            device: where the velocity field is fitted, as PyTorch names it.
            progress: receives the progress; may raise CancelledError to stop.

        Raises:
            InvalidInputError: no gap can be fitted.
        """
        engine = create_engine("velocity_field", device=device).prepare(shown)
        share = INSTANTS * len(shown.gaps) / sum(gap.length for gap in shown.gaps)
        instants = [max(1, round(share * gap.length)) for gap in shown.gaps]
        slices = shown.geometry.shape[0] if shape[0] == 1 else 1
        crops = max(slices, math.ceil(count / sum(instants)))
        moving = cumulated(variation(shown.scaled.normalised(volume) for volume in shown.volumes))
        samples: list[TrainingSample] = []
        for gap, asked in zip(shown.gaps, instants, strict=True):
            report = part_of(progress, gap.number / len(shown.gaps), (gap.number + 1) / len(shown.gaps))
            times = [gap.time_of((n + 0.5) / asked) for n in range(asked)]
            try:
                frames = engine.at(times, fields=True, gap=gap.number, progress=report)
            except FitDivergedError:
                continue
            rng = np.random.default_rng([seed, gap.number])
            starts = [[moving_start(moving, shown.geometry.shape, shape, rng) for _ in range(crops)] for _ in frames]
            samples += _in_gap(shown, gap, frames, starts, shape, context=context)
        if not samples:
            raise InvalidInputError("The velocity field, which teaches the network, cannot be fitted to these frames.")
        return cls(tuple(samples))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return a sample; nothing is drawn at random any more."""
        return self.samples[index]


def _in_gap(
    shown: Sequence, gap: Gap, frames: list[Frame], starts: list[list[Shape]], shape: Shape, *, context: bool
) -> Iterator[TrainingSample]:
    """Yield the samples of a gap, from the crops that start at some voxels of each frame."""
    pair, geometry = Pair(shown, gap), shown.geometry
    first, last = pair.normalised
    before, after = outer_frames(pair) if context else (None, None)
    flat = shape[0] == 1
    spacing = (math.inf if flat else geometry.spacing_kji[0], *geometry.spacing_kji[1:])
    for frame, places in zip(frames, starts, strict=True):
        target = shown.scaled.normalised(frame.volume)
        fields = [field.array for field in (frame.displacement_first_to_t, frame.displacement_last_to_t) if field]
        for start in places:

            def image(voxels: np.ndarray, start: Shape = start) -> torch.Tensor:
                return torch.from_numpy(cut(voxels, start, shape))[None]

            motion = torch.stack([from_physical(cut(field, start, shape), geometry) for field in fields])
            if flat:
                motion[:, 0] = 0.0
            yield TrainingSample(
                first=image(first),
                last=image(last),
                target=image(target),
                t=frame.t,
                spacing=spacing,
                displacements=motion,
                before=None if before is None else Neighbour(image(before.voxels), before.distance),
                after=None if after is None else Neighbour(image(after.voxels), after.distance),
            )
