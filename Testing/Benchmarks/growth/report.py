"""What was measured and fitted, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from comparison.markdown import markdown_table
from growth.cases import in_words
from growth.growths import (
    SIZE_QUANTITIES,
    engines_in,
    frames_growth,
    frames_line,
    of,
    pair_seconds,
    size_growth,
    times_line,
)
from growth.rows import FRAMES, SIZE, TIMES, Row

SIZES_TEXT = """\
A beating heart fills every grid alike, end diastole and end systole; voxels are 1.5 x 1.5 x 3.5 mm whatever the grid.
Every line is a process of its own. "8 at once" is eight further frames, asked for together where the engine can; "of 8
single" is its share of eight times a further frame. Memory is the largest of the process, in 10^9 bytes: with the
program and the images, after a pair and one frame, and after eight frames and the fields."""

GROWTH_TEXT = """\
Growth: y = c * voxels ^ exponent, the straight line through the logarithms; R2 is the share of the variance of log y
that it explains. Memory is what is above that of the program and the images."""

FRAMES_TEXT = """\
One frame is put into every gap of a sequence that goes back and forth between end diastole and end systole, so that
every gap is as wide. Fitted: seconds = fixed + each * gaps, and seconds = c * gaps ^ exponent."""

TIMES_TEXT = """\
Seconds of preparing a pair and making n frames of it. Fitted: seconds = fixed + each * n."""


def markdown(rows: Sequence[Row], introduction: Sequence[str], picture: str) -> str:
    """Return the report.

    Args:
        rows: all that was measured.
        introduction: lines on the machine and the command.
        picture: name of the picture's file, "" where there is none.
    """
    sizes = [row for row in rows if row.study == SIZE]
    shapes = {study: in_words(row.shape) for study in (FRAMES, TIMES) for row in rows if row.study == study}
    lines = ["# How time and memory grow", "", *introduction, ""]
    lines += [f"![Time and memory against size, frames and t]({picture})", ""] if picture else []
    lines += ["## Size of the volume", "", SIZES_TEXT, "", markdown_table(_SIZE_HEAD, map(_size_cells, sizes)), ""]
    lines += [GROWTH_TEXT, "", markdown_table(_GROWTH_HEAD, _growth_cells(rows)), ""]
    lines += [f"## Frames of a sequence ({shapes.get(FRAMES, '')} voxels)", "", FRAMES_TEXT, ""]
    lines += [_counted(rows, FRAMES, "gaps"), ""]
    lines += [f"## Number of t from one pair ({shapes.get(TIMES, '')} voxels)", "", TIMES_TEXT, ""]
    lines += [_counted(rows, TIMES, "n"), ""]
    return "\n".join(lines)


def comma_separated(rows: Sequence[Row]) -> str:
    """Return everything that was measured, one value a line, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["study", "engine", "K", "J", "I", "count", "quantity", "value", "unit", "note"])
    for row in rows:
        start = [row.study, row.engine, *row.shape, row.count]
        values = [(name, value, "s") for name, value in row.seconds.items()]
        values += [(name, value, "GB") for name, value in row.gb.items()]
        writer.writerows([*start, name, f"{value:.6g}", unit, row.note] for name, value, unit in values)
        if not values:
            writer.writerow([*start, "", "", "", row.note])
    return text.getvalue()


_SIZE_HEAD = ("engine", "voxels", "prepare s", "further frame s", "8 at once s", "of 8 single", "with fields s")
_SIZE_HEAD += ("program GB", "one frame GB", "peak GB", "")
_GROWTH_HEAD = ("engine", "quantity", "exponent", "R2", "sizes")


def _size_cells(row: Row) -> list[str]:
    times = [_number(row.seconds.get(name)) for name in ("prepare", "frame", "eight", "fields")]
    share = f"{row.seconds['eight'] / (8 * row.seconds['frame']):.0%}" if "eight" in row.seconds else ""
    memory = [_number(row.gb.get(name)) for name in ("program", "frame", "peak")]
    return [row.engine, in_words(row.shape), *times[:3], share, times[3], *memory, row.note]


def _growth_cells(rows: Sequence[Row]) -> Iterable[list[str]]:
    for engine in engines_in(rows, SIZE):
        for quantity in SIZE_QUANTITIES:
            law, count = size_growth(rows, engine, quantity)
            exponent, r2 = (f"{law.exponent:.2f}", f"{law.r2:.3f}") if law else ("too few sizes", "")
            yield [engine, quantity, exponent, r2, str(count)]


def _counted(rows: Sequence[Row], study: str, what: str) -> str:
    """Return the table of a study over counts: one line an engine, one column a count."""
    counts = sorted({row.count for row in rows if row.study == study})
    head = ["engine", *(str(n - 1 if study == FRAMES else n) + f" {what}" for n in counts), "fixed s", "each s", "R2"]
    head += ["exponent", "R2 of it"] if study == FRAMES else ["prepare s"]
    return markdown_table(
        [*head, "peak GB"], (_counted_cells(rows, study, engine, counts) for engine in engines_in(rows, study))
    )


def _counted_cells(rows: Sequence[Row], study: str, engine: str, counts: Sequence[int]) -> list[str]:
    mine = {row.count: row for row in of(rows, study, engine)}
    seconds = [_counted_cell(mine.get(count)) for count in counts]
    line = (frames_line if study == FRAMES else times_line)(rows, engine)
    fit = [f"{line.fixed:.3g}", f"{line.each:.3g}", f"{line.r2:.3f}"] if line else ["", "", ""]
    if study == FRAMES:
        law = frames_growth(rows, engine)
        fit += [f"{law.exponent:.2f}", f"{law.r2:.3f}"] if law else ["", ""]
    else:
        fit.append(_number(next(iter(mine.values())).seconds.get("prepare")))
    peaks = [row.gb["peak"] for row in mine.values() if "peak" in row.gb]
    return [engine, *seconds, *fit, _number(max(peaks, default=None))]


def _counted_cell(row: Row | None) -> str:
    if row is None:
        return ""
    seconds = row.seconds.get("sequence") if row.study == FRAMES else pair_seconds(row)
    return row.note or _number(seconds)


def _number(value: float | None) -> str:
    """Return three digits that count."""
    if value is None:
        return ""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
