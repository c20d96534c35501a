"""temporal-interp adapt: fine-tune the trained network on the acquired frames of one sequence."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import (
    ComponentOption,
    DeviceOption,
    ForceOption,
    InputArgument,
    JsonOption,
    SeriesOption,
)
from temporal_interp.cli.outputs import file_output, require_outputs
from temporal_interp.cli.reading import read_input
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from temporal_interp.workflows.adaptation import Adaptation, AdaptationSettings


def adapt(
    input_path: InputArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The adapted model, a .safetensors file, to write.")
    ],
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="The student to start from; the default one if left out.")
    ] = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    every: Annotated[
        int, typer.Option(metavar="K", help="Use only every K-th frame, to measure the gain on the others.")
    ] = 1,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Learn for at most N epochs; 4 if left out.")] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Adapt the network to one sequence: it learns what the velocity field says of these frames. This takes minutes.

    Some frames are held out, from the velocity field, too. One half of them tells when to stop; without a gain on them
    the network is kept as it was. The other half decides nothing, and measures the gain. Then it learns from all
    frames. Use the result with
    `temporal-interp interpolate INPUT --engine student:FILE`.
    """
    start = None if model is None else Path(model)
    require_outputs(file_output(output, (".safetensors",)), inputs=[input_path, start], force=force)

    where = choose_device(device)

    from temporal_interp.models.registry import Registry
    from temporal_interp.training.logic import Hardware
    from temporal_interp.workflows.adaptation import adapt as run_adaptation

    console, started = Console(json), time.monotonic()
    registry = Registry()
    sequence = read_input(input_path, console, series, component).acquired()
    student = registry.file_of(model, "student", sequence.images)
    require_outputs(file_output(output, (".safetensors",)), inputs=[student], force=force)  # found by name
    with console.progress("Adapting") as progress:
        result = run_adaptation(
            sequence,
            student,
            output,
            frames=range(0, len(sequence), every),
            settings=_settings(epochs),
            hardware=Hardware({"cuda": "gpu"}.get(where.partition(":")[0], where), 1),
            progress=progress,
        )
    seconds = round(time.monotonic() - started, 1)
    values = {"model": output, "epochs": result.epochs, "seconds": seconds}
    values |= {"deciding": list(result.deciding), "held_out": list(result.held_out)}
    values |= {"gain_before_db": result.gain_before, "gain_after_db": result.gain_after}
    console.result(
        values,
        f"{output}: {_outcome(result)} ({seconds} s).",
        f"Use it: temporal-interp interpolate {input_path} -o OUT --factor 4 --engine student:{output}",
    )


def _outcome(result: Adaptation) -> str:
    decided, measured = (", ".join(map(str, frames)) for frames in (result.deciding, result.held_out))
    if not result.epochs:
        return f"no gain on frames {decided}, held out to tell; the network is as it was"
    return (
        f"{result.gain_after:+.2f} dB over the linear blend in the moving region of frames {measured}, held out to "
        f"measure it, {result.gain_before:+.2f} dB before. Frames {decided}, held out to tell when to stop, were best "
        f"after {result.epochs} epoch{'' if result.epochs == 1 else 's'}"
    )


def _settings(epochs: int | None) -> AdaptationSettings:
    from dataclasses import replace

    from temporal_interp.workflows.adaptation import AdaptationSettings

    settings = AdaptationSettings()
    return settings if epochs is None else replace(settings, training=replace(settings.training, epochs=epochs))
