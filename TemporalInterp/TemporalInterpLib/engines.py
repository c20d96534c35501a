"""The engine for the user's choice and a sequence, how it is run, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.choice import Choice, choose_engine
from temporal_interp.engines.protocol import Engine
from temporal_interp.engines.registry import (
    AUTO_MEASURED,
    create_engine,
    engine_specs,
    find_engine,
    is_registered_here,
)
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.dependencies import engines_can_run, packages_missing
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC, Device
from TemporalInterpLib.sequence_conversion import index_values_of, item_title, slice_thickness_of
from TemporalInterpLib.synthesis import InChildProcess, InThisProcess, Synthesiser
from TemporalInterpLib.volume_conversion import volume_from_node

BLEND = "linear_blend"


def engine_choices() -> dict[str, str]:
    """Return the choices of the user, and the text of the selector for each.

    These are all declared engines, their listed variants, and the choices that depend on a sequence.
    """
    choices = {AUTOMATIC: _("Automatic"), AUTO_MEASURED: _("Automatic, measured on this sequence")}
    for spec in engine_specs().values():
        choices[spec.name] = _(spec.label)
        choices |= {f"{spec.name}:{name}": _(v.label) for name, v in spec.variants.items() if v.listed}
    return choices | {ADAPTED: _("Adapted to this sequence")}


def engine_name(choice: str, sequence_node: slicer.vtkMRMLSequenceNode, adapted_model: str = "") -> str:
    """Return the name that `create_engine` takes, for the user's choice.

    Where the choice is to be measured, it is that of the core until then: an instant cannot wait for it.

    Raises:
        InvalidInputError: packages are missing, the network was not adapted to the sequence, or the sequence is not
            valid.
    """
    if choice in (AUTOMATIC, AUTO_MEASURED):
        return automatic_choice(sequence_node).name
    if choice != ADAPTED and not find_engine(choice).needs_torch:
        return choice
    if not engines_can_run():
        label = engine_choices().get(choice, choice)
        engine = _("The engine '{name}'").format(name=label)
        raise InvalidInputError(f"{packages_missing(engine)} {_('The linear blend needs none.')}")
    if choice != ADAPTED:
        return choice
    if not adapted_model:
        raise InvalidInputError("The network was not adapted to this sequence yet; press 'Adapt' first.")
    return f"student:{adapted_model}"


def automatic_choice(sequence_node: slicer.vtkMRMLSequenceNode) -> Choice:
    """Return the engine that the core chooses for a sequence, and why.

    The memory is that of the computer: PyTorch, which knows that of a GPU, is not loaded for this.

    Raises:
        InvalidInputError: the sequence is not valid.
    """
    index_values_of(sequence_node)  # refuses a missing and an empty sequence
    first = volume_from_node(sequence_node.GetNthDataNode(0), item_title(sequence_node, 0))
    return choose_engine(first.geometry, slice_thickness_of(sequence_node), torch=engines_can_run())


def creator(name: str, device: Device) -> Callable[[], Engine] | None:
    """Return a function that creates an engine, to be called in a thread; None for the linear blend, which is ready."""
    if name == BLEND:
        return None

    def create() -> Engine:
        from temporal_interp.tensors.devices import choose_device

        return create_engine(name, device=choose_device(device.value))

    return create


def synthesiser(name: str, device: Device) -> Synthesiser:
    """Return the synthesiser of an engine: one that fits every gap runs in a child process, if it is known there.

    AUTO_MEASURED, which is no engine, is measured there.
    """
    if name == AUTO_MEASURED:
        return InChildProcess(name, device.value)
    if find_engine(name).fits_each_gap and not is_registered_here(name):
        return InChildProcess(name, device.value)
    return InThisProcess(name.partition(":")[0], creator(name, device) or LinearBlend)


def is_there(choice: str) -> bool:
    """Tell whether the user's choice can be made here: a saved scene may name an engine that is not declared."""
    return choice in (AUTOMATIC, AUTO_MEASURED, ADAPTED) or choice.partition(":")[0] in engine_specs()


def time_to_expect(name: str) -> str:
    """Return the purpose of an engine and the time that it takes for a clinical cine on a laptop without a GPU."""
    spec = find_engine(name)
    variant = spec.variants.get(name.partition(":")[2])
    return f"{_(variant.description if variant else spec.description)} {_(spec.expected_time)}"
