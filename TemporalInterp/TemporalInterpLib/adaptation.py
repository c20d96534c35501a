"""Adapts the network to a sequence of the scene, in a child process."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import slicer

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.background import Steps, share_of
from TemporalInterpLib.child_process import command_line, write_for_child
from TemporalInterpLib.parameter_node import Device
from TemporalInterpLib.sequence_conversion import sequence_from_node

MIN_FRAMES = 5
"""Frames: three to learn from, one that tells when to stop, and one to measure the gain on."""


@dataclass(frozen=True)
class Adapted:
    """An adapted model.

    Attributes:
        name: under which it is registered; "" if the held-out frames that tell when to stop gained nothing, and the
            network stays as it was.
        gain_before: in dB over the linear blend in the moving region, on other held-out frames, that decided nothing.
        gain_after: likewise, of the adapted network; it may be less.
    """

    name: str
    gain_before: float
    gain_after: float


def adaptation_steps(sequence_node: slicer.vtkMRMLSequenceNode, device: Device) -> Steps[Adapted]:
    """Check the sequence and return the steps that adapt the network to it and register the result.

    Raises:
        InvalidInputError: the sequence cannot be worked with or has too few acquired frames.
    """
    sequence = sequence_from_node(sequence_node).acquired()
    if len(sequence) < MIN_FRAMES:
        raise InvalidInputError(
            f"Sequence '{sequence_node.GetName()}' has {len(sequence)} acquired frames; adaptation needs at least "
            f"{MIN_FRAMES}."
        )
    return _steps(sequence_node.GetName(), sequence, device)


def _steps(title: str, sequence: Sequence, device: Device) -> Steps[Adapted]:
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
        source, model = Path(folder) / "acquired.seq.nrrd", Path(folder) / "adapted.safetensors"
        yield from share_of(write_for_child(sequence, source), 0.0, 0.01)
        arguments = ["adapt", str(source), "-o", str(model), "--device", device.value]
        result = yield from share_of(command_line(arguments), 0.01, 1.0)
        name = _register(title, model) if result["epochs"] else ""
    return Adapted(name, float(result["gain_before_db"]), float(result["gain_after_db"]))


def _register(title: str, model: Path) -> str:
    from temporal_interp.models.registry import Registry

    registry = Registry()
    stem = "adapted-" + (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "sequence")
    taken = {entry.name for entry in registry.entries()}
    name = next(n for n in (stem, *(f"{stem}-{k}" for k in range(2, 10_000))) if n not in taken)
    registry.add(model, name=name, licence="Apache-2.0", notes=f"Adapted to the sequence '{title}'.")
    return name
