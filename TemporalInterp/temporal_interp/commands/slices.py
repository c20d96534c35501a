"""temporal-interp slices: put slices between the slices of volumes, and measure how well that goes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.commands.console import Console
from temporal_interp.commands.exits import EXIT_CODES, CommandGroup
from temporal_interp.commands.options import DeviceOption, ForceOption, JsonOption
from temporal_interp.commands.outputs import filled_folder, require_file_output, require_folder_output
from temporal_interp.commands.slices_output import require_room, require_slices_output, write_slices
from temporal_interp.devices import choose_device
from temporal_interp.errors import InvalidInputError, part_of

if TYPE_CHECKING:
    from temporal_interp.evaluation.slice_methods import SliceMethod
    from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings, SliceTrainingSettings
    from temporal_interp.slices.synthesis_model import SliceSynthesis

app = typer.Typer(
    cls=CommandGroup,
    help="Put slices between the slices of a volume or of every frame of a sequence. The networks learn from the "
    "volume itself; no truth is needed.",
    no_args_is_help=True,
    epilog=EXIT_CODES,
)

INPUT = "A volume or a sequence: .nrrd, .seq.nrrd, .nii.gz, or a folder of DICOM images."

FactorOption = Annotated[
    int, typer.Option("--factor", "-r", metavar="2|3|4", help="How many times closer the slices come to lie.")
]
StepsOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Train for so many steps; more take longer and fit better.")
]
BlurredOption = Annotated[
    bool,
    typer.Option(
        "--blurred",
        help="Learn to undo slices that are as thick as they lie apart, and noise. Left out, thin slices with gaps.",
    ),
]


@app.command(epilog=EXIT_CODES)
def apply(
    input_path: Annotated[Path, typer.Argument(metavar="INPUT", help=INPUT)],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", help="A .nrrd (one volume), .seq.nrrd or .nii.gz file to write."),
    ],
    factor: FactorOption = 2,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="A trained model. Left out, one is fitted to the input: some minutes."),
    ] = None,
    steps: StepsOption = None,
    blurred: BlurredOption = False,
    keep_acquired: Annotated[
        bool,
        typer.Option("--keep-acquired/--all-synthetic", help="Leave acquired slices as they are, or synthesise all."),
    ] = True,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Put slices between the slices of a volume, or of every frame of a sequence."""
    if model is not None and (steps is not None or blurred):
        raise typer.BadParameter("--steps and --blurred are for fitting; leave them out, or leave --model out.")
    require_slices_output(output, force=force)

    from temporal_interp.files import read_sequence
    from temporal_interp.slices.fit_volume import fit_to_volumes, new_model
    from temporal_interp.slices.synthesise import add_slices_to_sequence

    console, started = Console(json), time.monotonic()
    where = choose_device(device)
    sequence = read_sequence(input_path)
    require_room(output, len(sequence))
    for note in sequence.notes:
        console.note(note)
    with console.progress("Adding slices") as progress:
        if model is None:
            networks = new_model(factor).to(where)
            fitting = part_of(progress, 0.0, 0.8)
            fit_to_volumes(networks, sequence.volumes, _settings(steps, blurred), progress=fitting)
            source = {"SliceModel": "fitted to these images"}
            progress = part_of(progress, 0.8, 1.0)
        else:
            networks, source = _loaded(model, factor, where)
        result = add_slices_to_sequence(
            sequence, networks, source=source, keep_acquired=keep_acquired, progress=progress
        )
    write_slices(result, output, force=force)
    seconds = round(time.monotonic() - started, 1)
    before, after = sequence.volumes[0].geometry, result.volumes[0].geometry
    console.result(
        {"output": output, "frames": len(result), "slices": after.shape[0], "spacing_mm": after.spacing[2]}
        | {"model": source["SliceModel"], "seconds": seconds},
        f"{output}: {after.shape[0]} slices every {after.spacing[2]:.4g} mm instead of {before.shape[0]} every "
        f"{before.spacing[2]:.4g} mm ({seconds} s).",
    )


@app.command(epilog=EXIT_CODES)
def train(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT...", help=f"{INPUT} Several are learnt from together.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The model, .safetensors, to write.")],
    factor: FactorOption = 2,
    steps: StepsOption = None,
    blurred: BlurredOption = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Networks and training as large as in the paper: for a GPU.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the state here; a training that was stopped goes on from it."),
    ] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Train the networks on volumes, without any truth, for `slices apply --model FILE`."""
    require_file_output(output, (".safetensors",), force=force)

    from dataclasses import asdict

    from temporal_interp.files import read_sequence
    from temporal_interp.slices.fit_volume import fit_to_volumes, new_model
    from temporal_interp.slices.model_file import save_slice_model

    console, started = Console(json), time.monotonic()
    where, settings = choose_device(device), _settings(steps, blurred, paper=paper)
    volumes = [volume for path in inputs for volume in read_sequence(path).volumes]
    networks = new_model(factor, **_networks(paper=paper)).to(where)
    with console.progress("Training") as progress:
        fit_to_volumes(networks, volumes, settings, checkpoint=checkpoint, progress=progress)
    about = {"trained_on": ", ".join(path.name for path in inputs), "settings": asdict(settings)}
    save_slice_model(networks, output, about)
    seconds = round(time.monotonic() - started, 1)
    console.result(
        {"model": output, "volumes": len(volumes), "seconds": seconds},
        f"{output}: trained on {len(volumes)} volumes ({seconds} s).",
        f"Use it: temporal-interp slices apply INPUT -o OUT --factor {factor} --model {output}",
    )


@app.command(epilog=EXIT_CODES)
def evaluate(
    input_path: Annotated[Path, typer.Argument(metavar="INPUT", help="A volume with close slices, to be held out.")],
    factors: Annotated[
        list[int] | None,
        typer.Option("--factor", "-r", metavar="2|3|4", help="Hold out all but every so-many-th slice. Left out, 2."),
    ] = None,
    blurred: Annotated[
        bool,
        typer.Option("--blurred", help="Blur before holding out, and add noise. Left out, neither."),
    ] = False,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME|FILE", help="A trained model to compare, once for each."),
    ] = None,
    fit: Annotated[bool, typer.Option("--fit/--no-fit", help="Also fit networks to the slices that are left.")] = True,
    views: Annotated[bool, typer.Option("--views", help="Also score each view of the fitted networks alone.")] = False,
    steps: StepsOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write the tables here.")] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Hold slices out and put them back, beside nearest, linear, cubic and sinc interpolation, in one run."""
    if output is not None:
        require_folder_output(output, force=force)

    from temporal_interp.evaluation.slice_table import as_table, evaluate_slices, table_lines
    from temporal_interp.files import read_sequence
    from temporal_interp.slices.degradation import Degradation

    console, where = Console(json), choose_device(device)
    sequence = read_sequence(input_path)
    if len(sequence) > 1:
        raise InvalidInputError(f"{input_path} has {len(sequence)} frames; slices are evaluated on a single volume.")
    degradation = Degradation.BLURRED if blurred else Degradation.DIRECT
    chosen = list(dict.fromkeys(factors or [2]))
    fitting = _settings(steps, blurred) if fit else None
    evaluations = []
    with console.progress("Evaluating") as progress:
        for number, factor in enumerate(chosen):
            part = part_of(progress, number / len(chosen), (number + 1) / len(chosen))
            methods = _methods(factor, models or [], fitting, where, views=views)
            evaluations.append(evaluate_slices(sequence.volumes[0], factor, degradation, methods, progress=part))
    tables = [
        as_table(
            evaluation,
            title=f"{input_path.name}: every {evaluation.factor}th slice given, {evaluation.degradation}",
            caption="'held out' is the PSNR of the slices that were put back. Wall time, fitting included, on this "
            f"machine, {os.cpu_count()} processors.",
        )
        for evaluation in evaluations
    ]
    lines = [line for evaluation in evaluations for line in table_lines(evaluation)]
    if output is not None:
        from temporal_interp.evaluation.report import as_text, write_lines

        with filled_folder(output) as folder:
            (folder / "table.txt").write_text(as_text(tables), encoding="utf-8")
            write_lines(lines, folder / "scores.csv")
    console.result({"input": input_path, "output": output, "rows": lines}, *tables)


def _settings(steps: int | None, blurred: bool, *, paper: bool = False) -> SliceTrainingSettings:
    from dataclasses import replace

    from temporal_interp.slices.degradation import Degradation
    from temporal_interp.slices.settings import SliceTrainingSettings

    settings = SliceTrainingSettings.paper() if paper else SliceTrainingSettings()
    settings = replace(settings, degradation=Degradation.BLURRED if blurred else Degradation.DIRECT)
    return settings if steps is None else replace(settings, steps=steps)


def _networks(*, paper: bool) -> dict[str, SliceNetworkSettings | PixelNetworkSettings]:
    from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings

    if not paper:
        return {}
    return {"slice_network": SliceNetworkSettings.paper(), "pixel_network": PixelNetworkSettings.paper()}


def _loaded(name_or_path: str, factor: int, device: str) -> tuple[SliceSynthesis, dict[str, str]]:
    """Return a trained model on a device, and the attributes that say which it is."""
    from temporal_interp.slices.model_file import slice_model_of
    from temporal_interp.weights.registry import Registry

    loaded = Registry().load(name_or_path)
    model = slice_model_of(loaded)
    if model.factor != factor:
        raise InvalidInputError(
            f"{name_or_path} brings slices {model.factor} times closer; give --factor {model.factor}."
        )
    return model.to(device), {"SliceModel": Path(name_or_path).name, "SliceModelSHA256": loaded.sha256}


def _methods(
    factor: int, models: list[str], fitting: SliceTrainingSettings | None, device: str, *, views: bool
) -> list[SliceMethod]:
    from temporal_interp.evaluation.slice_methods import (
        ClassicalSlices,
        FittedSlices,
        FittedView,
        SynthesisedSlices,
    )
    from temporal_interp.slices.classical import Classical
    from temporal_interp.slices.synthesise import View

    methods = [ClassicalSlices(method) for method in Classical]
    methods += [SynthesisedSlices(Path(name).name, _loaded(name, factor, device)[0]) for name in models]
    if fitting is not None:
        fitted = FittedSlices(fitting, device)
        methods += [fitted, *(FittedView(fitted, view) for view in View if views)]
    return methods
