"""Ablations as a table for people, as CSV and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from temporal_interp.evaluation.report import write_lines
from temporal_interp.training.ablation import PaperScores, ScoredRow

_COLUMNS = {
    "psnr": ("PSNR", "dB", "{:.2f}"),
    "gain": ("gain", "dB", "{:+.2f}"),
    "ncc": ("NCC", "", "{:.3f}"),
    "ssim": ("SSIM", "", "{:.3f}"),
    "nmse_x100": ("NMSE", "x100", "{:.3f}"),
    "epe_voxels": ("EPE", "voxels", "{:.3f}"),
    "fold_rate": ("folds", "", "{:.3%}"),
}
"""Heading, unit and format of every measure."""

_CAPTION = (
    "gain: over the linear blend. paper: its Tables 2 and 3, of ACDC after 200 epochs.\n"
    "Elsewhere compare the order of the rows, not the figures."
)


def as_table(rows: Sequence[ScoredRow], *, title: str = "") -> Table:
    """Return a table with a line for every row, and the paper's figures, marked as such, in the last columns.

    It has the width that it needs, whatever that of the terminal: cut figures would be wrong ones.
    """
    shown = [name for name in _COLUMNS if any(name in row.scores for row in rows)]
    papers = PaperScores._fields if any(row.paper for row in rows) else ()
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("row", no_wrap=True)
    for name in shown:
        heading, unit, _ = _COLUMNS[name]
        table.add_column(f"{heading}\n{unit}", justify="right", no_wrap=True)
    for name in papers:
        table.add_column(f"paper\n{_COLUMNS[name][0]}", justify="right", no_wrap=True)
    for row in rows:
        own = [_formatted(name, row.scores[name]) if name in row.scores else "-" for name in shown]
        theirs = [_formatted(name, getattr(row.paper, name)) if row.paper else "" for name in papers]
        table.add_row(row.name, *own, *theirs)
    wide = Console(width=1000)
    table.width = Measurement.get(wide, wide.options, table).maximum
    if papers:
        table.caption, table.caption_justify = _CAPTION, "left"
    return table


def _formatted(name: str, value: float) -> str:
    return _COLUMNS[name][2].format(value)


def write_csv(rows: Sequence[ScoredRow], path: Path) -> None:
    """Write a line for every row; what it has no figure for is empty. The file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lines([_flat(row) for row in rows], path)


def as_json(rows: Sequence[ScoredRow]) -> list[dict[str, Any]]:
    """Return the rows ready for JSON: what is not finite becomes None."""
    return [
        {
            "row": row.name,
            "tables": list(row.tables),
            "model": None if row.model is None else str(row.model),
            "scores": {name: value if math.isfinite(value) else None for name, value in row.scores.items()},
            "paper": row.paper._asdict() if row.paper else None,
        }
        for row in rows
    ]


def _flat(row: ScoredRow) -> dict[str, Any]:
    paper = row.paper._asdict() if row.paper else {}
    return {
        "row": row.name,
        "tables": " ".join(map(str, row.tables)),
        "model": row.model or "",
        **row.scores,
        **{f"paper_{name}": value for name, value in paper.items()},
    }
