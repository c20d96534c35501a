"""What a report of a check says, whatever the file: data, engines, scores, worst frames, limits, in plain words."""

from __future__ import annotations

import datetime
import math
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np

import temporal_interp
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.time_text import time_text
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import Evaluation
from temporal_interp.evaluation.nearest_endpoint import BASELINE
from temporal_interp.evaluation.report import HOLD_OUT, breakable, present
from temporal_interp.evaluation.summary import Summary, summarise
from temporal_interp.figures.report_pictures import ErrorScale, WorstPictures, worst_pictures
from temporal_interp.io.notes import PIXEL_SIZE_NOTE

BLEND = "linear_blend"
WORST = 2
"""Frames that are shown of every engine."""

ALIKE = 0.02
"""Share by which errors differ that are called alike (our choice)."""

MEASURES = {
    "psnr": "PSNR dB: how similar the images are, of all voxels; 6 dB more are half the error.",
    "psnr_moving": "moving dB: the same where it moves, which is what counts.",
    "detail": "detail: fine detail over that of the acquired frames where it moves; 1 is as sharp, less is blurred.",
    "nmse_x100": "NMSE x100: squared error over the squared image, in per cent.",
    "ssim": "SSIM: similarity of structure, at most 1.",
    "ncc": "NCC: local correlation; it cannot exceed its ceiling.",
    "fold_rate_first": "folds: share of the voxels where the motion folds tissue over itself, which tissue cannot do.",
    "epe_mm": "EPE mm: error of the motion, where the true motion is known; at rest, that of no motion at all.",
    "within_68": "within 68 %, 95 %: share of the errors inside the intervals to expect where it moves.",
    "expected_error": "error to expect: its mean where it moves, as a share of the range of intensities.",
    "prepare_seconds": "prepare s, frame s: seconds for a gap and for a frame, on this machine.",
}
"""The measures of the table in words."""

LIMITS = (
    "The scores hold for this sequence and for hidden frames this far from their neighbours. Where no frame is hidden, "
    "gaps are shorter and errors usually smaller; how much smaller, this check does not measure.",
    "They say how similar pictures are. They do not say whether a volume, a strain or a diagnosis taken from a "
    "synthetic frame is right.",
    "What happens only between two acquired frames cannot be known from them: a valve that opens and closes, a jet, "
    "contrast that arrives, a beat that differs from the others.",
    "A score is a mean over many voxels. A small structure can be wrong while the mean is good: look at the worst "
    "frames.",
    "Synthetic frames were computed, not acquired. They are for viewing and for research, and no basis for a "
    "diagnosis.",
)


@dataclass(frozen=True)
class Table:
    """A table of text: the first column is the head of each line."""

    head: list[str]
    lines: list[list[str]]


@dataclass(frozen=True, eq=False)
class ReportContent:
    """A report, ready to be laid out.

    Attributes:
        title: name of the sequence.
        verdict: the result in a sentence or two.
        data: what was checked, as names and values.
        engines: name and settings of every engine.
        software: versions and the date.
        tables: by preset, the mean scores.
        measures: what the measures mean.
        worst: pictures of the worst frames of every engine.
        scale: of the error maps.
        coverage: sentences on how often the expected error held; none where it was not measured.
        limits: what the check does not say.
        notes: of the reader on the data.
    """

    title: str
    verdict: str
    data: list[tuple[str, str]]
    engines: list[tuple[str, str]]
    software: list[tuple[str, str]]
    tables: dict[str, Table]
    measures: list[str]
    worst: list[WorstPictures]
    scale: ErrorScale
    coverage: list[str]
    limits: tuple[str, ...]
    notes: tuple[str, ...]


def report_content(
    sequence: Sequence,
    evaluation: Evaluation,
    *,
    device: str = "",
    now: datetime.datetime | None = None,
) -> ReportContent:
    """Return what a report says.

    Args:
        sequence: the acquired frames that were evaluated.
        evaluation: its result; only frames that it kept are shown.
        device: where it ran, such as "cpu"; "" leaves that out.
        now: date of the report; None is today.

    Raises:
        InvalidInputError: the evaluation has no scores.
    """
    if not evaluation.rows:
        raise InvalidInputError("The check has no scores, so that there is nothing to report.")
    summaries = summarise([evaluation])
    worst, scale = worst_pictures(sequence, evaluation, WORST)
    shown = {name for summary in summaries for name in summary.means}
    return ReportContent(
        title=evaluation.patient or "a sequence",
        verdict=_verdict(summaries, evaluation),
        data=_data(sequence, evaluation),
        engines=[
            (breakable(label), evaluation.engines.get(label) or "no settings")
            for label in dict.fromkeys(row.engine for row in evaluation.rows)
            if label != BASELINE
        ],
        software=_software(device, now or datetime.datetime.now().astimezone()),
        tables=_tables(summaries),
        measures=[words for name, words in MEASURES.items() if name in shown],
        worst=worst,
        scale=scale,
        coverage=_coverage(evaluation),
        limits=LIMITS,
        notes=tuple(sequence.notes),
    )


def _coverage(evaluation: Evaluation) -> list[str]:
    """Return how often the intervals to expect held, over all engines; nothing where nobody measured it."""
    words = []
    for nominal, name in {68: "within_68", 95: "within_95"}.items():
        held = [row.measures[name] for row in evaluation.rows if name in row.measures]
        if held:
            share = 100 * float(np.nanmean(held))
            words.append(f"Intervals meant to hold {nominal} % of the voxels where it moves held {share:.0f} %.")
    return words


def _verdict(summaries: list[Summary], evaluation: Evaluation) -> str:
    """Compare the best engine with the linear blend, in the first preset: root mean squares, as the PSNR has them."""
    first = [s for s in summaries if s.preset == summaries[0].preset and s.engine != BASELINE]
    scored = {summary.engine: _decibels(summary) for summary in first}
    if not scored:
        return "No engine was checked but the nearest acquired frame."
    best = max(scored, key=lambda engine: scored[engine])
    frames = len({row.frame for row in evaluation.rows})
    hidden = "1 acquired frame was hidden" if frames == 1 else f"{frames} acquired frames were hidden"
    found = f"{hidden} and predicted; {breakable(best)} came closest, with {scored[best]:.1f} dB where it moves."
    if BLEND not in scored or len(scored) == 1:
        return found
    if best == BLEND:
        return f"{found} No engine beats the plain blend here; motion was not followed well enough to gain by it."
    share = 1 - 10 ** ((scored[BLEND] - scored[best]) / 20)
    if not math.isfinite(share):
        return found
    if share < ALIKE:
        return f"{found} Its errors are about as large as those of the plain blend."
    return f"{found} Its errors are {100 * share:.0f} % smaller than those of the plain blend."


def _decibels(summary: Summary) -> float:
    moving = summary.means.get("psnr_moving", math.nan)
    score = moving if math.isfinite(moving) else summary.means["psnr"]
    return score if not math.isnan(score) else -math.inf


def _data(sequence: Sequence, evaluation: Evaluation) -> list[tuple[str, str]]:
    geometry, unit = sequence.geometry, sequence.unit
    size = "pixels of unknown size" if PIXEL_SIZE_NOTE in sequence.notes else "mm"
    steps = np.diff(sequence.times)
    step = ""
    if steps.size:
        low, high = float(steps.min()), float(steps.max())
        even = high - low <= 0.01 * high
        step = (
            f", every {time_text(round(low, 3), unit)}"
            if even
            else (f", {time_text(round(low, 3))} to {time_text(round(high, 3), unit)} apart")
        )
    hidden = sorted({row.frame for row in evaluation.rows})
    facts = {
        "Frames": f"{len(sequence)} acquired, {len(hidden)} of them hidden",
        "Hidden": evaluation.protocol,
        "Size": " x ".join(map(str, geometry.shape[::-1])) + " voxels (columns x rows x slices)",
        "Spacing": " x ".join(f"{spacing:.4g}" for spacing in geometry.spacing) + f" {size}",
        (sequence.index_name.capitalize() or "Index"): (
            f"{time_text(sequence.times[0])} to {sequence.with_unit(sequence.times[-1])}{step}"
        ),
        "Loop": "" if sequence.period is None else f"yes, of {sequence.with_unit(sequence.period)}",
        "Voxels": str(sequence.volumes[0].array.dtype),
    }
    if sequence.slice_thickness is not None:
        facts["Spacing"] += f"; a slice shows {sequence.slice_thickness:g} mm"
    return [(name, text) for name, text in facts.items() if text]


def _software(device: str, now: datetime.datetime) -> list[tuple[str, str]]:
    facts = {
        "TemporalInterp": temporal_interp.__version__,
        "PyTorch": version("torch"),
        "Python": platform.python_version(),
        "Device": device,
        "Date": now.strftime("%Y-%m-%d %H:%M"),
    }
    return [(name, str(text)) for name, text in facts.items() if text]


def _tables(summaries: list[Summary]) -> dict[str, Table]:
    tables = {}
    for preset in dict.fromkeys(summary.preset for summary in summaries):
        rows = [{**asdict(s), **s.means} for s in summaries if s.preset == preset]
        engine, _, *measures = HOLD_OUT
        lines = [[column.heading, *(column.cell(row) for row in rows)] for column in present(rows, measures)]
        tables[preset] = Table(["", *(engine.cell(row) for row in rows)], lines)
    return tables
