"""Which engine the user's choice means for a sequence, who runs it, and how long that takes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import slicer
from slicer.i18n import tr as _
from temporal_interp.engines.catalogue import DEFAULT_ENGINE, EASED_ENGINE, create_engine
from temporal_interp.engines.linear_blend import LinearBlend

from temporal_interp.engines.protocol import InterpolationEngine
from temporal_interp.errors import InvalidInputError, Progress
from TemporalInterpLib.background import Steps, in_background
from TemporalInterpLib.dependencies import engines_can_run
from TemporalInterpLib.parameter_node import Device, Engine
from TemporalInterpLib.sequence_conversion import index_values_of
from TemporalInterpLib.synthesis import InChildProcess, InThisProcess, Synthesiser

FIRST_LOAD = "temporal_interp.engines.student"
"""The module that takes PyTorch with it."""

SLOW = ("refined", "velocity_field")
"""Kinds of engines that fit every pair anew; what follows a colon makes them no quicker."""


def engine_name(choice: Engine, sequence_node: slicer.vtkMRMLSequenceNode, adapted_model: str = "") -> str:
    """Return the name that `create_engine` takes, for what the user chose.

    Without PyTorch only the linear blend can be used, and "automatic" is that.

    Raises:
        InvalidInputError: packages are missing, the sequence was not adapted to, or cannot be worked with.
    """
    if choice is Engine.LINEAR_BLEND or (choice is Engine.AUTOMATIC and not engines_can_run()):
        return "linear_blend"
    if not engines_can_run():
        raise InvalidInputError(
            f"The engine '{choice.label()}' needs Python packages that are not installed; install them with the button "
            "at the top, or choose the linear blend."
        )
    if choice is Engine.AUTOMATIC:
        index_values_of(sequence_node)  # refuses no sequence, and an empty one
        return DEFAULT_ENGINE
    if choice is not Engine.ADAPTED:
        return choice.value
    if not adapted_model:
        raise InvalidInputError("The network was not adapted to this sequence yet; press 'Adapt' first.")
    return f"student:{adapted_model}"


def load_ahead() -> Steps[None]:
    """Return steps that load PyTorch, which takes seconds, before the user first moves the slider."""

    def load(progress: Progress) -> None:
        import_module(FIRST_LOAD)

    return in_background(load)


def creator(name: str, device: Device) -> Callable[[], InterpolationEngine] | None:
    """Return what makes an engine, to be called in a thread; None for the linear blend, which needs no making."""
    if name == "linear_blend":
        return None

    def create() -> InterpolationEngine:
        from temporal_interp.tensors.devices import choose_device

        return create_engine(name, device=choose_device(device.value))

    return create


def synthesiser(name: str, device: Device) -> Synthesiser:
    """Return who runs an engine: slow ones run in a child process."""
    if name.partition(":")[0] in SLOW:
        return InChildProcess(name, device.value)
    return InThisProcess(name.partition(":")[0], creator(name, device) or LinearBlend)


def time_to_expect(name: str) -> str:
    """Return in words how long an engine takes, for a clinical cine on a laptop without a GPU, and what it is for."""
    if name == "linear_blend":
        return _("At once. Fades one phase into the other: nothing moves.")
    if name.partition(":")[0] in SLOW:
        words = _("Some seconds to prepare two phases, then a fraction of a second a frame; less on a GPU.")
        purpose = _("For two phases at which the motion turns: it starts and ends slowly. ")
        return purpose + words if name == EASED_ENGINE else words
    return _("About a second to prepare two phases and a second a frame; live on a GPU.")
