"""Means of hold-out evaluations, and their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from temporal_interp.evaluation import report
from temporal_interp.evaluation.evaluate import Evaluation, Row
from temporal_interp.evaluation.literature import QuotedScores
from temporal_interp.evaluation.presets import presets_named
from temporal_interp.tensors.metrics import mean_measures


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

    The native preset takes the mean over the frames of every patient and then over the patients, so that a long
    sequence does not outweigh a short one. uvi takes it over all frames together, as UVI-Net does.
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
        means = mean_measures(pooled)
    else:
        means = mean_measures([mean_measures([row.measures for row in rows]) for rows in patients])
    return Summary(preset, engine, len(patients), len(pooled), means)


def frame_rows(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Return a tidy row for every patient, preset, engine and held-out frame."""
    return [_flattened(row, "measures") for evaluation in evaluations for row in evaluation.rows]


def _flattened(record: Row | Summary, measures: str) -> dict[str, Any]:
    line = asdict(record)
    return line | line.pop(measures)


def as_table(summaries: Sequence[Summary], *, title: str = "") -> Table:
    """Return a table of the means: a column for every engine, a line for every measure; see `report.HOLD_OUT`."""
    return report.as_turned_table([_flattened(summary, "means") for summary in summaries], report.HOLD_OUT, title=title)


def as_tables(summaries: Sequence[Summary], *, title: str = "") -> list[Table]:
    """Return one `as_table` for every preset, so that six engines fit a terminal of 100 columns."""
    presets = dict.fromkeys(summary.preset for summary in summaries)
    return [as_table([s for s in summaries if s.preset == preset], title=title) for preset in presets]


def as_table_1(summaries: Sequence[Summary], quoted: Sequence[QuotedScores], *, title: str, caption: str) -> Table:
    """Return the columns of the paper's Table 1: the engines measured here, and below a line the quoted methods.

    Args:
        summaries: of one of the uvi presets, which has the measures of the paper.
        quoted: the published figures of the same data set.
        title: of the table.
        caption: where the quoted figures are from, and how they differ.
    """
    measured = [{"method": s.engine, "figures": "measured here", **s.means} for s in summaries]
    published = [{"figures": "quoted", **asdict(scores)} for scores in quoted]
    return report.as_table(
        [*measured, *published], report.TABLE_1, title=title, caption=caption, section="figures"
    )  # fmt: skip


def as_json(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return the protocol, the means and every row, ready for JSON: NaN and infinity become None."""
    return {
        "sequences": [{"patient": e.patient, "protocol": e.protocol} for e in evaluations],
        "summary": report.finite([asdict(summary) for summary in summarise(evaluations)]),
        "rows": report.finite(frame_rows(evaluations)),
    }
