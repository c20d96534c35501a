"""Profiles an engine: the share of every stage in preparing a pair, and in making a frame of it.

    python Testing/Benchmarks/profile_engine.py velocity_field
    python Testing/Benchmarks/profile_engine.py student --shape 32,128,128 --trace build/trace.json

The image is a beating heart, end diastole to end systole. One thread computes, so that shares add up. The stages are
functions of the program, given by name; the time of a nested stage counts for the inner one. Operations are those of
convolutions and matrix products, as PyTorch counts them, in a separate run.
"""

from __future__ import annotations

import pkgutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import torch
import typer
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.flop_counter import FlopCounterMode

from comparison.engines import TRAINED_NETWORKS, create, prepare_gap
from comparison.grown_cases import Shape, grown_heart
from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import exit_on_error
from temporal_interp.engines import pairs
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import Scoring
from temporal_interp.evaluation.report import Column, Row, as_table, as_text

STAGES = {
    "normalise": (
        "data.intensity:IntensityRange.of",
        "data.intensity:IntensityRange.normalise",
        "data.intensity:IntensityRange.centre",
    ),
    "find the moving region": ("engines.pairs.region:region_of_change",),
    "coarsen": ("registration.grids:coarsen",),
    "fit": ("registration.fit_velocity:fit_velocity",),
    "compare": ("tensors.similarity:squared_local_correlation",),
    "encode": ("networks.encoder:Encoder.forward",),
    "decode": ("networks.decoder:MultiScaleDecoder.forward",),
    "refine": ("networks.refinement:Refinement.forward",),
    "integrate": ("tensors.spatial:integrate_velocity",),
    "resize": ("tensors.spatial:resize_field", "tensors.slabs:resize_slab", "tensors.slabs:displacement_in_slab"),
    "warp": ("tensors.spatial:warp", "tensors.spatial:sample", "tensors.slabs:warp_slab"),
    "fuse": ("engines.pairs.fusion:disagreement", "engines.pairs.fusion:fusion_maps", "engines.pairs.fusion:fuse"),
    "round": ("data.scalar_type:to_scalar_type",),
}
"""Stages and their functions."""

REST = "the rest"
COLUMNS = (
    Column("part", "part"),
    Column("stage", "stage"),
    Column("calls", "calls"),
    Column("seconds", "s", "{:.3f}"),
    Column("share", "share", "{:.1%}"),
    Column("gflop", "GFLOP", "{:.2f}"),
)


def main(
    engine: Annotated[str, typer.Argument(help="Name of an engine, such as velocity_field or student.")],
    shape: Annotated[str, typer.Option(metavar="K,J,I", help="Of the volumes.")] = "1,128,128",
    trace: Annotated[Path | None, typer.Option(help="Also write a trace of PyTorch's operations, .json.")] = None,
) -> None:
    """Print the stages of an engine and their shares."""
    with exit_on_error(Console()):
        sizes = [int(part) for part in shape.split(",") if part.strip().isdigit()]
        if len(sizes) != 3 or min(sizes) < 1:
            raise InvalidInputError(f"--shape takes three numbers of voxels such as 32,128,128, got '{shape}'.")
        torch.set_num_threads(1)
        rows = profile_engine(engine, (sizes[0], sizes[1], sizes[2]), trace)
        typer.echo(as_text([as_table(rows, COLUMNS, title=f"{engine}, {shape} voxels", section="part")]))


class Ledger:
    """Charges every stage with the count of a meter while the stage is the innermost that runs.

    Args:
        meter: a clock, or a counter of operations.
    """

    def __init__(self, meter: Callable[[], float]) -> None:
        self.meter = meter
        self.amounts: dict[tuple[str, str], float] = defaultdict(float)
        self.calls: Counter[tuple[str, str]] = Counter()
        self._open: list[tuple[str, str]] = []
        self._read = 0.0

    def _settle(self) -> None:
        if self._open:
            self.amounts[self._open[-1]] += self.meter() - self._read
        self._read = self.meter()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Charge work outside all stages to the rest of a part."""
        with self._running((name, REST)):
            yield

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge the work in the block to a stage of the current part."""
        with self._running((self._open[0][0], name)), record_function(name):
            yield

    @contextmanager
    def _running(self, key: tuple[str, str]) -> Iterator[None]:
        self._settle()
        self._open.append(key)
        self.calls[key] += 1
        try:
            yield
        finally:
            self._settle()
            self._open.pop()


def profile_engine(name: str, shape: Shape, trace: Path | None = None) -> list[Row]:
    """Return a tidy row for every stage of preparing a pair ("prepare") and of a further frame with fields ("at").

    Args:
        name: of the engine.
        shape: of the volumes, (K, J, I).
        trace: where to write a trace of the timed run, which recording slows down; None for nowhere.
    """
    engine, case = create(name, TRAINED_NETWORKS), grown_heart(shape)
    scoring, (gap,) = Scoring.of(case.sequence), case.hold_out.gaps

    def work(ledger: Ledger) -> None:
        with staged(ledger.stage):
            with ledger.part("prepare"):
                prepared = prepare_gap(engine, scoring, case.hold_out, gap)
            with ledger.part("at"):
                prepared.at(0.5, fields=True)

    counter = FlopCounterMode(display=False)
    operations, seconds = Ledger(counter.get_total_flops), Ledger(time.perf_counter)
    with counter:  # first, because a first run takes longer
        work(operations)
    if trace is None:
        work(seconds)
    else:
        with profile(activities=[ProfilerActivity.CPU]) as recording:
            work(seconds)
        recording.export_chrome_trace(str(trace))
    return [
        {
            "part": part,
            "stage": stage,
            "calls": seconds.calls[part, stage],
            "seconds": taken,
            "share": taken / sum(other for (its, _), other in seconds.amounts.items() if its == part),
            "gflop": operations.amounts[part, stage] / 1e9,
        }
        for (part, stage), taken in sorted(seconds.amounts.items(), key=lambda item: (item[0][0] == "at", -item[1]))
    ]


@contextmanager
def staged(run: Callable[[str], Any]) -> Iterator[None]:
    """Let the functions of `STAGES` run within `run(stage)`, wherever the program uses them, within the block.

    Raises:
        InvalidInputError: the program has no such function.
    """
    for module in pkgutil.iter_modules(pairs.__path__, f"{pairs.__name__}."):
        import_module(module.name)  # engines import these when they first prepare a gap
    found = [(stage, *_find(address)) for stage, addresses in STAGES.items() for address in addresses]
    with ExitStack() as stack:  # only now: a module that is imported later would keep the replacement
        for stage, holder, name, original in found:
            wrapped = _within(run, stage, original)
            for where in [holder] if isinstance(holder, type) else _modules_with(name, original):
                stack.enter_context(patch.object(where, name, wrapped))
        yield


def _find(address: str) -> tuple[Any, str, Any]:
    """Return the module or class that holds a function, the function's name there, and the function."""
    module, _, path = f"temporal_interp.{address}".partition(":")
    *owner, name = path.split(".")
    try:
        holder = pkgutil.resolve_name(f"{module}:{'.'.join(owner)}")
        return holder, name, vars(holder)[name]
    except (ImportError, AttributeError, KeyError) as error:
        raise InvalidInputError(f"The program no longer has {address}; correct STAGES.") from error


def _within(run: Callable[[str], Any], stage: str, original: Any) -> Any:
    """Return a function, or a class method, that does the same within `run(stage)`."""
    function = original.__func__ if isinstance(original, classmethod) else original

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with run(stage):
            return function(*args, **kwargs)

    return classmethod(wrapper) if isinstance(original, classmethod) else wrapper


def _modules_with(name: str, function: Any) -> list[Any]:
    """Return the modules of the program that know a function by its name."""
    modules = [module for known_as, module in list(sys.modules.items()) if known_as.startswith("temporal_interp.")]
    return [module for module in modules if vars(module).get(name) is function]


if __name__ == "__main__":
    typer.run(main)
