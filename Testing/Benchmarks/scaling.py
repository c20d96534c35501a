"""How time and memory of the engines grow with the size of the volume and the frames of a sequence.

    python Testing/Benchmarks/scaling.py -o build/scaling.md             an hour; also writes a CSV
    python Testing/Benchmarks/scaling.py --quick --engines student       a minute

Every measurement is a process of its own, as in the comparison, whose README explains how time and memory are taken.
An engine that takes too long is not run on larger sizes.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from comparison.cases import CaseSet, names_among
from comparison.engines import TRAINED_NETWORKS
from comparison.grown_cases import Shape, grown_heart
from comparison.machine import describe
from comparison.measures import means_of, three_digits
from comparison.run import Conditions, run_set
from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import exit_on_error
from temporal_interp.cli.outputs import file_output, require_outputs
from temporal_interp.engines.registry import available_engine_names
from temporal_interp.evaluation.report import Column, Row, as_markdown, write_csv
from temporal_interp.io.atomic import atomic_folder

SHAPES: tuple[Shape, ...] = (
    (1, 128, 128),
    (4, 128, 128),
    (10, 128, 128),
    (32, 128, 128),
    (48, 192, 192),
    (96, 256, 256),
)
QUICK_SHAPES: tuple[Shape, ...] = ((1, 64, 64), (1, 128, 128), (4, 96, 96))
GAPS = (2, 4, 8, 16)
"""Gaps of the sequences, which have one slice, so that every engine finishes."""

BOUNDS_GB = {"32 x 128 x 128": 2.0, "96 x 256 x 256": 10.0}
"""The memory, in 10^9 bytes, that a process may take for a pair and its frames."""

SIZE, FRAMES = "size", "frames"

SIZE_COLUMNS = (
    Column("engine", "engine"),
    Column("shape", "voxels"),
    Column("prepare_seconds", "prepare s", three_digits),
    Column("frame_seconds", "further frame s", three_digits),
    Column("frame_with_fields_seconds", "with fields s", three_digits),
    Column("eight_seconds", "pair + 8 s", three_digits),
    Column("pair_peak_gb", "peak GB", "{:.2f}"),
    Column("failed", "", missing=""),
)
FRAMES_COLUMNS = (
    Column("engine", "engine"),
    Column("gaps", "gaps filled"),
    Column("sequence_seconds", "sequence s", three_digits),
    Column("pair_peak_gb", "peak GB", "{:.2f}"),
    Column("failed", "", missing=""),
)
GROWTH_COLUMNS = (
    Column("engine", "engine"),
    Column("quantity", "quantity"),
    Column("against", "grows with"),
    Column("exponent", "exponent", "{:.2f}"),
)
GROWTHS = (
    (SIZE, "prepare_seconds", "voxels"),
    (SIZE, "frame_seconds", "voxels"),
    (SIZE, "eight_seconds", "voxels"),
    (FRAMES, "sequence_seconds", "gaps"),
)


def main(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Markdown file; a CSV is written next to it.")
    ] = None,
    engines: Annotated[str | None, typer.Option(metavar="NAME,NAME", help="Default: all that can be used.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads per engine.")] = 2,
    timeout: Annotated[float, typer.Option(help="Seconds that a process may take.")] = 600.0,
    quick: Annotated[bool, typer.Option("--quick", help="Few and small: some minutes.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail where memory exceeds its bounds.")] = False,
) -> None:
    """Measure time and memory of every engine and how they grow."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does, it ends the process that is measured
    with exit_on_error(Console()):
        if output is not None:
            require_outputs(file_output(output, (".md",)), force=True)
        known = available_engine_names()
        names = names_among("engine", engines, known) if engines else known
        shapes, gaps = (QUICK_SHAPES, GAPS[:2]) if quick else (SHAPES, GAPS)
        conditions = Conditions(threads, timeout, TRAINED_NETWORKS)
        rows = measure(SIZE, [(shape, 1) for shape in shapes], names, conditions)
        rows += measure(FRAMES, [(shapes[0], count) for count in gaps], names, conditions)
        text = markdown(rows, "; ".join(f"{heading}: {value}" for heading, value in describe(threads).items()))
        if output is None:
            print(text)
        else:
            with atomic_folder(output.parent, overwrite=True) as folder:
                (folder / output.name).write_text(text + "\n", encoding="utf-8")
                write_csv(rows, (folder / output.name).with_suffix(".csv"))
    broken = broken_bounds(rows) if check else []
    for line in broken:
        typer.echo(line, err=True)
    if broken:
        raise typer.Exit(1)


def measure(
    study: str, sizes: Sequence[tuple[Shape, int]], engines: Sequence[str], conditions: Conditions
) -> list[Row]:  # fmt: skip
    """Return a row for every engine and size, a shape and a number of gaps, the smallest first."""
    rows: list[Row] = []
    failed: set[str] = set()
    for shape, gaps in sizes:
        draw = partial(lambda shape, gaps: [grown_heart(shape, gaps)], shape, gaps)
        in_words = " x ".join(map(str, shape))
        case_set = CaseSet(f"{in_words} voxels, gaps: {gaps}", "a beating heart", draw)
        tell = partial(typer.echo, err=True)
        for result in run_set(case_set, [name for name in engines if name not in failed], conditions, tell).engines:
            row = {"study": study, "engine": result.engine, "shape": in_words, "gaps": gaps}
            row["voxels"] = int(np.prod(shape))
            if result.failures:
                failed.add(result.engine)
                rows.append({**row, "failed": next(iter(result.failures.values()))})
            else:
                means = means_of(result)
                sequence_seconds = gaps * (means["prepare_seconds"] + means["frame_seconds"])
                rows.append({**row, "sequence_seconds": sequence_seconds, **means})
    return rows


def markdown(rows: Sequence[Row], machine: str) -> str:
    """Return the report."""
    sizes, frames = ([row for row in rows if row["study"] == study] for study in (SIZE, FRAMES))
    parts = [
        "# How time and memory grow",
        f"{machine}.",
        "## Size of the volume",
        "A beating heart fills every grid, from end diastole to end systole; voxels are 1.5 x 1.5 x 3.5 mm.",
        as_markdown(sizes, SIZE_COLUMNS, words=2),
        "## Frames of a sequence",
        f"One frame is synthesised in every gap of a sequence of {frames[0]['shape']} voxels.",
        as_markdown(frames, FRAMES_COLUMNS),
        "## Growth",
        "seconds = c * size ^ exponent: the slope of the straight line through the logarithms.",
        as_markdown(growth(rows), GROWTH_COLUMNS, words=3),
    ]
    return "\n\n".join(parts)


def growth(rows: Sequence[Row]) -> list[Row]:
    """Return the exponent of every engine and quantity that at least three sizes have: two lie on any line."""
    found: list[Row] = []
    for engine in dict.fromkeys(row["engine"] for row in rows):
        for study, quantity, against in GROWTHS:
            mine = [row for row in rows if (row["engine"], row["study"]) == (engine, study) and row.get(quantity)]
            if len({row[against] for row in mine}) >= 3:
                x, y = (np.log([row[name] for row in mine]) for name in (against, quantity))
                slope = float(np.polyfit(x, y, 1)[0])
                found.append({"engine": engine, "quantity": quantity, "against": against, "exponent": slope})
    return found


def broken_bounds(rows: Sequence[Row]) -> list[str]:
    """Return a line for every engine that exceeds a bound of memory, or fails where there is one."""
    lines = []
    for row in rows:
        most = BOUNDS_GB.get(row["shape"]) if row["study"] == SIZE else None
        if most is not None and "pair_peak_gb" not in row:
            why = row.get("failed", "not measured")
            lines.append(f"The memory of {row['engine']} at {row['shape']} is not known: {why}.")
        elif most is not None and row["pair_peak_gb"] > most:
            lines.append(f"{row['engine']} took {row['pair_peak_gb']:.2f} GB at {row['shape']}, more than {most:g} GB.")
    return lines


if __name__ == "__main__":
    typer.run(main)
