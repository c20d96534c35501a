"""How time and memory of the engines grow with the volume, the frames of a sequence and the number of t.

See the report for what is measured and how.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from comparison.cases import names_among
from comparison.machine import describe
from growth.bounds import BOUNDS_GB, broken_bounds
from growth.picture import save_picture
from growth.report import comma_separated, markdown
from growth.rows import Row
from growth.run import Plan, run
from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import exit_on_error
from temporal_interp.cli.outputs import require_file_output
from temporal_interp.engines.registry import available_engine_names
from temporal_interp.io.atomic import atomic_folder

SHAPES = ((1, 128, 128), (4, 128, 128), (10, 128, 128), (32, 128, 128), (48, 192, 192), (96, 256, 256))
SHAPE = (1, 128, 128)
"""Of the sequences, and of the pair that many t are asked of: small, so that every engine gets through."""

FRAMES = (3, 5, 9, 17)
TIMES = (1, 2, 4, 8, 16)
LIMIT = 120.0

QUICK_SHAPES = ((1, 64, 64), (1, 128, 128), (4, 96, 96))
QUICK_LIMIT = 20.0


def main(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Markdown file; a CSV and a PNG are put beside it.")
    ] = None,
    engines: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help=f"Of {', '.join(available_engine_names())}.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="That each engine may use.")] = 2,
    quick: Annotated[bool, typer.Option("--quick", help="Few and small: some minutes.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Fail where memory exceeds its bounds; with --quick of the student alone.")
    ] = False,
) -> None:
    """Measure time and memory of every engine and fit their growth."""
    with exit_on_error(Console()):
        if output is not None:
            require_file_output(output, (".md",), force=True)
        known = available_engine_names()
        names = names_among("engine", engines, known) if engines else known
        rows = run(plan(names, threads, quick=quick, check=check), _say)
        command = shlex.join(["python", "Testing/Benchmarks/scaling.py", *sys.argv[1:]])
        machine = "; ".join(f"{heading}: {value}" for heading, value in describe(threads).items())
        _write(rows, [f"`{command}`", "", f"{machine}."], output)
    broken = broken_bounds(rows) if check else []
    for line in broken:
        _say(line)
    if broken:
        raise typer.Exit(1)


def _write(rows: Sequence[Row], introduction: Sequence[str], output: Path | None) -> None:
    if output is None:
        print(markdown(rows, introduction, ""))
        return
    with atomic_folder(output.parent, overwrite=True) as folder:
        report = folder / output.name
        save_picture(rows, report.with_suffix(".png"))
        report.with_suffix(".csv").write_text(comma_separated(rows), encoding="utf-8")
        report.write_text(markdown(rows, introduction, report.with_suffix(".png").name), encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def plan(engines: Sequence[str], threads: int, *, quick: bool, check: bool) -> Plan:
    """Return what to measure."""
    if not quick:
        return Plan(engines, SHAPES, SHAPE, FRAMES, TIMES, threads, LIMIT)
    bounds = tuple(BOUNDS_GB) if check else ()
    return Plan(engines, QUICK_SHAPES, QUICK_SHAPES[0], FRAMES[:3], TIMES[:3], threads, QUICK_LIMIT, bounds)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does, it ends the process that is measured
    typer.run(main)
