"""The means of an engine over a set: what a line of the tables shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from comparison.engines import BASELINES
from comparison.run import EngineResult, SetResult
from temporal_interp.evaluation.evaluate import Evaluation
from temporal_interp.evaluation.report import summarise


class Measure(NamedTuple):
    """What is measured.

    Attributes:
        name: of the mean.
        heading: of the column, with the unit.
        higher_is_better: of two values.
        cost: it is a time or a size, in which baselines that look for no motion do not compete.
        digits: after the point; None for three that count.
    """

    name: str
    heading: str
    higher_is_better: bool = False
    cost: bool = False
    digits: int | None = None

    def text(self, value: float) -> str:
        """Return a value as the tables show it."""
        if self.digits is not None:
            return f"{value:.{self.digits}f}"
        if 0 < value < 0.0005:
            return "< 0.001"
        return f"{value:.{3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0}f}"


MEASURES = (
    Measure("psnr", "PSNR dB", higher_is_better=True, digits=2),
    Measure("psnr_moving", "moving dB", higher_is_better=True, digits=2),
    Measure("ssim", "SSIM", higher_is_better=True, digits=3),
    Measure("ncc", "NCC", higher_is_better=True, digits=3),
    Measure("nmse_x100", "NMSE x100", digits=3),
    Measure("epe_mm", "EPE mm", digits=2),
    Measure("fold_percent", "folds %", digits=3),
    Measure("prepare_seconds", "s per pair", cost=True),
    Measure("frame_seconds", "s per frame", cost=True),
    Measure("eight_seconds", "s pair + 8", cost=True),
    Measure("pair_peak_gb", "peak GB", cost=True, digits=2),
)
MEASURE = {measure.name: measure for measure in MEASURES}


def means_of(result: EngineResult) -> dict[str, float]:
    """Return the means of an engine by name, {} where it failed on a case: a mean over the others would not compare.

    The mean is over the frames of every case, then over the cases. `eight_seconds` is for a pair and eight frames, by
    the quickest way the engine offers.
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


def best_of(measure: Measure, means: Mapping[str, Mapping[str, float]]) -> str | None:
    """Return the name of the best engine by a measure, None where none has it."""
    fit = {
        name: own[measure.name]
        for name, own in means.items()
        if measure.name in own and not (measure.cost and name in BASELINES)
    }
    return (max if measure.higher_is_better else min)(fit, key=fit.__getitem__) if fit else None
