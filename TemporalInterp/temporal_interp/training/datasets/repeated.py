"""A source that draws many samples of every subject."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temporal_interp.data.training_sample import SampleSource, TrainingSample


@dataclass(frozen=True)
class Repeated:
    """A source that draws so many samples of every subject of another source; see `SampleSource`.

    Attributes:
        source: of the subjects.
        times: samples of each.
    """

    source: SampleSource
    times: int

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.times * len(self.source)

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return a sample of subject `index // times`; every subject is read once."""
        return self.source.draw(index // self.times, rng)
