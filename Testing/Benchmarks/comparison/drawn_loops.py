"""Drawn sets of whole cycles, coarsely sampled: every second frame is held out, with exact motion.

Neighbouring gaps tell here how the motion speeds up and slows down; the ends of a cycle are no ends.
"""

from __future__ import annotations

from functools import partial

from comparison.cases import BenchmarkCase, CaseSet
from comparison.drawn_cases import COARSER, HEART_NAME, HEARTS, LUNG_NAME, heart_cine, in_the_body, lung_cine
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.sequence import Sequence
from temporal_interp.evaluation.hold_out import every
from temporal_interp.simulation import even_phases
from temporal_interp.training.datasets.catalogue import TEST_SEED
from temporal_interp.training.datasets.phantoms import phantom_subjects

SLICE_PHASES, VOLUME_PHASES = 12, 10
"""Frames over a cycle, of which engines see half."""


def drawn_loops(*, quick: bool) -> list[CaseSet]:
    """Return the sets; quick makes them fewer and smaller."""
    hearts, coarser = (1, COARSER) if quick else (HEARTS, 1.0)
    return [
        CaseSet(
            "heart_slices_every_2",
            f"drawn beating hearts in one slice, every 2nd of {SLICE_PHASES} phases kept",
            partial(_heart_slices, hearts),
        ),
        CaseSet(
            "heart_volume_every_2",
            f"drawn beating heart as a volume, every 2nd of {VOLUME_PHASES} phases kept",
            partial(_heart_volume, coarser),
        ),
        CaseSet(
            "lung_volume_every_2",
            f"drawn breathing chest, every 2nd of {VOLUME_PHASES} phases kept",
            partial(_lung_volume, coarser),
            coronal=True,
        ),
    ]


def _heart_slices(count: int) -> list[BenchmarkCase]:
    subjects = phantom_subjects(count, dimensions=2, seed=TEST_SEED, frames=SLICE_PHASES)
    return [_every_second(case.name, case.sequence, case.truth) for case in (subject.load() for subject in subjects)]


def _heart_volume(coarser: float) -> list[BenchmarkCase]:
    cine = heart_cine(coarser, lambda heart: even_phases(VOLUME_PHASES))
    return [_every_second(HEART_NAME, cine.sequence, cine.motion_truth())]


def _lung_volume(coarser: float) -> list[BenchmarkCase]:
    cine = lung_cine(coarser, even_phases(VOLUME_PHASES))
    return [_every_second(LUNG_NAME, cine.sequence, in_the_body(cine))]


def _every_second(name: str, loop: Sequence, truth: MotionTruth | None) -> BenchmarkCase:
    return BenchmarkCase(name, loop, every(loop, 2), truth)
