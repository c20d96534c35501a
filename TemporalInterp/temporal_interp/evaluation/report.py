"""One report for all studies: tidy rows, and columns that define how they are shown.

A row is a mapping of names to values that were measured together. The same rows become a table on the terminal,
Markdown, CSV and JSON. Each study has a tuple of columns, below.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table

from temporal_interp.io.atomic import atomic_file

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """How one value of every row is shown.

    Attributes:
        name: of the value in a row.
        heading: with the unit.
        form: a format string such as "{:.2f}", or a function that turns a value into text.
        deviation: name of the standard deviation that is shown after the value, where the row has it; "" for none.
        missing: shown where a row lacks the value, or has NaN.
    """

    name: str
    heading: str
    form: str | Callable[[Any], str] = "{}"
    deviation: str = ""
    missing: str = "-"

    def text(self, value: Any) -> str:
        """Return a value as it is shown."""
        return self.form.format(value) if isinstance(self.form, str) else self.form(value)

    def cell(self, row: Row) -> str:
        """Return the cell of a row in this column.

        Example:
            >>> Column("psnr", "PSNR dB", "{:.2f}").cell({"psnr": 31.237})
            '31.24'
        """
        value = row.get(self.name)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return self.missing
        text, spread = self.text(value), row.get(self.deviation)
        return text if spread is None else f"{text} ± {self.text(spread)}"


def breakable(name: str) -> str:
    """Return a name with spaces for underscores, so that a table can break it into lines."""
    return name.replace("_", " ")


_IMAGE = (
    Column("psnr", "PSNR dB", "{:.2f}"),
    Column("ncc", "NCC", "{:.3f}"),
    Column("ssim", "SSIM", "{:.3f}"),
    Column("nmse_x100", "NMSE x100", "{:.3f}"),
)
_PSNR, _NCC, _SSIM, _NMSE = _IMAGE

HOLD_OUT = (
    Column("engine", "engine", breakable),
    Column("preset", "preset"),
    Column("frames", "frames"),
    _PSNR,
    Column("psnr_moving", "moving dB", "{:.2f}"),
    Column("detail", "detail", "{:.2f}"),
    _NMSE,
    _SSIM,
    _NCC,
    Column("ncc_ceiling", "NCC ceiling", "{:.3f}"),
    Column("fold_rate_first", "folds first", "{:.3%}"),
    Column("fold_rate_last", "folds last", "{:.3%}"),
    Column("epe_mm", "EPE mm", "{:.2f}"),
    Column("epe_p95_mm", "EPE p95", "{:.2f}"),
    Column("epe_still_mm", "EPE at rest", "{:.2f}"),
    Column("epe_still_p95_mm", "rest p95", "{:.2f}"),
    Column("within_68", "within 68 %", "{:.1%}"),
    Column("within_95", "within 95 %", "{:.1%}"),
    Column("expected_error", "error to expect", "{:.1%}"),
    Column("prepare_seconds", "prepare s", "{:.2f}"),
    Column("frame_seconds", "frame s", "{:.3f}"),
)
"""Hold-out evaluation. SSIM is the mean over slices with the native preset and 3D with uvi; NCC cannot exceed its
ceiling. Detail is that of the synthetic frames over that of the acquired ones, in the moving region."""

TABLE_1 = (Column("method", "method", breakable), Column("figures", "figures"), *_IMAGE)
"""Table 1 of the TM-MSDF paper, in its order, measured and quoted figures together."""

TRACKING = (
    Column("method", "method"),
    Column("mse_x1e3", "MSE (1e-3)", "{:.4f}", deviation="mse_x1e3_std"),
    Column("cc_x10", "mean CC (1e-1)", "{:.4f}", deviation="cc_x10_std"),
    Column("fold_rate", "folds", "{:.3%}"),
    Column("seconds_per_pair", "s a pair", "{:.2f}"),
    Column("sequence_seconds", "s a sequence", "{:.1f}"),
)
"""Table 1 of NMSR, mean and standard deviation over the pairs, with folds and wall time."""

REGISTRATION = (
    Column("method", "method"),
    Column("pairs", "pairs"),
    Column("dice", "Dice", "{:.3f}", deviation="dice_std"),
    Column("fold_rate", "folds", "{:.3%}"),
    Column("seconds", "s a pair", "{:.1f}"),
    Column("memory_gb", "GB", "{:.2f}"),
)
"""Tables 1 to 3 of NeVF: mean over structures, then mean and standard deviation over pairs; memory at its peak."""

SLICES = (
    Column("method", "method"),
    Column("psnr", "PSNR", "{:.2f}"),
    Column("psnr_held_out", "held out", "{:.2f}"),
    Column("ssim_axial", "SSIM axial", "{:.4f}"),
    Column("ssim_coronal", "coronal", "{:.4f}"),
    Column("ssim_sagittal", "sagittal", "{:.4f}"),
    Column("seconds", "s", "{:.1f}"),
)
"""Tables 1 and 2 of Fang et al., with the PSNR of the held-out slices alone and the wall time."""

ABLATION = (
    Column("row", "row"),
    Column("psnr", "PSNR\ndB", "{:.2f}", deviation="psnr_std"),
    Column("gain", "gain\ndB", "{:+.2f}"),
    Column("gain_short_gaps", "gain\ngaps to 4", "{:+.2f}"),
    Column("gain_long_gaps", "gain\nfrom 6", "{:+.2f}"),
    Column("ncc", "NCC\n", "{:.3f}", deviation="ncc_std"),
    Column("ssim", "SSIM\n", "{:.3f}", deviation="ssim_std"),
    Column("nmse_x100", "NMSE\nx100", "{:.3f}", deviation="nmse_x100_std"),
    Column("epe_voxels", "EPE\nvoxels", "{:.3f}"),
    Column("fold_rate", "folds\n", "{:.3%}"),
    Column("paper_psnr", "paper\nPSNR", "{:.2f}", missing=""),
    Column("paper_ncc", "paper\nNCC", "{:.3f}", missing=""),
    Column("paper_ssim", "paper\nSSIM", "{:.3f}", missing=""),
    Column("paper_nmse_x100", "paper\nNMSE", "{:.3f}", missing=""),
)
"""Ablations of the network, with Tables 2 and 3 of the TM-MSDF paper. Deviations are over seeds."""


def present(rows: Sequence[Row], columns: Iterable[Column]) -> list[Column]:
    """Return the columns of which at least one row has the value."""
    return [column for column in columns if any(column.name in row for row in rows)]


def as_table(
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    title: str = "",
    caption: str = "",
    section: str = "",
    compact: bool = False,
) -> Table:
    """Return a table for a rich console: a line for every row; columns without any value are left out.

    Args:
        rows: to show.
        columns: to show; the first is aligned left, the others right.
        title: above the table.
        caption: below it.
        section: name of a value; where it changes from one row to the next, a line is drawn.
        compact: no frame, and the width that the table needs, regardless of the terminal.
    """
    shown = [columns[0], *present(rows, columns[1:])]
    table = Table(title=title or None, caption=caption or None, title_justify="left", caption_justify="left")
    if compact:
        table.box, table.padding, table.show_edge = box.SIMPLE_HEAD, (0, 1, 0, 0), False
    for column in shown:
        words = all(isinstance(row.get(column.name, ""), str) for row in rows)
        table.add_column(column.heading, justify="left" if words else "right", no_wrap=compact)
    for number, row in enumerate(rows):
        if section and number and row.get(section) != rows[number - 1].get(section):
            table.add_section()
        table.add_row(*(column.cell(row) for column in shown))
    if compact:  # truncated figures would be wrong
        wide = Console(width=1000)
        table.width = Measurement.get(wide, wide.options, table).maximum
    return table


def as_turned_table(rows: Sequence[Row], columns: Sequence[Column], *, title: str = "") -> Table:
    """Return the table with a column for every row, and a line for every column that any row has."""
    head, *measures = columns
    table = Table(head.heading, title=title or None, title_justify="left")
    for row in rows:
        table.add_column(head.cell(row), justify="right")
    for column in present(rows, measures):
        table.add_row(column.heading, *(column.cell(row) for row in rows))
    return table


def as_markdown(
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    words: int = 1,
    bold: Callable[[Row, Column], bool] = lambda row, column: False,
    instead: str = "",
) -> str:
    """Return a table in Markdown: a line for every row, all columns.

    Args:
        rows: to show.
        columns: to show; a bar in a cell is escaped.
        words: number of columns, from the first, that are aligned left; the others are aligned right.
        bold: tells which cells are set in bold.
        instead: name of a value that is shown in place of all columns but the first, in rows that have it: why there
            are no figures.

    Example:
        >>> print(as_markdown([{"a": "x", "b": 1.0}], [Column("a", "A"), Column("b", "B", "{:.1f}")]))
        | A | B |
        |---|---:|
        | x | 1.0 |
    """

    def cell(row: Row, column: Column) -> str:
        text = column.cell(row)
        return f"**{text}**" if bold(row, column) else text

    def line(row: Row) -> str:
        cells = [cell(row, column) for column in columns]
        if instead in row:
            cells = [cells[0], str(row[instead]), *[""] * (len(columns) - 2)]
        return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"

    rule = "|".join(["---"] * words + ["---:"] * (len(columns) - words))
    head = "| " + " | ".join(column.heading for column in columns) + " |"
    return "\n".join([head, f"|{rule}|", *map(line, rows)])


def as_text(parts: Sequence[RenderableType], *, width: int = 100) -> str:
    """Return lines and rich tables as plain text for a file; tables are at most `width` columns wide."""
    text = io.StringIO()
    console = Console(file=text, width=width, highlight=False, soft_wrap=True)
    for part in parts:
        console.print(part, markup=False)
    return text.getvalue()


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write a CSV file with a column for every name that is in any row; the file appears whole or not at all."""
    names = dict.fromkeys(name for row in rows for name in row)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path, overwrite=True) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(names), restval="")
        writer.writeheader()
        writer.writerows(rows)


def finite(value: Any) -> Any:
    """Return a value ready for JSON: NaN and infinity become None, also within mappings and lists.

    Example:
        >>> finite({"psnr": float("inf"), "ssim": [0.5]})
        {'psnr': None, 'ssim': [0.5]}
    """
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
