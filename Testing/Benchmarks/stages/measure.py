"""What the stages of the student take on one pair, and what this machine would need at least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stages.clock import best_seconds
from stages.patching import replaced
from stages.reach import Reach
from stages.recorder import Cost, Probe, Recorder
from stages.student import PROBES
from temporal_interp.data.volume import Volume
from temporal_interp.engines.student import StudentEngine


@dataclass(frozen=True)
class Row:
    """One stage of one part of the work.

    Attributes:
        part: "prepare", "frame" or "fields".
        stage: its name.
        calls: how often it ran.
        seconds: the shortest of several runs, without the stages within it.
        operations: in all precisions.
        bytes: the least it has to move.
        floor: seconds this machine would need at its best.
    """

    part: str
    stage: str
    calls: int
    seconds: float
    operations: float
    bytes: int
    floor: float


@dataclass(frozen=True)
class Part:
    """One part of the work on a pair.

    Attributes:
        rows: its stages.
        seconds: what it takes when nothing is recorded.
        missing: addresses of probes that the program does not have.
    """

    rows: list[Row]
    seconds: float
    missing: list[str]


def parts_of(
    engine: StudentEngine, volumes: Sequence[Volume], reach: Reach, *, repeats: int, together: int
) -> list[Part]:
    """Return the parts: preparing the pair, `together` further frames at once, and what fields add to that.

    Args:
        engine: the student.
        volumes: the pair.
        reach: what the machine reaches.
        repeats: see `measure`.
        together: frames asked for at once.
    """
    prepared = engine.prepare(*volumes)
    times = [n / (together + 1) for n in range(1, together + 1)]
    work = {
        "prepare": lambda: engine.prepare(*volumes),
        "frame": lambda: prepared.at_many(times),
        "fields": lambda: prepared.at_many(times, fields=True),
    }
    parts = {name: measure(name, job, reach, repeats=repeats) for name, job in work.items()}
    before = {row.stage for row in parts["frame"].rows}
    added = [row for row in parts["fields"].rows if row.stage not in before]
    return [parts["prepare"], parts["frame"], replace(parts["fields"], rows=added)]


def measure(
    name: str, work: Callable[[], Any], reach: Reach, *, repeats: int, probes: Sequence[Probe] = PROBES
) -> Part:
    """Return the stages of some work: timed `repeats` times, counted once.

    Args:
        name: of the part.
        work: what to do, once to warm up before anything is taken down.
        reach: what the machine reaches.
        repeats: the shortest time of so many runs counts, for every stage on its own.
        probes: where the stages are.
    """
    alone = best_seconds(work, repeats)
    timed = [_recorded(work, probes, count=False)[0] for _ in range(repeats)]
    counted, missing = _recorded(work, probes, count=True)
    rows = [
        Row(
            name,
            stage,
            cost.calls,
            min(costs[stage].seconds for costs in timed),
            counted[stage].operations.total(),
            counted[stage].bytes,
            reach.floor(counted[stage].operations, counted[stage].bytes),
        )
        for stage, cost in timed[0].items()
    ]
    return Part(rows, alone, missing)


def _recorded(work: Callable[[], Any], probes: Sequence[Probe], *, count: bool) -> tuple[dict[str, Cost], list[str]]:
    recorder = Recorder(probes, count=count)
    with replaced(recorder.wraps()) as missing:
        work()
    return recorder.costs, missing
