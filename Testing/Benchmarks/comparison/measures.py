"""The means of an engine over a set: the columns of the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from comparison.engines import BASELINES
from comparison.run import EngineResult, SetResult
from temporal_interp.evaluation.evaluate import Evaluation
from temporal_interp.evaluation.report import Column
from temporal_interp.evaluation.summary import summarise

Means = Mapping[str, Mapping[str, float]]
"""The means of every engine, by its name and that of the measure."""


def three_digits(value: float) -> str:
    """Return a value with three significant digits, so that milliseconds and minutes fit into one column."""
    if 0 < value < 0.0005:
        return "< 0.001"
    return f"{value:.{3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0}f}"


@dataclass(frozen=True)
class Measure(Column):
    """A measure of the tables.

    Attributes:
        best: of two values, `max` or `min`.
        cost: it is a time or a size, in which baselines without motion do not compete.
        judged: one value is better than another.
    """

    form: str | Callable[[float], str] = three_digits
    best: Callable[..., str] = min
    cost: bool = False
    judged: bool = True

    def competes(self, name: str) -> bool:
        """Tell whether an engine is compared by this."""
        return self.judged and not (self.cost and name in BASELINES)


MEASURES = (
    Measure("psnr", "PSNR dB", "{:.2f}", best=max),
    Measure("psnr_moving", "moving dB", "{:.2f}", best=max),
    Measure("ssim", "SSIM", "{:.3f}", best=max),
    Measure("ncc", "NCC", "{:.3f}", best=max),
    Measure("nmse_x100", "NMSE x100", "{:.3f}"),
    Measure("detail", "detail", "{:.2f}", judged=False),
    Measure("epe_mm", "EPE mm", "{:.2f}"),
    Measure("fold_percent", "folds %", "{:.3f}"),
    Measure("prepare_seconds", "s per pair", cost=True),
    Measure("frame_seconds", "s per frame", cost=True),
    Measure("eight_seconds", "s pair + 8", cost=True),
    Measure("pair_peak_gb", "peak GB", "{:.2f}", cost=True),
)
MEASURE = {measure.name: measure for measure in MEASURES}


def means_of(result: EngineResult) -> dict[str, float]:
    """Return the means of an engine by name, {} where it failed on a case: a mean over the others would not compare.

    The mean is over the frames of every case, then over the cases. `eight_seconds` is for a pair and eight frames, in
    the fastest way that the engine offers.
    """
    if result.failures:
        return {}
    cases = dict.fromkeys(row.patient for row in result.rows)
    evaluations = [Evaluation(name, "", "", "", [row for row in result.rows if row.patient == name]) for name in cases]
    (summary,) = summarise(evaluations)
    means = {**summary.means, **result.process}
    eight = min(8 * means["frame_seconds"], means.get("eight_together_seconds", np.inf))
    means["eight_seconds"] = means["prepare_seconds"] + eight
    if "fold_rate_first" in means:
        means["fold_percent"] = 50 * (means["fold_rate_first"] + means["fold_rate_last"])
    return means


def means_of_all(result: SetResult) -> dict[str, dict[str, float]]:
    """Return the means by name of every engine that did the whole set."""
    means = {engine.engine: means_of(engine) for engine in result.engines}
    return {name: own for name, own in means.items() if own}


def best_of(measure: Measure, means: Means) -> str | None:
    """Return the name of the best engine by a measure, None where none has it."""
    fit = {name: own[measure.name] for name, own in means.items() if measure.name in own and measure.competes(name)}
    return measure.best(fit, key=fit.__getitem__) if fit else None
