"""The engines by name, for callers that let the user choose.

An engine is declared once, by a module-level `SPEC` in a module of `temporal_interp.engines`. Other packages add theirs
by an entry point of the group `temporal_interp.engines` that leads to an `EngineSpec`, or by `register_engine`.
"""

from __future__ import annotations

import math
import pkgutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec

import temporal_interp.engines
from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import InvalidInputError
from temporal_interp.memory import NOTHING, Footprint

ENTRY_POINTS = "temporal_interp.engines"
"""Group of entry points by which other packages add engines."""

AUTO = "auto"
"""In place of a name: the engine that `choice.choose_engine` takes for a sequence."""

AUTO_MEASURED = "auto-measured"
"""Likewise: the one that predicts hidden frames of this very sequence best, see `workflows.measured_choice`."""

FORMER = ("refined",)
"""Engines that the program had; saved commands and scenes may name them."""


class Kind(StrEnum):
    """A kind of data, on which engines do differently well."""

    SLICES = "slices"
    """A single slice, or a stack of thick ones or with gaps between them, such as cines; see `choice.kind_of`."""

    VOLUMES = "volumes"


@dataclass(frozen=True)
class EngineVariant:
    """An engine with other settings, `NAME:VARIANT` on the command line.

    Attributes:
        label: a few words for lists.
        description: the difference, in a sentence or two.
        listed: offer it where users choose; otherwise it is only known by its name.
    """

    label: str
    description: str
    listed: bool = True


@dataclass(frozen=True)
class EngineSpec:
    """What callers have to know of an engine before they create it.

    Attributes:
        name: as on the command line, without a colon.
        label: a few words for lists.
        description: its method and purpose, in a sentence or two.
        expected_time: how long it takes, in words, for a clinical cine on a laptop without a GPU.
        create: takes what follows the colon of the name, "" for nothing, and a device as PyTorch names it, and returns
            the engine; raises InvalidInputError where that makes no engine. Imports what it needs when it is called.
        needs_model: it needs a trained model; what follows the colon is a registered model or a model file.
        fits_each_gap: it fits every gap separately, which takes seconds.
        has_motion: it gives displacement fields.
        uses_context: it looks at more frames than the two around a gap.
        needs_torch: it needs PyTorch.
        variants: by what follows the colon.
        scores: by kind of data, the mean gain over the linear blend in dB in the moving region of hidden frames, as
            docs/benchmarks.md has it and `make bench` measures it. `choice.choose_engine` goes by them; an engine
            without a score is never taken unless it is named.
        memory: what it takes, beside the sequence; next to nothing by default.
    """

    name: str
    label: str
    description: str
    expected_time: str
    create: Callable[[str, str], Engine]
    needs_model: bool = False
    fits_each_gap: bool = False
    has_motion: bool = True
    uses_context: bool = False
    needs_torch: bool = True
    variants: Mapping[str, EngineVariant] = field(default_factory=dict)
    scores: Mapping[Kind, float] = field(default_factory=dict)
    memory: Footprint = NOTHING

    @property
    def in_words(self) -> str:
        """The name in a sentence: "velocity field"."""
        return self.name.replace("_", " ")


_registered: dict[str, EngineSpec] = {}


def register_engine(spec: EngineSpec) -> None:
    """Offer another engine, in this process, in addition to those of the program.

    Raises:
        InvalidInputError: there is another engine of that name.

    Example:
        >>> from temporal_interp.engines.blend import LinearBlend
        >>> register_engine(EngineSpec("toy", "Toy", "A blend by another name.", "At once.",
        ...                            create=lambda variant, device: LinearBlend(), needs_torch=False))
        >>> create_engine("toy").name
        'linear_blend'
        >>> unregister_engine("toy")
    """
    if spec.name in engine_specs():
        raise InvalidInputError(f"There is an engine '{spec.name}' already; give yours another name.")
    _registered[spec.name] = spec


def unregister_engine(name: str) -> None:
    """Take back `register_engine`."""
    _registered.pop(name, None)


def is_registered_here(name: str) -> bool:
    """Tell whether an engine was added by `register_engine`, so that other processes do not know it."""
    return name.partition(":")[0] in _registered


def engine_specs() -> dict[str, EngineSpec]:
    """Return every engine by its name: those of the program, those with the best scores first, then those of others."""
    return _declared() | _registered


@cache
def _declared() -> dict[str, EngineSpec]:
    package = temporal_interp.engines
    modules = (m for m in pkgutil.iter_modules(package.__path__) if not m.ispkg)
    declared = (getattr(import_module(f"{package.__name__}.{m.name}"), "SPEC", None) for m in modules)
    specs = [spec for spec in declared if isinstance(spec, EngineSpec)]
    best_first = sorted(specs, key=lambda spec: (-max(spec.scores.values(), default=-math.inf), spec.name))
    found = {spec.name: spec for spec in best_first}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            spec = point.load()
            if not isinstance(spec, EngineSpec):
                raise TypeError(f"it is a {type(spec).__name__}, not an EngineSpec")
            if spec.name in found:
                raise ValueError(f"there is an engine '{spec.name}' already")
        except Exception as error:  # whatever another package does, the engines of the program stay usable
            warnings.warn(f"The engine '{point.name}' of {point.value} cannot be loaded: {error}", stacklevel=2)
            continue
        found[spec.name] = spec
    return found


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines, without variants."""
    return tuple(engine_specs())


def available_engine_names() -> tuple[str, ...]:
    """Return the engines that can be used on this machine: some need PyTorch, some a model."""
    has_torch = torch_is_there()
    has_model = has_torch and default_model_is_there()
    return tuple(
        spec.name
        for spec in engine_specs().values()
        if (has_torch or not spec.needs_torch) and (has_model or not spec.needs_model)
    )


def torch_is_there() -> bool:
    """Tell whether PyTorch is installed."""
    return find_spec("torch") is not None


def default_model_is_there() -> bool:
    """Tell whether a trained model that this program can use comes with it."""
    from temporal_interp.models.registry import Registry

    return Registry().default() is not None


def find_engine(name: str) -> EngineSpec:
    """Return the declaration of an engine; what follows a colon is ignored.

    Raises:
        InvalidInputError: there is no engine of that name.
    """
    stem = name.partition(":")[0]
    spec = engine_specs().get(stem)
    if spec is None:
        what = f"There is no engine '{name}'{' any more' if stem in FORMER else ''}"
        if name in (AUTO, AUTO_MEASURED):
            what = f"Which engine '{name}' is depends on the sequence, which is not known here"
        raise InvalidInputError(f"{what}; choose one of {', '.join(engine_names())}.")
    return spec


def create_engine(name: str, *, device: str = "cpu") -> Engine:
    """Return the engine of a name, with its default settings.

    Args:
        name: of an engine; `NAME:VARIANT` for one of its variants, and with engines that need a model `NAME:MODEL` for
            a registered model or a model file.
        device: "cpu", "cuda", "cuda:1" or "mps"; where the engine computes.

    Raises:
        InvalidInputError: there is no engine of that name, or its model cannot be used.

    Example:
        >>> create_engine("linear_blend").name
        'linear_blend'
    """
    spec = find_engine(name)
    variant = name.partition(":")[2]
    if variant and not spec.needs_model and variant not in spec.variants:
        known = ", ".join(f"{spec.name}:{other}" for other in spec.variants) or "none"
        raise InvalidInputError(f"There is no engine '{name}'. Variants of {spec.name}: {known}.")
    return spec.create(variant, device)
