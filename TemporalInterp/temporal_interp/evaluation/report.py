"""Evaluations as means, as tables for people, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console, RenderableType
from rich.table import Table

from temporal_interp.evaluation.evaluate import Evaluation, Row
from temporal_interp.evaluation.literature import QuotedScores
from temporal_interp.evaluation.presets import presets_named
from temporal_interp.io.atomic import atomic_file


@dataclass(frozen=True)
class Summary:
    """Means of one engine under one preset.

    Attributes:
        preset: how it was scored.
        engine: the engine's label.
        patients: number of sequences.
        frames: number of held-out frames of all of them.
        means: every measure by name; a measure that some frames lack is the mean of those that have it.
    """

    preset: str
    engine: str
    patients: int
    frames: int
    means: Mapping[str, float]


def summarise(evaluations: Sequence[Evaluation]) -> list[Summary]:
    """Return the mean of every engine and preset over one or more sequences.

    The honest preset takes the mean over the frames of every patient and then over the patients, so that a long
    sequence does not outweigh a short one; uvi takes it over all frames together, as UVI-Net does.
    """
    groups: dict[tuple[str, str], list[list[Row]]] = {}
    for evaluation in evaluations:
        for key in dict.fromkeys((row.preset, row.engine) for row in evaluation.rows):
            rows = [row for row in evaluation.rows if (row.preset, row.engine) == key]
            groups.setdefault(key, []).append(rows)
    return [_summary(preset, engine, patients) for (preset, engine), patients in groups.items()]


def _summary(preset: str, engine: str, patients: Sequence[Sequence[Row]]) -> Summary:
    pooled = [row.measures for rows in patients for row in rows]
    if presets_named(preset)[0].pooled:
        means = _means(pooled)
    else:
        means = _means([_means([row.measures for row in rows]) for rows in patients])
    return Summary(preset, engine, len(patients), len(pooled), means)


def _means(measures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for m in measures for name in m)
    return {name: float(np.mean([m[name] for m in measures if name in m])) for name in names}


_COLUMNS = {
    "psnr": ("PSNR dB", "{:.2f}"),
    "psnr_moving": ("moving dB", "{:.2f}"),
    "nmse_x100": ("NMSE x100", "{:.3f}"),
    "ssim": ("SSIM", "{:.3f}"),
    "ncc": ("NCC", "{:.3f}"),
    "ncc_ceiling": ("NCC ceiling", "{:.3f}"),
    "fold_rate_first": ("folds first", "{:.3%}"),
    "fold_rate_last": ("folds last", "{:.3%}"),
    "epe_mm": ("EPE mm", "{:.2f}"),
    "epe_p95_mm": ("EPE p95", "{:.2f}"),
    "epe_still_mm": ("EPE still", "{:.2f}"),
    "epe_still_p95_mm": ("still p95", "{:.2f}"),
    "prepare_seconds": ("prepare s", "{:.2f}"),
    "frame_seconds": ("frame s", "{:.3f}"),
}
"""Heading and format of every measure, in the order of the table."""

TABLE_1_COLUMNS = ("psnr", "ncc", "ssim", "nmse_x100")
"""The measures of the paper's Table 1, in its order."""


def as_table(summaries: Sequence[Summary], *, title: str = "") -> Table:
    """Return a table of the means for a rich console: a column for every engine, a line for every measure.

    SSIM is the mean over slices for the honest preset and 3D for uvi; NCC cannot exceed its ceiling.
    """
    table = Table("engine", title=title or None, title_justify="left")
    for summary in summaries:
        table.add_column(_breakable(summary.engine), justify="right")
    table.add_row("preset", *(summary.preset for summary in summaries))
    table.add_row("frames", *(str(summary.frames) for summary in summaries))
    for name, (heading, _) in _COLUMNS.items():
        if any(name in summary.means for summary in summaries):
            table.add_row(heading, *(_cell(summary.means, name) for summary in summaries))
    return table


def as_tables(summaries: Sequence[Summary], *, title: str = "") -> list[Table]:
    """Return one `as_table` for every preset, so that five engines fit a terminal of 100 columns."""
    presets = dict.fromkeys(summary.preset for summary in summaries)
    return [as_table([s for s in summaries if s.preset == preset], title=title) for preset in presets]


def as_table_1(summaries: Sequence[Summary], quoted: Sequence[QuotedScores], *, title: str, caption: str) -> Table:
    """Return the columns of the paper's Table 1: the engines measured here, and below a line the quoted methods.

    Args:
        summaries: of one of the uvi presets, which measures what the paper does.
        quoted: the published figures of the same data set.
        title: what was scored.
        caption: where the quoted figures are from, and what sets them apart.
    """
    table = Table("method", "figures", title=title, caption=caption, title_justify="left", caption_justify="left")
    for name in TABLE_1_COLUMNS:
        table.add_column(_COLUMNS[name][0], justify="right")
    for summary in summaries:
        table.add_row(
            _breakable(summary.engine), "measured here", *(_cell(summary.means, name) for name in TABLE_1_COLUMNS)
        )
    table.add_section()
    for scores in quoted:
        table.add_row(scores.method, "quoted", *(_cell(asdict(scores), name) for name in TABLE_1_COLUMNS))
    return table


def _breakable(name: str) -> str:
    """Return a name with spaces for underscores, where it can be broken into lines."""
    return name.replace("_", " ")


def _cell(means: Mapping[str, float], name: str) -> str:
    return _COLUMNS[name][1].format(means[name]) if name in means else "-"


def as_text(parts: Sequence[RenderableType], *, width: int = 100) -> str:
    """Return lines and rich tables as plain text for a file; tables are at most `width` columns wide."""
    console = Console(file=io.StringIO(), width=width, highlight=False, soft_wrap=True)
    for part in parts:
        console.print(part, markup=False)
    return console.file.getvalue()


def write_csv(evaluations: Sequence[Evaluation], path: Path) -> None:
    """Write one line for every patient, preset, engine and held-out frame; a measure that is not there is empty.

    The file appears whole or not at all.
    """
    write_lines([_flat(row) for evaluation in evaluations for row in evaluation.rows], path)


def write_lines(lines: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write a CSV file with a column for every name that is in any line; the file appears whole or not at all."""
    fields = dict.fromkeys(name for line in lines for name in line)
    with atomic_file(path, overwrite=True) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(fields), restval="")
        writer.writeheader()
        writer.writerows(lines)


def as_json(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return what was evaluated, the means and every row, ready for JSON: NaN and infinity become None."""
    return {
        "sequences": [{"patient": e.patient, "protocol": e.protocol} for e in evaluations],
        "summary": [_finite(asdict(summary)) for summary in summarise(evaluations)],
        "rows": [_finite(_flat(row)) for e in evaluations for row in e.rows],
    }


def _flat(row: Row) -> dict[str, Any]:
    line = asdict(row)
    return {**{k: v for k, v in line.items() if k != "measures"}, **line["measures"]}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
