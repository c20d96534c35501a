"""Times or counts the stages of a computation while it runs, each without the stages within it."""

from __future__ import annotations

import functools
import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from stages.arrays import Array, arrays_in, bytes_between, bytes_moved
from stages.clock import now
from stages.operations import RESAMPLING, by_precision
from stages.patching import Wrap

SIDE_BY_SIDE = "parallel_map:parallel_map"
"""The function of the program that shares work among threads."""

WAITING = "threads that wait"


@dataclass(frozen=True)
class Probe:
    """A function of the program, and the stage that its time belongs to.

    Attributes:
        address: of the function, see `patching.replaced`.
        stage: its name in the table.
        inside: the container it must be called in; elsewhere its time stays with its caller. "" for containers.
        container: what the probes within it call it; "" for a stage that has no stages within it.
        per_scale: the name is followed by the scale, which the size of the result tells.
        full_size: the first image given to it has the full resolution.
        passed: attributes of its object that it hands on to the stages within it, which costs nothing.
    """

    address: str
    stage: str
    inside: str = ""
    container: str = ""
    per_scale: bool = False
    full_size: bool = False
    passed: tuple[str, ...] = ()

    def arguments(self, args: tuple) -> tuple:
        """Return the arguments, of a method without its object or class."""
        return args[1:] if "." in self.address.partition(":")[2] else args


@dataclass
class Cost:
    """What a stage took.

    Attributes:
        calls: how often it ran.
        seconds: in it alone.
        operations: in it alone, by precision.
        bytes: the least it has to move.
    """

    calls: int = 0
    seconds: float = 0.0
    operations: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


@dataclass
class _Running:
    """A stage that has begun, and what the stages within it took so far."""

    probe: Probe
    seconds_within: float = 0.0
    operations_within: Counter = field(default_factory=Counter)
    enters: list[Array] = field(default_factory=list)
    leaves: list[Array] = field(default_factory=list)


class _Here(threading.local):
    """Where one thread is: the stages it is in, the size of full resolution, and its part of the time that passes."""

    def __init__(self) -> None:
        self.running: list[_Running] = []
        self.width = 0
        self.share = 1.0


class Recorder:
    """Adds up what the stages take, by name, in `costs`.

    Where n threads work side by side, a second of one of them is 1 / n second of the stage it is in; what is left of
    the time that passes is that some of them wait.

    Args:
        probes: where the stages are.
        count: count operations and bytes, which slows down; else take the time.
    """

    def __init__(self, probes: Sequence[Probe], *, count: bool) -> None:
        self.costs: dict[str, Cost] = defaultdict(Cost)
        self._count = count
        self._probes: dict[str, list[Probe]] = defaultdict(list)
        for probe in probes:
            self._probes[probe.address].append(probe)
        self._here = _Here()
        self._lock = threading.Lock()
        self._alive: list[list[Array]] = []

    def wraps(self) -> dict[str, Wrap]:
        """Return what `patching.replaced` takes."""
        stages = {address: functools.partial(self._wrap, probes) for address, probes in self._probes.items()}
        return {**stages, SIDE_BY_SIDE: self._wrap_side_by_side}

    def _wrap(self, probes: Sequence[Probe], function: Callable) -> Callable:
        record = self._counted if self._count else self._timed

        @functools.wraps(function)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            probe = self._fitting(probes)
            return function(*args, **kwargs) if probe is None else record(probe, function, args, kwargs)

        return recorded

    def _fitting(self, probes: Sequence[Probe]) -> Probe | None:
        """Return the probe that fits where the computation is; none within a stage that has no stages within."""
        place = self._here.running[-1].probe.container if self._here.running else None
        if place == "":
            return None
        return next((probe for probe in probes if probe.container or probe.inside == place), None)

    def _run(self, own: _Running, function: Callable, args: tuple, kwargs: dict) -> Any:
        if own.probe.full_size:
            self._here.width = next(arrays_in(own.probe.arguments(args))).shape[-1]
        self._here.running.append(own)
        try:
            return function(*args, **kwargs)
        finally:
            self._here.running.pop()

    def _timed(self, probe: Probe, function: Callable, args: tuple, kwargs: dict) -> Any:
        own = _Running(probe)
        start = now()
        result = self._run(own, function, args, kwargs)
        self._add(own, self._name(probe, result), now() - start)
        return result

    def _add(self, own: _Running, name: str, elapsed: float, *, calls: int = 1) -> None:
        elapsed *= self._here.share
        with self._lock:
            if self._here.running:
                self._here.running[-1].seconds_within += elapsed
            self.costs[name].calls += calls
            self.costs[name].seconds += elapsed - own.seconds_within

    def _wrap_side_by_side(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def recorded(work: Callable[[Any], Any], items: Sequence[Any], **options: Any) -> list[Any]:
            if not self._here.running or not self._here.running[-1].probe.container:
                return function(work, items, **options)
            if self._count:  # what threads do is counted for none but their own
                return [work(item) for item in items]
            return self._timed_side_by_side(functools.partial(function, **options), work, items)

        return recorded

    def _timed_side_by_side(self, function: Callable, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        around, width = self._here.running[-1].probe, self._here.width
        all_threads = _Running(around)
        threads = max(1, min(torch.get_num_threads(), len(items)))

        def one(item: Any) -> Any:
            here = self._here
            before = here.running, here.width, here.share
            here.running, here.width, here.share = [all_threads], width, 1 / threads
            try:
                own = _Running(around)
                start = now()
                here.running.append(own)
                result = work(item)
                here.running.pop()
                self._add(own, around.stage, now() - start, calls=0)
                return result
            finally:
                here.running, here.width, here.share = before

        start = now()
        results = function(one, items)
        self._add(all_threads, WAITING, now() - start)
        return results

    def _counted(self, probe: Probe, function: Callable, args: tuple, kwargs: dict) -> Any:
        given = [*arrays_in(probe.arguments(args)), *arrays_in(kwargs)]
        weights = list(args[0].parameters()) if probe.address.endswith(".forward") else []
        passed = list(arrays_in([getattr(args[0], name, None) for name in probe.passed]))
        precision = precision_of(given)
        own = _Running(probe, enters=[*given, *passed], leaves=[*passed])
        with FlopCounterMode(display=False, custom_mapping=RESAMPLING) as counter:
            result = self._run(own, function, args, kwargs)
        made = list(arrays_in(result))
        own.leaves += made
        operations = Counter(counter.get_flop_counts().get("Global", {}))
        if self._here.running:
            caller = self._here.running[-1]
            caller.operations_within += operations
            caller.leaves += given
            caller.enters += made
        cost = self.costs[self._name(probe, result)]
        cost.calls += 1
        cost.operations.update(by_precision(operations - own.operations_within, precision))
        between = bytes_between(own.enters, own.leaves)
        cost.bytes += between if probe.container else bytes_moved([*given, *weights], made)
        # as long as arrays live their addresses are taken, so that no two of them share one
        self._alive += [given, made]
        return result

    def _name(self, probe: Probe, result: Any) -> str:
        """Return the name of a stage, with the scale of its result where it has one."""
        image = next((array for array in arrays_in(result) if array.ndim > 1), None) if probe.per_scale else None
        if image is None or not self._here.width:
            return probe.stage
        return f"{probe.stage}, 1/{2 ** round(math.log2(max(1.0, self._here.width / image.shape[-1])))}"


def precision_of(arrays: Sequence[Array]) -> str:
    """Return what matrix products of these compute in: "bfloat16" in mixed precision or where one of them is."""
    tensors = [array for array in arrays if isinstance(array, torch.Tensor)]
    device = tensors[0].device.type if tensors else "cpu"
    mixed = torch.is_autocast_enabled(device) or any(tensor.dtype == torch.bfloat16 for tensor in tensors)
    return "bfloat16" if mixed else "float32"
