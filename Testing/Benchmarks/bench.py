"""The benchmark, `make bench`: our engines compared with established methods, on the same frames.

Testing/Benchmarks/README.md explains every figure.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from comparison.cases import CaseSet, names_among
from comparison.drawn_cases import drawn_sets
from comparison.drawn_loops import drawn_loops
from comparison.engines import ALL, TRAINED_NETWORKS, why_missing
from comparison.machine import describe
from comparison.real_cases import EVERY_SECOND, Protocol, named_sets, real_sets
from comparison.report import Circumstances, write_report
from comparison.run import Conditions, SetResult, run_set
from comparison.tables import gains_table
from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import exit_on_error
from temporal_interp.cli.outputs import folder_output, require_outputs
from temporal_interp.errors import InvalidInputError, TemporalInterpError
from temporal_interp.io.atomic import atomic_folder

REPOSITORY = Path(__file__).parents[2]

QUICK = ("heart_slices", "lung_volume", "cine_2ch_every_4")
"""Sets of --quick if none are chosen."""


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the report.")] = Path("build", "bench"),
    engines: Annotated[str | None, typer.Option(metavar="NAME,NAME", help=f"Of {', '.join(ALL)}.")] = None,
    sets: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Default: all, or none with --sequence.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of the real images.")] = REPOSITORY.parent / "shared" / "data",
    sequence: Annotated[
        list[Path] | None, typer.Option(help="Also score on this sequence of yours; may be given several times.")
    ] = None,
    every: Annotated[int | None, typer.Option(help="Of each --sequence, keep every n-th frame. Default: 2.")] = None,
    first: Annotated[int | None, typer.Option("--from", help="Of each --sequence, keep this frame and --to.")] = None,
    last: Annotated[int | None, typer.Option("--to", help="See --from.")] = None,
    weights: Annotated[
        Path, typer.Option(help="Folder of the networks of others, from train_peers.py.")
    ] = TRAINED_NETWORKS,
    threads: Annotated[int, typer.Option(min=1, help="Threads per engine.")] = 2,
    timeout: Annotated[float, typer.Option(help="Seconds that one engine may take for one set.")] = 1800.0,
    quick: Annotated[bool, typer.Option("--quick", help="Few and small sets: some minutes.")] = False,
) -> None:
    """Compare engines in accuracy, time and memory; write a report."""
    signal.signal(signal.SIGTERM, _stop)
    with exit_on_error(Console()):
        protocol = _protocol(every, first, last)
        known = [*drawn_sets(data, quick=quick), *drawn_loops(quick=quick), *real_sets(data, quick=quick)]
        chosen = [*_chosen_sets(known, sets, quick=quick, alone=not sequence), *named_sets(sequence or [], protocol)]
        names = names_among("engine", engines, ALL) if engines else list(ALL)
        require_outputs(folder_output(output), force=True)
        missing = {name: why for name in names if (why := why_missing(name, weights))}
        for name, why in missing.items():
            _print(f"{name} does not run: {why}")
        conditions = Conditions(threads, timeout, weights.absolute())
        results, left_out = _run_all(chosen, [name for name in names if name not in missing], conditions)
        command = shlex.join(["python", "Testing/Benchmarks/bench.py", *sys.argv[1:]])
        with atomic_folder(output, overwrite=True) as folder:
            write_report(results, Circumstances(command, describe(threads), missing, left_out), folder)
        gains = gains_table(results)
        if gains:
            _print(gains)
        _print(f"The report is {output / 'report.md'}.")


def _stop(*_: object) -> None:
    """Let a signal end the work like Ctrl-C, so that it cleans up."""
    raise KeyboardInterrupt


def _print(line: str) -> None:
    print(line, flush=True)


def _protocol(every: int | None, first: int | None, last: int | None) -> Protocol:
    if every is None and first is None and last is None:
        return EVERY_SECOND
    if (first is None) != (last is None) or (every is None) == (first is None):
        raise InvalidInputError("Give --from and --to, or --every.")
    return Protocol(first, last, every)


def _chosen_sets(known: Sequence[CaseSet], names: str | None, *, quick: bool, alone: bool) -> list[CaseSet]:
    """Return the named sets; without names and without a sequence (`alone`), all or the quick ones."""
    if names is None:
        wanted = [s.name for s in known if not quick or s.name in QUICK] if alone else []
    else:
        wanted = names_among("set", names, [s.name for s in known])
    return [s for s in known if s.name in wanted]


def _run_all(
    sets: Sequence[CaseSet], engines: Sequence[str], conditions: Conditions
) -> tuple[list[SetResult], dict[str, str]]:
    """Return the results, and the reasons why sets are missing, by name."""
    results, left_out = [], {}
    for case_set in sets:
        try:
            results.append(run_set(case_set, engines, conditions, _print))
        except TemporalInterpError as error:
            left_out[case_set.name] = str(error)
            _print(f"{case_set.name} is left out: {error}")
    return results, left_out


if __name__ == "__main__":
    typer.run(main)
