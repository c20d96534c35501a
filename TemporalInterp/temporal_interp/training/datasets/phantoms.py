"""Phantoms as subjects: beating hearts and breathing lungs of random sizes and motions, with exact truth.

The ranges of the parameters span normal and diseased hearts and quiet to deep breathing (our choice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import (
    Acquisition,
    BeatingHeart,
    BreathingLung,
    HeartShape,
    PhantomCine,
    chest_volume,
    coronal_slice,
    even_phases,
    make_heart_cine,
    make_lung_cine,
    short_axis_slice,
    short_axis_stack,
)
from temporal_interp.training.datasets.subject import Case, errors_of

Body = Literal["heart", "lung"]

HEART_FRAMES, LUNG_FRAMES = 25, 10
"""Frames over one cycle, as in a clinical cine and in a 4D CT."""

REST_OVER_REACH = 1.2
"""Distance beyond which the body around the heart is at rest, in radii of the heart."""


@dataclass(frozen=True)
class PhantomSubject:
    """One phantom, drawn when it is loaded; equal attributes give equal images and motion.

    Attributes:
        body: a heart in MR, or a chest in CT.
        number: of the phantom; every number is another one.
        seed: of all random parameters.
        dimensions: 2 for one slice without motion through it, 3 for a volume.
        frames: over one cycle, evenly spaced.
    """

    body: Body
    number: int
    seed: int
    dimensions: int
    frames: int

    @property
    def name(self) -> str:
        """Name of the subject: what it is, its number and its seed."""
        return f"{self.body}_phantom_{self.seed}_{self.number:03d}"

    def load(self) -> Case:
        """Draw the cine.

        The endpoints are end diastole and end systole, or full inhalation and full exhalation, each the nearest frame.

        Raises:
            InvalidInputError: there are too few frames for one to lie between the endpoints.
        """
        with errors_of(self.name):
            rng = np.random.default_rng([self.seed, self.number])
            cine, turn = self._heart(rng) if self.body == "heart" else self._lung(rng)
            last = int(np.argmin(np.abs(np.array(cine.phases) - turn)))
            return Case(self.name, cine.sequence, 0, last, motion_truth(cine))

    def _heart(self, rng: np.random.Generator) -> tuple[PhantomCine, float]:
        heart = random_heart(rng)
        if self.dimensions == 2:
            heart = heart.in_plane()
        geometry = short_axis_slice(heart) if self.dimensions == 2 else short_axis_stack(heart)
        cine = make_heart_cine(
            heart,
            geometry,
            even_phases(self.frames),
            acquisition=_random_scan(rng, thickness=0.0 if self.dimensions == 2 else 8.0),
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
    """Return phantoms of random size, motion and noise; more of them begin with the same ones.

    Args:
        count: how many.
        body: "heart" or "lung".
        dimensions: 2 or 3; a 3D phantom takes seconds to minutes to draw.
        seed: of all random parameters, 0 or more.
        frames: over one cycle; None for 25 of a heart and 10 of a lung.

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


def random_heart(rng: np.random.Generator) -> BeatingHeart:
    """Return a heart of random size and motion: from a failing, dilated one to a strong, thick-walled one."""
    endocardium = rng.uniform(19, 30)
    length = rng.uniform(80, 105)
    shape = HeartShape(
        endocardial_radius_mm=endocardium,
        epicardial_radius_mm=endocardium + rng.uniform(7, 13),
        length_mm=length,
        cavity_length_mm=length - rng.uniform(7, 11),
    )
    return BeatingHeart(
        shape,
        ejection_fraction=rng.uniform(0.25, 0.70),
        right_ejection_fraction=rng.uniform(0.25, 0.60),
        axial_scale=rng.uniform(0.80, 0.95),
        apex_twist_degrees=rng.uniform(3, 15),
        base_twist_degrees=(rng.uniform(1, 3), rng.uniform(-5, -1)),
        end_systole=rng.uniform(0.30, 0.45),
        cycle_ms=rng.uniform(650, 1150),
        rest_radius_mm=REST_OVER_REACH * shape.reach_mm,
        anatomy_seed=int(rng.integers(2**31)),
    )


def random_lung(rng: np.random.Generator) -> BreathingLung:
    """Return a lung of random motion, in the drawn chest: from quiet to deep breathing."""
    return BreathingLung(
        amplitude_z_mm=rng.uniform(6, 22),
        amplitude_y_mm=rng.uniform(1, 7),
        exponent=int(rng.integers(1, 5)),
        lag=rng.uniform(0.0, 0.12),
        cycle_ms=rng.uniform(3000, 6000),
    )


def _random_scan(rng: np.random.Generator, *, thickness: float) -> Acquisition:
    return Acquisition(
        slice_thickness_mm=thickness,
        resolution_mm=rng.uniform(1.4, 2.4),
        snr=rng.uniform(15, 50),
        bias=rng.uniform(0.05, 0.35),
        inflow=rng.uniform(-0.10, 0.15),
    )


@dataclass(frozen=True)
class _Motion:
    """A phantom's truth as the functions that MotionTruth asks for; unlike closures these can be pickled."""

    cine: PhantomCine

    def displacement(self, source: int, frame: int) -> np.ndarray:
        return self.cine.displacement_field(source, frame).array

    def heart_mask(self, frame: int) -> np.ndarray:
        return self.cine.body.heart_mask(self.cine.geometry, self.cine.phases[frame])


def motion_truth(cine: PhantomCine) -> MotionTruth:
    """Return the exact motion; errors count inside the left ventricle, and everywhere in a chest."""
    motion = _Motion(cine)
    return MotionTruth(motion.displacement, motion.heart_mask if isinstance(cine.body, BeatingHeart) else None)
