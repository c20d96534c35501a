"""Training samples from random subjects, which are made once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from temporal_interp.data.training_sample import Neighbour, TrainingSample
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.random_acquisition import moving_share, randomly_acquired
from temporal_interp.simulation.random_subject import RandomSubject, make_random_subject
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.simulation.time_curves import PHASES
from temporal_interp.training.datasets.neighbour_choice import Around, Beside, choose_around, frames_around
from temporal_interp.training.datasets.random_subject_cache import read_subject, write_subject

SHORT_GAPS = (2, 4)
"""Distances between the endpoints, in frames: of a cine without every second frame, or without three of four frames."""

LONG_GAPS = (6, 10)
"""Shortest and longest of the other distances, such as from end diastole to end systole."""


BUSY = 15
"""Endpoints are chosen among so many frames from the first on: half of the subjects start at end diastole and
contract in these. Later frames are shown around endpoints."""

REACH = SHORT_GAPS[1]
"""Frames from an endpoint to the furthest frame around: few sequences show less than every fourth of 25 phases."""

AS_REAL = 0.75
"""Share of the samples for networks with context that are acquired as real cines are."""


class RandomSubjectSamples:
    """A source of training samples from random subjects; see `SampleSource`.

    >>> samples = RandomSubjectSamples(SyntheticSettings(shape=(1, 32, 32), subjects=2, margin=8))
    >>> samples.draw(0, np.random.default_rng(0)).target.shape
    torch.Size([1, 1, 32, 32])

    Args:
        settings: number, size and kind of the subjects.
        cache: folder in which subjects are kept; None keeps them only in memory.
        beside: whether samples show frames around the endpoints, see `choose_around`. If they do, subjects that show
            their whole cycle come round again, and most that "drawn" gives are acquired as real cines are, see
            `randomly_acquired`.

    Raises:
        InvalidInputError: frames around are wanted of subjects that do not show their whole cycle.
    """

    def __init__(
        self, settings: SyntheticSettings | None = None, cache: Path | None = None, *, beside: Beside = "none"
    ) -> None:
        self.settings = settings or SyntheticSettings()
        if beside != "none" and self.settings.instants != PHASES:
            raise InvalidInputError(
                f"Samples with frames around the endpoints need subjects of {PHASES} instants, the whole cycle; these "
                f"have {self.settings.instants}."
            )
        self.beside = beside
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
        first, last, target = _choose(min(len(subject.phases), BUSY), rng)
        gap, t = abs(last - first), abs(target - first) / abs(last - first)
        before, after = self._around(first, last, rng)
        shown = [first, last, target, *(one.frame for one in (before, after) if one is not None)]
        images = subject.frames[shown].float()
        fields = torch.stack([subject.displacement(first, target), subject.displacement(last, target)])
        flow = None
        if self.beside == "drawn" and rng.random() < AS_REAL:
            flow = moving_share(subject.frames.float())
            images = torch.cat([images, flow])
        images, fields = self._crop(images, fields, rng)
        if flow is not None:
            images, flow = images[:-1], images[-1:]
        images = randomly_acquired(images, subject.noise, rng, flow=flow)
        images, fields = _flipped(images, fields, rng)
        beside = iter(images[3:, None].contiguous())
        return TrainingSample(
            first=images[0:1].contiguous(),
            last=images[1:2].contiguous(),
            target=images[2:3].contiguous(),
            t=t,
            spacing=subject.spacing,
            displacements=fields.contiguous(),
            before=None if before is None else Neighbour(next(beside), before.distance),
            after=None if after is None else Neighbour(next(beside), after.distance),
            gap=None if self.beside == "none" else gap,
        )

    def _around(self, first: int, last: int, rng: np.random.Generator) -> tuple[Around | None, Around | None]:
        """Return a frame before the first endpoint and one after the last, in the order of the endpoints."""
        gap = abs(last - first)
        sides = frames_around(range(PHASES), float(PHASES), range(PHASES), min(first, last), max(first, last))
        before, after = ([one for one in side if round(one.distance * gap) <= REACH] for side in sides)
        return choose_around((before, after) if first < last else (after, before), self.beside, rng)

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
    """Return images (N, K, J, I) and fields (2, 3, K, J, I), mirrored and transposed in the plane at random."""
    for axis in (-2, -1):
        if rng.random() < 0.5:
            images, fields = images.flip(axis), fields.flip(axis)
            fields[:, axis] *= -1
    if rng.random() < 0.5 and images.shape[-1] == images.shape[-2]:
        images, fields = images.transpose(-1, -2), fields.transpose(-1, -2)[:, [0, 2, 1]]
    return images, fields
