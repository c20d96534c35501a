"""What the section shows of the engine and the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

AUTO, CPU = "auto", "cpu"


@dataclass(frozen=True)
class State:
    """What is known when the section is shown.

    Attributes:
        engines: text of every choice of engine, by its name.
        engine: the chosen one; it may be one that is not offered.
        engine_is_there: it is declared here; a saved scene may name one that is not.
        engine_not_there: name of an engine that was chosen, is not there, and was replaced by the automatic choice; ""
            for none.
        why: where the choice is left to the program, which engine that is and why.
        expected: the time that it takes, and its purpose where the user chose it.
        refusal: why it cannot compute, "" where it can.
        devices: text of every device, by its name.
        there: names of the devices of this computer; None while that is not known yet.
        device: the chosen one.
        not_there: name of a device that was chosen, is not there, and was replaced by "auto"; "" for none.
        no_sequence: why the sequence cannot be used, "" where it can.
        adapting: the network is being adapted.
    """

    engines: Mapping[str, str]
    engine: str
    engine_is_there: bool = True
    engine_not_there: str = ""
    why: str = ""
    expected: str = ""
    refusal: str = ""
    devices: Mapping[str, str] | None = None
    there: Sequence[str] | None = None
    device: str = AUTO
    not_there: str = ""
    no_sequence: str = ""
    adapting: bool = False


@dataclass(frozen=True)
class View:
    """What the section shows.

    Attributes:
        engines: texts of the choices.
        engine: place of the chosen one.
        engine_falls_back: the chosen engine is not there, and has to be replaced by the automatic choice.
        info: what to expect.
        devices: names of the devices that can be chosen; none where there is no choice.
        device_texts: their texts.
        device: place of the chosen one; -1 where there is no choice.
        device_note: what became of a device that is not there.
        fall_back: the chosen device is not there, and has to be replaced by "auto".
        no_adapting: why the network cannot be adapted.
    """

    engines: Sequence[str]
    engine: int
    engine_falls_back: bool = False
    info: str = ""
    devices: Sequence[str] = ()
    device_texts: Sequence[str] = ()
    device: int = -1
    device_note: str = ""
    fall_back: bool = False
    no_adapting: str = ""


def present(state: State) -> View:
    """Return what is shown."""
    choices = list(state.engines)
    texts = list(state.engines.values())
    if state.engine not in choices:
        choices, texts = [*choices, state.engine], [*texts, state.engine]
    devices = _devices(state)
    return View(
        engines=texts,
        engine=choices.index(state.engine),
        engine_falls_back=not state.engine_is_there,
        info=_info(state),
        devices=devices,
        device_texts=[state.devices[name] for name in devices],
        device=devices.index(state.device) if state.device in devices else -1,
        device_note=_device_note(state),
        fall_back=state.there is not None and state.device not in (AUTO, *state.there),
        no_adapting="" if state.adapting else state.no_sequence,
    )


def _devices(state: State) -> list[str]:
    """Return the devices to choose from: none before they are known, nor where the processor is the only one."""
    there = [name for name in state.there or () if name in (state.devices or {})]
    return [AUTO, *there] if set(there) - {CPU} else []


def _info(state: State) -> str:
    note = ""
    if state.engine_not_there:
        note = _("'{engine}' was chosen, and there is no such engine here: the choice is automatic.").format(
            engine=state.engine_not_there
        )
    told = [] if state.no_sequence else [state.refusal] if state.refusal else [state.why, state.expected]
    return " ".join(filter(None, [note, *told]))


def _device_note(state: State) -> str:
    if not state.not_there:
        return ""
    return _("'{device}' was chosen, and this computer has none that PyTorch can use: the choice is automatic.").format(
        device=(state.devices or {}).get(state.not_there, state.not_there)
    )
