"""Sets whose every displacement is known exactly: drawn hearts and chests, and a CT that is made to breathe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_fill_holes, gaussian_filter

from comparison.cases import BenchmarkCase, CaseSet
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.volume import Volume, resample
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.hold_out import between
from temporal_interp.io import read_volume
from temporal_interp.simulation import (
    CLINICAL,
    BeatingHeart,
    BreathingLung,
    PhantomCine,
    make_heart_cine,
    make_lung_cine,
)
from temporal_interp.simulation.geometries import chest_volume, short_axis_stack
from temporal_interp.simulation.random_bodies import random_heart, random_lung
from temporal_interp.training.datasets.catalogue import TEST_SEED
from temporal_interp.training.datasets.phantoms import phantom_subjects

HEARTS = 4
COARSER = 2.0
"""Growth of the voxels for a quick run."""

BETWEEN = 4
"""Frames held out between the endpoints of a volume."""

HEART_NUMBER, LUNG_NUMBER = 4, 5
"""Numbers of the random volumes, which differ from those of the slices. The seed is that of the test sets, which were
never used for training or tuning."""

HEART_NAME, LUNG_NAME = f"heart_phantom_{TEST_SEED}_{HEART_NUMBER:03d}", f"lung_phantom_{TEST_SEED}_{LUNG_NUMBER:03d}"

CT_FILE = Path("ct-chest", "chest_1mm.nrrd")
CT_NOISE_HU = 10.0
"""New in every frame: otherwise the noise would move with the tissue and help a registration, unlike that of a
scanner."""

BODY_HU = -500.0


def drawn_sets(data: Path, *, quick: bool) -> list[CaseSet]:
    """Return the sets with exact truth.

    Args:
        data: folder with the real CT.
        quick: fewer and smaller ones.
    """
    hearts, coarser = (1, COARSER) if quick else (HEARTS, 1.0)
    return [
        CaseSet("heart_slices", "drawn beating hearts in one slice, ED to ES", partial(_heart_slices, hearts)),
        CaseSet(
            "heart_volume", "drawn beating heart as a volume, ED to ES", partial(_heart_volume, coarser), turning=True
        ),
        CaseSet(
            "lung_volume",
            "drawn breathing chest, inhalation to exhalation",
            partial(_lung_volume, coarser),
            turning=True,
            coronal=True,
        ),
        CaseSet(
            "ct_breathing",
            "real chest CT, simulated motion: breathing by a formula, inhalation to exhalation",
            partial(_ct_breathing, data / CT_FILE, 2.0 * coarser),
            turning=True,
            coronal=True,
        ),
    ]


def _heart_slices(count: int) -> list[BenchmarkCase]:
    cases = [subject.load() for subject in phantom_subjects(count, dimensions=2, seed=TEST_SEED)]
    return [
        BenchmarkCase(case.name, case.sequence, between(case.sequence, case.first, case.last), case.truth)
        for case in cases
    ]


def _heart_volume(coarser: float) -> list[BenchmarkCase]:
    cine = heart_cine(coarser, lambda heart: np.linspace(0.0, heart.end_systole, BETWEEN + 2).tolist())
    return [_whole(HEART_NAME, cine, cine.motion_truth())]


def heart_cine(coarser: float, phases: Callable[[BeatingHeart], list[float]]) -> PhantomCine:
    """Draw the heart that is a volume.

    Args:
        coarser: growth of the voxels, which are fewer.
        phases: of the frames of a heart.
    """
    heart = random_heart(np.random.default_rng([TEST_SEED, HEART_NUMBER]))
    spacing = (1.5 * coarser, 1.5 * coarser, 3.5 * coarser)
    geometry = short_axis_stack(
        heart, shape=tuple(round(n / coarser) for n in (32, 128, 128)), spacing_mm=spacing
    )  # fmt: skip
    # slices as thick as they are far apart, as a scanner acquires a volume
    scan = replace(CLINICAL, slice_thickness_mm=spacing[2])
    return make_heart_cine(heart, geometry, phases(heart), acquisition=scan, seed=HEART_NUMBER)


def _lung_volume(coarser: float) -> list[BenchmarkCase]:
    cine = lung_cine(coarser, _breath())
    return [_whole(LUNG_NAME, cine, in_the_body(cine))]


def lung_cine(coarser: float, phases: list[float]) -> PhantomCine:
    """Draw the breathing chest; `coarser` as in `heart_cine`."""
    rng = np.random.default_rng([TEST_SEED, LUNG_NUMBER])
    lung = random_lung(rng)
    geometry = covering(chest_volume(), (3.3 * coarser, 3.3 * coarser, 5.5 * coarser))
    return make_lung_cine(lung, geometry, phases, noise_hu=rng.uniform(5, 25), seed=LUNG_NUMBER)


def _ct_breathing(path: Path, spacing_mm: float) -> list[BenchmarkCase]:
    if not path.is_file():
        raise InvalidInputError(f"{path} is not there")
    ct = coarser_volume(read_volume(path), spacing_mm)
    # without a pause at exhalation: two frames cannot tell how long it is, so it would reward repeating the nearer one
    lung = replace(BreathingLung.fitted_to(ct.geometry), exponent=1)
    cine = make_lung_cine(lung, ct, _breath(), noise_hu=CT_NOISE_HU)
    return [_whole(f"{path.parent.name}, simulated breathing", cine, in_the_body(cine))]


def _breath() -> list[float]:
    """Return the phases from inhalation to exhalation."""
    return np.linspace(0.0, 0.5, BETWEEN + 2).tolist()


def _whole(name: str, cine: PhantomCine, truth: MotionTruth) -> BenchmarkCase:
    return BenchmarkCase(name, cine.sequence, between(cine.sequence, 0, len(cine) - 1), truth)


def in_the_body(cine: PhantomCine) -> MotionTruth:
    """Return the exact motion; errors count in the body, since the motion of the air around it cannot be seen."""
    known = cine.motion_truth()
    return MotionTruth(known.displacement, lambda number: body_mask(cine.sequence.volumes[number].array))


def body_mask(hu: np.ndarray) -> np.ndarray:
    """Return the mask of the body in a CT, (K, J, I) bool: voxels denser than air, and all that they surround in a
    slice, such as the lungs."""
    smooth = gaussian_filter(hu.astype(np.float32), 1.0)
    return np.stack([binary_fill_holes(axial > BODY_HU) for axial in smooth])


def coarser_volume(volume: Volume, spacing_mm: float) -> Volume:
    """Return a volume on cubic voxels of about a given size, first blurred by the growth of the voxels, so that fine
    structures do not alias."""
    grid = covering(volume.geometry, (spacing_mm,) * 3)
    growth = np.array(grid.spacing_kji) / volume.geometry.spacing_kji
    sigma = np.sqrt(np.maximum(growth**2 - 1.0, 0.0) / 12.0)  # widths of a box, as standard deviations
    blurred = gaussian_filter(volume.array.astype(np.float32), sigma, mode="nearest")
    smooth = volume.with_array(np.rint(blurred).astype(volume.array.dtype))
    return resample(smooth, grid)


def covering(geometry: Geometry, spacing_mm: tuple[float, float, float]) -> Geometry:
    """Return a grid of another spacing, (I, J, K), in the middle of a grid and within it."""
    extent = [(n - 1) * old for n, old in zip(geometry.shape, geometry.spacing_kji, strict=True)]
    shape = tuple(1 + int(length / new) for length, new in zip(extent, spacing_mm[::-1], strict=True))
    rest = [
        (length - (n - 1) * new) / 2 / old
        for length, n, new, old in zip(extent, shape, spacing_mm[::-1], geometry.spacing_kji, strict=True)
    ]
    return Geometry(shape, spacing_mm, tuple(geometry.physical_point(rest)), geometry.direction)
