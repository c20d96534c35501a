"""Every frame of the subjects once: what validates a network, and what it is scored on."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from temporal_interp.data.training_sample import TrainingSample
from temporal_interp.training.datasets.subject_samples import SubjectSamples


class EveryFrame:
    """A source with one sample for every frame that may be the target; see `SampleSource`.

    With the endpoints of each case these are all frames between them, as the literature scores. With triplets each
    frame has endpoints around it that are drawn. All subjects are read when their frames are first counted.

    Args:
        samples: of the subjects.

    Example:
        >>> from temporal_interp.training.datasets.phantoms import phantom_subjects
        >>> len(EveryFrame(SubjectSamples(phantom_subjects(1, frames=9), policy="endpoints", shape=(1, 64, 64))))
        3
    """

    def __init__(self, samples: SubjectSamples) -> None:
        self.samples = samples

    @cached_property
    def frames(self) -> tuple[tuple[int, int], ...]:
        """Number of the subject and of the frame of every sample."""
        subjects = range(len(self.samples))
        return tuple((subject, target) for subject in subjects for target in self.samples.targets(subject))

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.frames)

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return the sample whose target is frame `index`; `rng` is for what else is drawn, see `SubjectSamples`."""
        subject, target = self.frames[index]
        return self.samples.draw(subject, rng, target=target)
