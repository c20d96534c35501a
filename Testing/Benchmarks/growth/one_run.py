"""The process of one measurement: `python -m growth.one_run STUDY ENGINE FILE RESULT --limit SECONDS`.

It writes JSON: rows of count, seconds, memory and note, see `rows.Row`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import abc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from temporal_interp.engines.catalogue import create_engine

from comparison.memory import peak_gb
from growth.cases import read
from growth.rows import FRAMES, SIZE, TIMES
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.protocol import InterpolationEngine, PreparedPair, frames_at
from temporal_interp.errors import CancelledError
from temporal_interp.workflows.interpolation import multiply_frame_rate

EIGHT = tuple(n / 9 for n in range(1, 9))

REPEATS = 3
ENOUGH = 5.0
"""Seconds: the shortest of several runs counts, but no run is added to so much time."""


def main() -> None:
    """Measure and write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("study", choices=(SIZE, FRAMES, TIMES))
    parser.add_argument("engine")
    parser.add_argument("file", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("--counts", type=int, nargs="*", default=())
    given = parser.parse_args()
    rows = list(measure(given.study, create_engine(given.engine), read(given.file), given.limit, given.counts))
    given.result.write_text(json.dumps(rows), encoding="utf-8")


def measure(
    study: str, engine: InterpolationEngine, sequence: Sequence, limit: float, counts: abc.Sequence[int] = ()
) -> Iterator[dict[str, Any]]:
    """Yield what `Row` needs besides study, engine and shape.

    Args:
        study: one of those of `rows`.
        engine: to measure.
        sequence: a pair, or for FRAMES the frames.
        limit: seconds that preparing a pair, or filling the sequence, may take.
        counts: numbers of t, for TIMES.
    """
    memory = {}
    note_memory(memory, "program")
    seconds: dict[str, float] = {}
    row = {"count": 1, "seconds": seconds, "gb": memory, "note": ""}
    try:
        if study == FRAMES:
            row["count"] = len(sequence)
            filling = lambda: multiply_frame_rate(sequence, 2, engine, progress=Limit(limit))  # noqa: E731
            seconds["sequence"], _ = best(filling)
        else:
            first, last = sequence.volumes
            preparing = lambda: engine.prepare(first, last, progress=Limit(limit))  # noqa: E731
            seconds["prepare"], prepared = best(preparing)
            if study == TIMES:
                yield from _times(prepared, counts, row)
                return
            _frames(prepared, seconds, memory)
    except CancelledError:
        row["note"] = f"stopped after {limit:g} s"
    note_memory(memory, "peak")
    yield row


def _frames(prepared: PreparedPair, seconds: dict[str, float], memory: dict[str, float]) -> None:
    seconds["frame"], _ = best(lambda: prepared.at(0.4))
    note_memory(memory, "frame")
    seconds["eight"], _ = best(lambda: list(frames_at(prepared, EIGHT)))
    seconds["fields"], _ = best(lambda: prepared.at(0.4, fields=True))


def _times(prepared: PreparedPair, counts: abc.Sequence[int], row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    prepared.at(0.4)
    for count in counts:
        times = [n / (count + 1) for n in range(1, count + 1)]
        frames, _ = best(lambda times=times: list(frames_at(prepared, times)))
        note_memory(row["gb"], "peak")
        yield {**row, "count": count, "seconds": {**row["seconds"], "frames": frames}, "gb": dict(row["gb"])}


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of the shortest of up to `REPEATS` runs, and the last result."""
    taken: list[float] = []
    result = None
    while len(taken) < REPEATS and sum(taken) < ENOUGH:
        result = None  # two results at once would count as memory
        start = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - start)
    return min(taken), result


def note_memory(memory: dict[str, float], when: str) -> None:
    """Take down the memory, where it is known."""
    peak = peak_gb()
    if peak is not None:
        memory[when] = peak


class Limit:
    """Stops the work, through its report of progress, after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.end = time.perf_counter() + seconds

    def __call__(self, fraction: float, message: str) -> None:
        """Raise CancelledError when the time is over."""
        if time.perf_counter() > self.end:
            raise CancelledError


if __name__ == "__main__":
    main()
