"""The table of slice synthesis: slices held out and put back by every method, as Tables 1, 2 and 4 of Fang et al."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from temporal_interp.errors import Progress, no_progress, part_of
from temporal_interp.evaluation.slice_methods import SliceMethod
from temporal_interp.evaluation.slice_scores import SliceScores, score_slices
from temporal_interp.slices.degradation import Degradation, thicken
from temporal_interp.slices.slice_grid import further_slices, is_acquired
from temporal_interp.volumes import IntensityRange, Volume

HEADINGS = {
    "psnr": "PSNR",
    "psnr_held_out": "held out",
    "ssim_axial": "SSIM axial",
    "ssim_coronal": "coronal",
    "ssim_sagittal": "sagittal",
}


@dataclass(frozen=True)
class SliceEvaluation:
    """One factor and degradation.

    Attributes:
        factor: r.
        degradation: how slices were held out.
        scores: by method, in the order in which they ran.
        seconds: wall time that each method took to put the slices back.
    """

    factor: int
    degradation: Degradation
    scores: dict[str, SliceScores]
    seconds: dict[str, float]


def thick_volume(truth: Volume, factor: int, degradation: Degradation) -> Volume:
    """Return what methods are given: float32 with every factor-th slice of a volume, degraded, from 0 to 1.

    The scale is the truth's (see `IntensityRange.of`); the part of the truth beyond it is cut.

    Raises:
        InvalidInputError: there are too few slices, or all voxels are the same.
    """
    truth.require_finite("The volume")
    scaled = IntensityRange.of([truth]).normalise(truth.array)
    return Volume(thicken(scaled, factor, degradation), further_slices(truth.geometry, factor))


def evaluate_slices(
    truth: Volume,
    factor: int,
    degradation: Degradation,
    methods: Sequence[SliceMethod],
    *,
    progress: Progress = no_progress,
) -> SliceEvaluation:
    """Hold slices out, let every method put them back, and score the result.

    The last slices of the truth are left out where their number does not fit the factor.

    Args:
        truth: acquired, with close slices.
        factor: r.
        degradation: how slices are held out.
        methods: what to compare.
        progress: told how far it is; may raise CancelledError.

    Raises:
        InvalidInputError: as `thick_volume`.
    """
    given = thick_volume(truth, factor, degradation)
    count = (given.geometry.shape[0] - 1) * factor + 1
    wanted = IntensityRange.of([truth]).normalise(truth.array[:count])
    scores, seconds = {}, {}
    for number, method in enumerate(methods):
        report = part_of(progress, number / len(methods), (number + 1) / len(methods))
        report(0.0, method.name)
        start = time.perf_counter()
        made = method.add(given, factor, report)
        seconds[method.name] = time.perf_counter() - start
        inside = np.clip(made.array, 0.0, 1.0)
        scores[method.name] = score_slices(inside, wanted, ~is_acquired(count, factor))
    return SliceEvaluation(factor, degradation, scores, seconds)


def as_table(evaluation: SliceEvaluation, *, title: str = "", caption: str = "") -> Table:
    """Return the columns of Tables 1 and 2, with the PSNR of the held-out slices alone and the wall time."""
    table = Table(title=title or None, caption=caption or None, title_justify="left", caption_justify="left")
    table.add_column("method")
    for heading in (*HEADINGS.values(), "s"):
        table.add_column(heading, justify="right")
    for name, scores in evaluation.scores.items():
        cells = [_cell(value, 2 if "psnr" in key else 4) for key, value in asdict(scores).items()]
        table.add_row(name, *cells, f"{evaluation.seconds[name]:.1f}")
    return table


def _cell(value: float, digits: int) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def table_lines(evaluation: SliceEvaluation) -> list[dict[str, Any]]:
    """Return a line for every method."""
    return [
        {
            "factor": evaluation.factor,
            "degradation": str(evaluation.degradation),
            "method": name,
            **asdict(scores),
            "seconds": evaluation.seconds[name],
        }
        for name, scores in evaluation.scores.items()
    ]
