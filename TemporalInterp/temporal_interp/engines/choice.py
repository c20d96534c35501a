"""Which engine is taken where none is chosen: the one that predicts hidden frames of such data best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from temporal_interp.data.slice_independence import slices_are_independent
from temporal_interp.engines.registry import (
    AUTO,
    EngineSpec,
    Kind,
    create_engine,
    default_model_is_there,
    engine_specs,
    torch_is_there,
)
from temporal_interp.errors import InvalidInputError
from temporal_interp.memory import NOTHING
from temporal_interp.tensors.devices import memory_of

if TYPE_CHECKING:
    from temporal_interp.data.geometry import Geometry
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.protocol import Engine

LEVEL_DB = 0.1
"""Engines whose gains differ by no more than this are level (our choice)."""

PREFERRED = "student"
"""Of level engines this one is taken: it answers at once, and the others fit every gap."""

THICK = 4.0
"""Slices further apart than this many in-plane voxels are like those of a cine, even without gaps between them: motion
is seen in their planes (our choice)."""

OWN_BYTES = 0.8e9
"""Memory that PyTorch and the program take, whatever the frames."""

GB = 1e9


@dataclass(frozen=True)
class Choice:
    """An engine, and why it was chosen.

    Attributes:
        name: of the engine, for `create_engine`.
        reason: in a sentence or two, beginning with "Automatic is".
    """

    name: str
    reason: str


def kind_of(geometry: Geometry, slice_thickness: float | None = None) -> Kind:
    """Return the kind of data that frames on a voxel grid are: slices where they are independent or thick.

    Example:
        >>> from temporal_interp.data.geometry import Geometry
        >>> str(kind_of(Geometry((1, 128, 128), (1.5, 1.5, 8.0))))
        'slices'
    """
    apart, *in_plane = geometry.spacing_kji
    thick = apart > THICK * min(in_plane)
    return Kind.SLICES if thick or slices_are_independent(geometry, slice_thickness) else Kind.VOLUMES


def choose_engine(
    geometry: Geometry, slice_thickness: float | None = None, *, device: str = "cpu", torch: bool | None = None
) -> Choice:
    """Return the engine that predicts hidden frames of such data best, of those that run here.

    Engines are compared by the scores that they declare (`EngineSpec.scores`). Where the student is level with the
    best, it is taken. Engines without a score for the kind of data are not.

    Args:
        geometry: the voxel grid of the frames.
        slice_thickness: how much tissue along K a slice shows, in mm, None where it is not known.
        device: where to compute, as PyTorch names it; "cpu", which needs no PyTorch, also for a device not known yet.
        torch: whether PyTorch, and what else the engines need, is there; None looks for PyTorch.

    Raises:
        InvalidInputError: no engine with a score runs here, or the registry of models cannot be read.

    Example:
        >>> from temporal_interp.data.geometry import Geometry
        >>> choose_engine(Geometry((1, 128, 128), (1.5, 1.5, 8.0)), torch=False).name
        'linear_blend'
    """
    kind = kind_of(geometry, slice_thickness)
    there, left_out = candidates(geometry, slice_thickness, device=device, torch=torch)
    best = there[0]
    level = [spec for spec in there if round(best.scores[kind] - spec.scores[kind], 2) <= LEVEL_DB]
    chosen = next((spec for spec in level if spec.name == PREFERRED), best)
    words = [f"Automatic is the {chosen.in_words}: {_why(chosen, best, there, kind)}"]
    words += left_out_in_words(left_out)
    return Choice(chosen.name, " ".join(words))


def candidates(
    geometry: Geometry, slice_thickness: float | None = None, *, device: str = "cpu", torch: bool | None = None
) -> tuple[list[EngineSpec], dict[str, list[EngineSpec]]]:
    """Return the engines with a score for such data that run here, the best first, and the others by why they do not.

    The arguments are those of `choose_engine`.

    Raises:
        InvalidInputError: none runs here, or the registry of models cannot be read.
    """
    kind = kind_of(geometry, slice_thickness)
    torch = torch_is_there() if torch is None else torch
    scored = sorted(
        (spec for spec in engine_specs().values() if kind in spec.scores), key=lambda spec: -spec.scores[kind]
    )
    left_out: dict[str, list[EngineSpec]] = {}
    for spec in scored:
        left_out.setdefault(_why_left_out(spec, math.prod(geometry.shape), device, torch), []).append(spec)
    there = left_out.pop("", [])
    if not there:
        raise InvalidInputError("No engine can be chosen here; name one.")
    return there, left_out


def left_out_in_words(left_out: Mapping[str, Iterable[EngineSpec]]) -> list[str]:
    """Return a sentence for every reason why engines are left out."""
    return [
        f"Left out: {' and '.join(f'the {spec.in_words}' for spec in specs)} ({why})."
        for why, specs in left_out.items()
    ]


def engine_for(engine: str | Engine, sequence: Sequence, *, device: str = "cpu") -> Engine:
    """Return the engine of a name, "auto" for that of `choose_engine`; an engine is returned as it is.

    Raises:
        InvalidInputError: as `create_engine` and `choose_engine`.
    """
    if not isinstance(engine, str):
        return engine
    if engine == AUTO:
        engine = choose_engine(sequence.geometry, sequence.slice_thickness, device=device).name
    return create_engine(engine, device=device)


def _why_left_out(spec: EngineSpec, voxels: int, device: str, torch: bool) -> str:
    """Return why an engine cannot be used for frames of this many voxels, "" if it can."""
    if spec.needs_torch and not torch:
        return "Python packages are missing"
    if spec.needs_model and not default_model_is_there():
        return "no trained model comes with this copy of the program"
    if spec.memory == NOTHING:
        return ""
    needed, memory = OWN_BYTES + spec.memory.least(voxels), memory_of(device)
    if memory is None or needed <= memory:
        return ""
    return f"about {needed / GB:.0f} GB of memory for such frames, and there are {memory / GB:.0f} GB"


def _why(chosen: EngineSpec, best: EngineSpec, there: list[EngineSpec], kind: Kind) -> str:
    if there == [chosen]:
        return "no other engine runs here."
    if chosen is not best:
        return (
            f"it predicts hidden frames of {kind} as well as the {best.in_words}, "
            f"{chosen.scores[kind]:.1f} and {best.scores[kind]:.1f} dB above the linear blend on average, and sooner."
        )
    others = "".join(f"; the {s.in_words} {s.scores[kind]:.1f} dB" for s in there if s is not chosen and s.has_motion)
    return (
        f"of the engines that run here it predicts hidden frames of {kind} best, {best.scores[kind]:.1f} dB above the "
        f"linear blend on average{others}."
    )
