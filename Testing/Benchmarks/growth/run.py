"""Measures every engine in processes of its own, from small to large, until it takes too long."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from comparison.processes import environment
from growth.cases import Shape, back_and_forth, grown_pair, in_words, write
from growth.rows import FRAMES, SIZE, TIMES, Row
from temporal_interp.data.sequence import Sequence


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        engines: by name.
        shapes: of the volumes, the smallest first.
        shape: of the sequences, and of the pair that many t are asked of.
        frames: lengths of the sequences, the shortest first.
        times: numbers of t, the fewest first.
        threads: that a process may use.
        limit: seconds that preparing a pair, or filling a sequence, may take.
        student_only: shapes that only the student is measured on.
    """

    engines: abc.Sequence[str]
    shapes: abc.Sequence[Shape]
    shape: Shape
    frames: abc.Sequence[int]
    times: abc.Sequence[int]
    threads: int
    limit: float
    student_only: abc.Sequence[Shape] = ()


def run(plan: Plan, tell: Callable[[str], None]) -> list[Row]:
    """Return all rows of all studies; `tell` is told in words what was done."""
    with tempfile.TemporaryDirectory(prefix="temporal-interp-scaling-") as temporary:
        bench = _Bench(plan, Path(temporary), tell)
        for shape in [*plan.shapes, *plan.student_only]:
            engines = [name for name in plan.engines if shape not in plan.student_only or name == "student"]
            bench.measure_all(SIZE, engines, grown_pair(shape))
        pair = grown_pair(plan.shape)
        for frames in plan.frames:
            bench.measure_all(FRAMES, plan.engines, back_and_forth(pair, frames))
        bench.measure_all(TIMES, plan.engines, pair, plan.times)
        return bench.rows


class _Bench:
    def __init__(self, plan: Plan, folder: Path, tell: Callable[[str], None]) -> None:
        self.plan = plan
        self.folder = folder
        self.tell = tell
        self.rows: list[Row] = []

    def measure_all(
        self, study: str, engines: abc.Sequence[str], sequence: Sequence, counts: abc.Sequence[int] = ()
    ) -> None:
        """Measure engines on one sequence; those that took too long on a smaller one are not tried."""
        shape = sequence.volumes[0].geometry.shape
        path = self.folder / "sequence.npz"
        write(sequence, path)
        for engine in engines:
            empty = Row(study, engine, shape, len(sequence) if study == FRAMES else 1)
            if any(row.note for row in self.rows if (row.study, row.engine) == (study, engine)):
                rows = [replace(empty, note="not tried")]
            else:
                rows = self._measure(empty, path, counts)
            self.rows += rows
            self.tell(f"{study}, {in_words(shape)}, {len(sequence)} frames, {engine}: {told(rows[-1])}")

    def _measure(self, empty: Row, path: Path, counts: abc.Sequence[int]) -> list[Row]:
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        command = [sys.executable, "-m", "growth.one_run", empty.study, empty.engine, str(path), str(result)]
        command += ["--limit", str(self.plan.limit), "--counts", *map(str, counts)]
        ended = subprocess.run(
            command, env=environment(self.plan.threads), stdin=subprocess.DEVNULL, capture_output=True, text=True
        )  # fmt: skip
        if ended.returncode or not result.is_file():
            last = (ended.stderr.strip().splitlines() or [""])[-1]
            return [replace(empty, note=f"ended with code {ended.returncode}: {last}".rstrip(": "))]
        return [replace(empty, **row) for row in json.loads(result.read_text(encoding="utf-8"))]


def told(row: Row) -> str:
    """Return a row in words."""
    seconds = ", ".join(f"{name} {value:.3g} s" for name, value in row.seconds.items())
    memory = f"{row.gb['peak']:.2f} GB" if "peak" in row.gb else ""
    return ", ".join(filter(None, (seconds, memory, row.note)))
