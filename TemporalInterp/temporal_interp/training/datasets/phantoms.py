"""Phantoms as subjects: beating hearts and breathing lungs of random size and motion, with exact truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import (
    PhantomCine,
    chest_volume,
    coronal_slice,
    even_phases,
    make_heart_cine,
    make_lung_cine,
    short_axis_slice,
    short_axis_stack,
)
from temporal_interp.simulation.random_bodies import random_heart, random_heart_scan, random_lung
from temporal_interp.training.datasets.subject import Case, errors_of

Body = Literal["heart", "lung"]

HEART_FRAMES, LUNG_FRAMES = 25, 10
"""Frames over one cycle, as in a clinical cine and in a 4D CT."""


@dataclass(frozen=True)
class PhantomSubject:
    """One phantom, drawn when it is loaded; equal attributes give equal images and equal motion.

    Attributes:
        body: "heart" in MR, or "lung" in CT.
        number: number of the phantom; every number gives another phantom.
        seed: seed of all random parameters.
        dimensions: 2 for one slice without through-plane motion, 3 for a volume.
        frames: number of frames, evenly spaced over one cycle.
    """

    body: Body
    number: int
    seed: int
    dimensions: int
    frames: int

    @property
    def name(self) -> str:
        """Name of the subject: its body, its seed and its number."""
        return f"{self.body}_phantom_{self.seed}_{self.number:03d}"

    def load(self) -> Case:
        """Draw the cine.

        The endpoints are the frames nearest to end diastole and end systole, or to full inhalation and full exhalation.

        Raises:
            InvalidInputError: no frame lies between the endpoints.
        """
        with errors_of(self.name):
            rng = np.random.default_rng([self.seed, self.number])
            cine, turn = self._heart(rng) if self.body == "heart" else self._lung(rng)
            last = int(np.argmin(np.abs(np.array(cine.phases) - turn)))
            return Case(self.name, cine.sequence, 0, last, cine.motion_truth())

    def _heart(self, rng: np.random.Generator) -> tuple[PhantomCine, float]:
        heart = random_heart(rng)
        if self.dimensions == 2:
            heart = heart.in_plane()
        geometry = short_axis_slice(heart) if self.dimensions == 2 else short_axis_stack(heart)
        cine = make_heart_cine(
            heart,
            geometry,
            even_phases(self.frames),
            acquisition=random_heart_scan(rng, slice_thickness_mm=0.0 if self.dimensions == 2 else 8.0),
            seed=int(rng.integers(2**31)),
        )
        return cine, heart.end_systole

    def _lung(self, rng: np.random.Generator) -> tuple[PhantomCine, float]:
        lung = random_lung(rng)
        if self.dimensions == 2:
            lung = lung.in_plane()
        cine = make_lung_cine(
            lung,
            coronal_slice() if self.dimensions == 2 else chest_volume(),
            even_phases(self.frames),
            noise_hu=rng.uniform(5, 25),
            seed=int(rng.integers(2**31)),
        )
        return cine, lung.reference_phase


def phantom_subjects(
    count: int, *, body: Body = "heart", dimensions: int = 2, seed: int = 0, frames: int | None = None
) -> list[PhantomSubject]:
    """Return phantoms of random size, motion and noise; a larger count begins with the same phantoms.

    >>> [subject.name for subject in phantom_subjects(2, body="lung", seed=7)]
    ['lung_phantom_7_000', 'lung_phantom_7_001']

    Args:
        count: number of phantoms.
        body: "heart" or "lung".
        dimensions: 2 or 3; a 3D phantom takes seconds to minutes to draw.
        seed: seed of all random parameters, 0 or more.
        frames: number of frames over one cycle; None for 25 of a heart and 10 of a lung.

    Raises:
        InvalidInputError: an argument is out of range.
    """
    if body not in ("heart", "lung") or dimensions not in (2, 3) or count < 1 or seed < 0:
        raise InvalidInputError(
            f"Phantoms need a body (heart, lung), 2 or 3 dimensions, a count of 1 or more and a seed of 0 or more, got "
            f"{body}, {dimensions}, {count} and {seed}."
        )
    frames = frames or (HEART_FRAMES if body == "heart" else LUNG_FRAMES)
    return [PhantomSubject(body, number, seed, dimensions, frames) for number in range(count)]
