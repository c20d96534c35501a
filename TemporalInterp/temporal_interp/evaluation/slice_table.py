"""The table of slice synthesis: slices are held out and restored by every method, as in Tables 1 to 4 of Fang et al."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from temporal_interp.data.field_of_view import field_of_view, outside_as_nan, require_seen
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.evaluation import report
from temporal_interp.evaluation.slice_cuts import SliceCut, cuts_where_linear_errs
from temporal_interp.evaluation.slice_methods import SliceMethod
from temporal_interp.evaluation.slice_scores import SliceScores, score_slices
from temporal_interp.slices.add_slices import ORDINALS
from temporal_interp.slices.choices import FACTORS
from temporal_interp.slices.classical import Classical
from temporal_interp.slices.degradation import Degradation, thicken
from temporal_interp.slices.seen import filled_slices
from temporal_interp.slices.slice_grid import closer_slices, further_slices, is_acquired

SINC_NOTE = "SimpleITK's sinc weights add up to 0.999 half-way between slices: it darkens by a thousandth."


@dataclass(frozen=True)
class SliceEvaluation:
    """One factor and degradation.

    Attributes:
        factor: r.
        degradation: how slices were held out.
        scores: by method, in the order in which they ran.
        seconds: wall time that each method took to restore the slices.
        cuts: a sagittal and a coronal plane as every method made it.
    """

    factor: int
    degradation: Degradation
    scores: dict[str, SliceScores]
    seconds: dict[str, float]
    cuts: tuple[SliceCut, SliceCut]

    @property
    def best_classical(self) -> str:
        """The classical interpolation with the highest PSNR; nearest does not count."""
        names = [name for name in Classical if name is not Classical.NEAREST and name in self.scores]
        return str(max(names, key=lambda name: self.scores[name].psnr))


def thick_volume(truth: Volume, factor: int, degradation: Degradation) -> Volume:
    """Return the input of the methods: float32 with every factor-th slice of a volume, degraded, from 0 to 1.

    The scale is the truth's (see `IntensityRange.of`); intensities beyond it are clipped.

    Raises:
        InvalidInputError: the factor is not one of FACTORS, there are too few slices, or all voxels are the same.
    """
    if factor not in FACTORS:
        raise InvalidInputError(f"One slice in {', '.join(map(str, FACTORS))} can be given, not in {factor}.")
    require_seen(truth, "The volume")
    scaled = IntensityRange.of([truth]).normalise(filled_slices(truth))
    given = thicken(scaled, factor, degradation)
    seen = field_of_view(truth.array)
    given = outside_as_nan(given, None if seen is None else seen[: len(given) * factor : factor])
    return Volume(given, further_slices(truth.geometry, factor))


def evaluate_slices(
    truth: Volume,
    factor: int,
    degradation: Degradation,
    methods: Sequence[SliceMethod],
    *,
    progress: Progress = no_progress,
) -> SliceEvaluation:
    """Hold slices out, let every method restore them, and score the results.

    The last slices of the truth are left out if their number does not fit the factor. Given slices are kept as they are
    unless they are blurred: then they are synthesised too, since they are not the truth (Eq. 7).

    Args:
        truth: acquired, with close slices.
        factor: r.
        degradation: how slices are held out.
        methods: what to compare.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: as `thick_volume`.
    """
    given = thick_volume(truth, factor, degradation)
    grid = closer_slices(given.geometry, factor)
    count = grid.shape[0]
    wanted = Volume(IntensityRange.of([truth]).normalise(truth.array[:count]), grid)
    cuts = cuts_where_linear_errs(given, wanted, factor)
    scores, seconds = {}, {}
    for number, method in enumerate(methods):
        tell = part_of(progress, number / len(methods), (number + 1) / len(methods))
        tell(0.0, method.name)
        start = time.perf_counter()
        made = method.add(given, factor, keep_given=degradation is Degradation.DIRECT, progress=tell)
        seconds[method.name] = time.perf_counter() - start
        inside = np.clip(made.array, 0.0, 1.0)
        scores[method.name] = score_slices(inside, wanted.array, ~is_acquired(count, factor))
        for cut in cuts:
            cut.images[method.name] = cut.of(inside)
    return SliceEvaluation(factor, degradation, scores, seconds, cuts)


def as_table(evaluation: SliceEvaluation, *, title: str = "") -> Table:
    """Return the columns of Tables 1 and 2, with the PSNR of the held-out slices alone and the wall time."""
    given = f"every {ORDINALS[evaluation.factor]} slice given, {evaluation.degradation}"
    caption = (
        "'held out' is the PSNR of the restored slices. Wall time, fitting included, on this machine, "
        f"{os.cpu_count()} processors."
    )
    if Classical.SINC in evaluation.scores:
        caption = f"{caption} {SINC_NOTE}"
    return report.as_table(
        table_rows(evaluation), report.SLICES, title=f"{title}: {given}" if title else given, caption=caption
    )


def table_rows(evaluation: SliceEvaluation) -> list[dict[str, Any]]:
    """Return a tidy row for every method."""
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
