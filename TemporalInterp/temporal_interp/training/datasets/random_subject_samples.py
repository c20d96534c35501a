"""Training samples from random subjects, which are made once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from temporal_interp.data.training_sample import TrainingSample
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.random_acquisition import randomly_acquired
from temporal_interp.simulation.random_subject import RandomSubject, make_random_subject
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.training.datasets.random_subject_cache import read_subject, write_subject

SHORT_GAPS = (2, 4)
"""Distances between the endpoints, in frames: of a cine without every second frame, or without three of four frames."""

LONG_GAPS = (6, 10)
"""Shortest and longest of the other distances, such as from end diastole to end systole."""


class RandomSubjectSamples:
    """A source of training samples from random subjects; see `SampleSource`.

    >>> samples = RandomSubjectSamples(SyntheticSettings(shape=(1, 32, 32), subjects=2, margin=8))
    >>> samples.draw(0, np.random.default_rng(0)).target.shape
    torch.Size([1, 1, 32, 32])

    Args:
        settings: number, size and kind of the subjects.
        cache: folder in which subjects are kept; None keeps them only in memory.
    """

    def __init__(self, settings: SyntheticSettings | None = None, cache: Path | None = None) -> None:
        self.settings = settings or SyntheticSettings()
        self.folder = None if cache is None else Path(cache) / self.settings.key()
        self._subjects: dict[int, RandomSubject] = {}

    def __len__(self) -> int:
        """Return the number of subjects."""
        return self.settings.subjects

    def subject(self, index: int) -> RandomSubject:
        """Return a subject, from memory or from the folder if it has been made before.

        Raises:
            InvalidInputError: there is no subject with that number.
        """
        if not 0 <= index < len(self):
            raise InvalidInputError(f"There are {len(self)} synthetic subjects, so there is no number {index}.")
        if index not in self._subjects:
            path = None if self.folder is None else self.folder / f"{index:06d}.npz"
            subject = None if path is None else read_subject(path)
            if subject is None:
                subject = make_random_subject(self.settings, index)
                if path is not None:
                    write_subject(subject, path)
            self._subjects[index] = subject
        return self._subjects[index]

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return a sample: random endpoints and a frame between them, cropped, with noise, and flipped at random."""
        subject = self.subject(index)
        first, last, target = _choose(len(subject.phases), rng)
        images = subject.frames[[first, last, target]].float()
        fields = torch.stack([subject.displacement(first, target), subject.displacement(last, target)])
        images, fields = self._crop(images, fields, rng)
        images = randomly_acquired(images, subject.noise, rng)
        images, fields = _flipped(images, fields, rng)
        return TrainingSample(
            first=images[0:1].contiguous(),
            last=images[1:2].contiguous(),
            target=images[2:3].contiguous(),
            t=abs(target - first) / abs(last - first),
            spacing=subject.spacing,
            displacements=fields.contiguous(),
        )

    def _crop(
        self, images: torch.Tensor, fields: torch.Tensor, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        j, i = (int(start) for start in rng.integers(0, self.settings.margin + 1, 2))
        _, height, width = self.settings.shape
        return images[..., j : j + height, i : i + width], fields[..., j : j + height, i : i + width]


def _choose(frames: int, rng: np.random.Generator) -> tuple[int, int, int]:
    """Return the numbers of the first, the last and the target frame; the endpoints may be in either order."""
    kind = rng.random()
    if kind < 0.6:
        gap = SHORT_GAPS[0] if kind < 0.3 else SHORT_GAPS[1]
    else:
        gap = int(rng.integers(LONG_GAPS[0], min(LONG_GAPS[1], frames - 1) + 1))
    start = int(rng.integers(0, frames - gap))
    between = start + int(rng.integers(1, gap))
    ends = (start, start + gap)
    return (*(ends if rng.random() < 0.5 else ends[::-1]), between)


def _flipped(
    images: torch.Tensor, fields: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """Return images (3, K, J, I) and fields (2, 3, K, J, I), mirrored and transposed in the plane at random."""
    for axis in (-2, -1):
        if rng.random() < 0.5:
            images, fields = images.flip(axis), fields.flip(axis)
            fields[:, axis] *= -1
    if rng.random() < 0.5 and images.shape[-1] == images.shape[-2]:
        images, fields = images.transpose(-1, -2), fields.transpose(-1, -2)[:, [0, 2, 1]]
    return images, fields
