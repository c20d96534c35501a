"""Runs every engine on a set, each in its own process, so that imports, threads and memory are kept apart.

The cases are drawn once and written to a temporary folder, which is removed however the work ends; the running process
is ended too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from comparison.case_file import write_case
from comparison.cases import BenchmarkCase, CaseSet
from comparison.one_engine import PICTURE_SUFFIX, SHOWN_FILE
from comparison.processes import environment
from temporal_interp.engines.choice import choose_engine
from temporal_interp.engines.velocity_field import EASE_IN_OUT_ENGINE
from temporal_interp.evaluation.evaluate import Row
from temporal_interp.evaluation.hold_out import HeldOutGap

ONE_ENGINE = (sys.executable, "-m", "comparison.one_engine")


@dataclass(frozen=True)
class Conditions:
    """Conditions that are the same for every engine.

    Attributes:
        threads: that a process may use.
        timeout: seconds after which a process is ended.
        weights: folder of the trained networks of the peers.
        command: starts the process; the name of the engine, two paths and --weights are appended.
    """

    threads: int
    timeout: float
    weights: Path
    command: Sequence[str] = ONE_ENGINE


@dataclass(frozen=True, eq=False)
class EngineResult:
    """The results of one engine on one set.

    Attributes:
        engine: its name.
        rows: one for every held-out frame of the cases that succeeded.
        failures: reasons of the others, by the name of the case.
        settings: of the engine, in one line.
        model: its trained model, "" where there is none.
        process: measured once: `import_seconds`, `import_peak_gb`, `pair_peak_gb` of the first pair and
            frames of it, `whole_peak_gb` with fields and scores, and where the engine computes many frames at once
            `eight_together_seconds`, `eight_one_by_one_seconds` and `eight_prepared_anew_seconds`.
        shown: the prediction of the frame in the picture, (K, J, I) from 0 to 1.
    """

    engine: str
    rows: Sequence[Row] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    model: str = ""
    process: Mapping[str, float] = field(default_factory=dict)
    shown: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class SetResult:
    """The results of all engines on one set.

    Attributes:
        case_set: the set.
        cases: its cases.
        shown: number of the case and of the frame that the picture shows.
        engines: the results, in the order of the tables.
    """

    case_set: CaseSet
    cases: Sequence[BenchmarkCase]
    shown: tuple[int, int]
    engines: Sequence[EngineResult]

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.case_set.name

    @property
    def recommended(self) -> str:
        """The engine that the program's documentation recommends for such a pair."""
        if self.case_set.turning:
            return EASE_IN_OUT_ENGINE
        sequence = self.cases[0].sequence
        return choose_engine(sequence.geometry, sequence.slice_thickness).name


def run_set(
    case_set: CaseSet, engines: Sequence[str], conditions: Conditions, tell: Callable[[str], None]
) -> SetResult:  # fmt: skip
    """Draw the cases of a set and run engines on them, one after the other.

    Args:
        case_set: the set.
        engines: names of those to run.
        conditions: the same for all.
        tell: called with a text when an engine is done.

    Raises:
        InvalidInputError: the cases are not available.
    """
    cases = case_set.draw()
    shown = 0, frame_to_show(cases[0])
    results = []
    with tempfile.TemporaryDirectory(prefix="temporal-interp-bench-") as temporary:
        folder = Path(temporary)
        for number, case in enumerate(cases):
            write_case(case, folder / f"{number:03d}.npz")
        (folder / SHOWN_FILE).write_text(json.dumps(shown))
        for name in engines:
            result = run_engine(name, folder, [case.name for case in cases], conditions)
            tell(f"{case_set.name}: {_in_words(result)}")
            results.append(result)
    return SetResult(case_set, cases, shown, results)


def _in_words(result: EngineResult) -> str:
    if result.failures:
        return f"{result.engine} failed: {next(iter(result.failures.values()))}"
    pairs = {(row.patient, row.first): row.measures["prepare_seconds"] for row in result.rows}
    return f"{result.engine} done, {sum(pairs.values()) / len(pairs):.2f} s per pair"


def frame_to_show(case: BenchmarkCase) -> int:
    """Return the middle held-out frame of the gap whose ends differ most."""

    def change(gap: HeldOutGap) -> float:
        first, last = (case.sequence.volumes[number].array.astype(float) for number in (gap.first, gap.last))
        return float(np.abs(last - first).mean())

    held_out = max(case.hold_out.gaps, key=change).held_out
    return held_out[len(held_out) // 2]


def run_engine(name: str, folder: Path, cases: Sequence[str], conditions: Conditions) -> EngineResult:
    """Run one engine on the cases in a folder, in a process of its own.

    Args:
        name: of the engine.
        folder: of the cases; the process writes here too.
        cases: names of the cases.
        conditions: the same for all.
    """
    stem = name.replace(":", "_")  # no colon in the names of files on Windows
    result, log = folder / f"{stem}.jsonl", folder / f"{stem}.log"
    command = [*conditions.command, name, str(folder), str(result), "--weights", str(conditions.weights)]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, env=environment(conditions.threads), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            code = process.wait(conditions.timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:  # also when the user stops the benchmark
            process.kill()
            process.wait()
    reason = f"took more than {conditions.timeout:g} s" if code is None else _last_words(log, code)
    return _read_result(name, result, cases, reason)


def _last_words(log: Path, code: int) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return ": ".join([how, *lines[-1:]])


def _read_result(name: str, path: Path, cases: Sequence[str], reason: str) -> EngineResult:
    """Return the result that a process wrote; `reason` explains why other cases are missing."""
    events = _events(path)
    rows = [Row(**row) for event in events if event["event"] == "rows" for row in event["rows"]]
    failures = {event["case"]: event["reason"] for event in events if event["event"] == "failed"}
    scored = {row.patient for row in rows}
    failures |= {case: reason for case in cases if case not in scored and case not in failures}
    ready = next((event for event in events if event["event"] == "ready"), {})
    process = {"import_seconds": ready.get("import_seconds"), "import_peak_gb": ready.get("peak_gb")}
    for event in events:
        process |= event.get("extra") or {}
    process["whole_peak_gb"] = events[-1].get("peak_gb") if events and events[-1]["event"] == "end" else None
    picture = path.with_suffix(PICTURE_SUFFIX)
    return EngineResult(
        name,
        rows,
        failures,
        ready.get("settings", ""),
        ready.get("model", ""),
        {key: value for key, value in process.items() if value is not None},
        np.load(picture, allow_pickle=False) if picture.is_file() else None,
    )


def _events(path: Path) -> list[dict[str, Any]]:
    """Return the events that a process wrote, without a line that was truncated at its end."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events
