"""temporal-interp slices: add slices between the slices of volumes, and evaluate the result."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import EXIT_CODES, CommandGroup
from temporal_interp.cli.options import ComponentOption, DeviceOption, ForceOption, JsonOption, SeriesOption
from temporal_interp.cli.outputs import file_output, folder_output, require_outputs, state_output
from temporal_interp.cli.pictures import drawn, tell_if_not_drawn
from temporal_interp.cli.slices_files import (
    read_slices,
    require_result_fits,
    slices_output,
    volumes_to_learn_from,
    write_slices,
)
from temporal_interp.errors import InvalidInputError, Progress, part_of
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from enum import StrEnum

    from temporal_interp.data.volume import Volume
    from temporal_interp.evaluation.slice_ablation import Part
    from temporal_interp.evaluation.slice_methods import SliceMethod
    from temporal_interp.evaluation.slice_table import SliceEvaluation
    from temporal_interp.slices.settings import SliceTrainingSettings
    from temporal_interp.slices.synthesis_model import SliceSynthesis

app = typer.Typer(
    cls=CommandGroup,
    help="Add slices between the slices of a volume or of every frame of a sequence. Tissue moves from slice to slice, "
    "or networks learn from the volume itself; no ground truth is needed.",
    no_args_is_help=True,
    epilog=EXIT_CODES,
)

MOTION, NETWORKS = "motion", "cross-view"
"""Names in tables of what `--quality quick` does, and of the networks that come with the program."""

INPUT = "A volume or a sequence: .nrrd, .seq.nrrd, .nii.gz, or a folder of DICOM images."

FactorOption = Annotated[
    int, typer.Option("--factor", "-r", metavar="2|3|4", help="How many times closer the slices become.")
]
StepsOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Number of training steps; more take longer and fit better.")
]
BlurredOption = Annotated[
    bool,
    typer.Option(
        "--blurred",
        help="Learn to restore slices as thick as their distance, with noise. Default: thin slices with gaps.",
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
    quality: Annotated[
        str | None,
        typer.Option(
            metavar="quick|fitted",
            help="quick: move the tissue from slice to slice, about a second a gap. fitted: networks that learn from "
            "the input correct the result, which takes some minutes. Default: quick, or fitted with --steps or "
            "--blurred.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Networks instead of --quality: your own, or slices-2x, slices-3x or slices-4x, which come with the "
            "program.",
        ),
    ] = None,
    steps: StepsOption = None,
    blurred: BlurredOption = False,
    keep_acquired: Annotated[
        bool,
        typer.Option("--keep-acquired/--all-synthetic", help="Keep acquired slices, or let networks synthesise all."),
    ] = True,
    errors: Annotated[
        Path | None,
        typer.Option(
            "--expected-error",
            metavar="FILE",
            help="Also write how wrong every synthetic voxel may be, in the unit of the images: slices that exist are "
            "made of their neighbours and compared. Takes as long again.",
        ),
    ] = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Add slices between the slices of a volume, or of every frame of a sequence."""
    from temporal_interp.slices.choices import Quality, require_factor

    require_factor(factor)
    if model is not None and quality is not None:
        raise typer.BadParameter("Give --quality or --model, not both.")
    for_fitting = steps is not None or blurred
    how = _chosen(Quality, quality or ("fitted" if for_fitting else "quick"), "--quality") if model is None else None
    if how is not Quality.FITTED and for_fitting:
        raise typer.BadParameter("--steps and --blurred are for fitting; omit them, or choose --quality fitted.")
    if how is Quality.QUICK and not keep_acquired:
        raise typer.BadParameter("--all-synthetic needs networks: choose --quality fitted, or give --model.")
    model_file = None if model is None else Path(model)
    outputs = [slices_output(path) for path in (output, errors) if path is not None]
    require_outputs(*outputs, inputs=[input_path, model_file], force=force)

    where = choose_device(device)

    from temporal_interp.slices.add_slices import add_slices_to_sequence
    from temporal_interp.slices.expected_error import expected_error
    from temporal_interp.slices.quality import is_far_apart, with_closer_slices

    console, started = Console(json), time.monotonic()
    sequence = read_slices(input_path, console, series, component)
    for path in (output, errors):
        if path is not None:
            require_result_fits(path, sequence, factor)
    for note in sequence.notes:
        console.note(note)
    if how is Quality.FITTED and keep_acquired and is_far_apart(sequence.geometry, factor):
        console.note(
            "The new slices are much further apart than pixels: networks know nothing of what lies between, so they "
            "were not fitted, and tissue was moved alone."
        )
    with console.progress("Adding slices") as progress:
        error = None
        if errors is not None:
            error = expected_error(sequence, factor, device=where, progress=part_of(progress, 0.0, 0.5))
            progress = part_of(progress, 0.5, 1.0)
        if model is None:
            result = with_closer_slices(
                sequence,
                factor,
                how or Quality.QUICK,
                device=where,
                settings=_settings(steps, blurred, correcting=keep_acquired),
                keep_acquired=keep_acquired,
                progress=progress,
            )
        else:
            networks, source = _loaded(model, factor, where)
            result = add_slices_to_sequence(
                sequence, networks, source=source, keep_acquired=keep_acquired, progress=progress
            )
    for path in (output, errors):  # before the first of them is written
        if path is not None:
            path.absolute().parent.mkdir(parents=True, exist_ok=True)
    for note in [*result.notes[len(sequence.notes) :], *write_slices(result, output, force=force)]:
        console.note(note)
    if errors is not None and error is not None:
        write_slices(error, errors, force=force)
    seconds = round(time.monotonic() - started, 1)
    before, after, made_by = sequence.geometry, result.geometry, result.item_attributes[0]
    console.result(
        {"output": output, "frames": len(result), "slices": after.shape[0], "spacing_mm": after.spacing[2]}
        | {"method": made_by["TemporalInterp.SliceMethod"], "model": made_by.get("TemporalInterp.SliceModel", "")}
        | {"seconds": seconds},
        f"{output}: {after.shape[0]} slices every {after.spacing[2]:.4g} mm instead of {before.shape[0]} every "
        f"{before.spacing[2]:.4g} mm ({seconds} s).",
    )


@app.command(epilog=EXIT_CODES)
def train(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The model, .safetensors, to write.")],
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INPUT...]",
            help=f"{INPUT} Or a folder of .nrrd and .nii.gz files: all of them, without subfolders. "
            "The networks learn from all inputs together.",
        ),
    ] = None,
    factor: FactorOption = 2,
    steps: StepsOption = None,
    blurred: BlurredOption = False,
    fine: Annotated[
        bool, typer.Option("--fine", help="The slices of the inputs are as close as wanted: learn to restore them.")
    ] = False,
    synthetic: Annotated[
        int, typer.Option(metavar="N", min=0, help="Learn from N volumes of random tissues, which have close slices.")
    ] = 0,
    moved: Annotated[
        bool,
        typer.Option("--moved", help="Networks that correct what motion makes; they begin as those of the program."),
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Networks and training of the paper's size: for a GPU.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the state here; a stopped training resumes from it."),
    ] = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Train the networks on volumes, without ground truth, for `slices apply --model FILE`."""
    from temporal_interp.slices.choices import require_factor

    require_factor(factor)
    if not inputs and not synthetic:
        raise typer.BadParameter("Give images to learn from, or --synthetic N.")
    if synthetic and (inputs and not fine):
        raise typer.BadParameter("Random tissues have close slices: images that are used with them need --fine.")
    if paper and moved:
        raise typer.BadParameter("--paper trains networks of another size than those of the program; omit --moved.")
    if paper and (fine or synthetic):
        raise typer.BadParameter("--paper learns from thick slices; omit it, or omit --fine and --synthetic.")
    require_outputs(
        file_output(output, (".safetensors",)),
        state_output(checkpoint, "--checkpoint"),
        inputs=inputs or [],
        force=force,
    )

    from temporal_interp.slices.fit_volume import fit_to_volumes
    from temporal_interp.slices.model_file import save_slice_model

    console, started = Console(json), time.monotonic()
    where, settings = choose_device(device), _settings(steps, blurred, paper=paper, fine=fine or synthetic > 0)
    volumes = volumes_to_learn_from(inputs or [], console, series, component)
    networks = _new_networks(factor, paper=paper, moved=moved).to(where)
    with console.progress("Training") as progress:
        if synthetic:
            volumes += _random_tissues(synthetic, settings.seed, part_of(progress, 0.0, 0.1))
            progress = part_of(progress, 0.1, 1.0)
        fit_to_volumes(networks, volumes, settings, checkpoint=checkpoint, progress=progress)
    names = [*(path.name for path in inputs or []), *([f"random tissues ({synthetic} volumes)"] if synthetic else [])]
    about = {"trained_on": ", ".join(names), "settings": settings.as_dict()}
    save_slice_model(networks, output, about)
    seconds = round(time.monotonic() - started, 1)
    console.result(
        {"model": output, "volumes": len(volumes), "seconds": seconds},
        f"{output}: trained on {len(volumes)} volume{'s' * (len(volumes) > 1)} ({seconds} s).",
        f"Use it: temporal-interp slices apply INPUT -o OUT --factor {factor} --model {output}",
    )


@app.command(epilog=EXIT_CODES)
def evaluate(
    input_path: Annotated[Path, typer.Argument(metavar="INPUT", help="A volume with close slices, to be held out.")],
    factors: Annotated[
        list[int] | None,
        typer.Option("--factor", "-r", metavar="2|3|4", help="Hold out all but every r-th slice. Default: 2."),
    ] = None,
    blurred: Annotated[
        bool,
        typer.Option("--blurred", help="Blur before holding out, and add noise."),
    ] = False,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME|FILE", help="A trained model to compare; may be repeated."),
    ] = None,
    fit: Annotated[bool, typer.Option("--fit/--no-fit", help="Also fit networks to the remaining slices.")] = True,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART",
            help="Also fit without a part; may be repeated (Table 3 of the paper): distillation, coronal-distillation, "
            "sagittal-distillation, wavelets, memory or in-plane.",
        ),
    ] = None,
    views: Annotated[
        bool,
        typer.Option(
            "--views",
            help="Also score each view of all fitted networks alone, and every two together; with "
            "--without distillation that is Table 4 of the paper.",
        ),
    ] = False,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch", help="Fit from fresh networks, as in the paper, not from the model of the program."
        ),
    ] = False,
    steps: StepsOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write the table, the scores and pictures here."),
    ] = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Hold slices out and restore them, and compare with interpolation and registration across slices, in one run.

    motion is --quality quick; motion + fitted, whose networks have learnt from the remaining slices what motion leaves
    over, is --quality fitted; motion + networks has not learnt. cross-view are the networks of the program alone, and
    fitted the same after learning. syn needs the package antspyx.
    """
    from temporal_interp.evaluation.slice_ablation import Part
    from temporal_interp.slices.choices import require_factor

    for factor in factors or []:
        require_factor(factor)
    parts = [_chosen(Part, name, "--without") for name in dict.fromkeys(without or [])]
    if not fit and (parts or views or steps is not None):
        raise typer.BadParameter("--without, --views and --steps are for fitting; omit them, or omit --no-fit.")
    if Part.MEMORY in parts and not from_scratch:
        raise typer.BadParameter("The model of the program has a memory bank: --without memory needs --from-scratch.")
    names = [Path(name).name for name in models or []]
    if len(set(names)) < len(names):
        raise typer.BadParameter(f"Every --model needs a name of its own, got {', '.join(names)}.")
    require_outputs(folder_output(output), inputs=[input_path, *map(Path, models or [])], force=force)

    from temporal_interp.evaluation.slice_table import as_table, evaluate_slices, table_rows
    from temporal_interp.slices.degradation import Degradation

    console, where = Console(json), choose_device(device)
    sequence = read_slices(input_path, console, series, component)
    if len(sequence) > 1:
        raise InvalidInputError(f"{input_path} has {len(sequence)} frames; slices are evaluated on a single volume.")
    degradation = Degradation.BLURRED if blurred else Degradation.DIRECT
    chosen = list(dict.fromkeys(factors or [2]))
    fitting = _settings(steps, blurred) if fit else None
    correcting = _settings(steps, blurred, correcting=True) if fit else None
    evaluations = []
    with console.progress("Evaluating") as progress:
        for number, factor in enumerate(chosen):
            part = part_of(progress, number / len(chosen), (number + 1) / len(chosen))
            methods = _methods(
                factor,
                models or [],
                fitting,
                correcting,
                where,
                parts=parts,
                from_scratch=from_scratch,
                views=views,
            )
            evaluations.append(evaluate_slices(sequence.volumes[0], factor, degradation, methods, progress=part))
    tables = [as_table(evaluation, title=input_path.name) for evaluation in evaluations]
    rows = [row for evaluation in evaluations for row in table_rows(evaluation)]
    if output is not None:
        from temporal_interp.evaluation.report import as_text, write_csv
        from temporal_interp.io.atomic import atomic_folder

        ours = [MOTION, NETWORKS, *names, *(["fitted", f"{MOTION} + fitted"] if fit else [])]
        with atomic_folder(output, overwrite=True) as folder:
            (folder / "table.txt").write_text(as_text(tables), encoding="utf-8")
            write_csv(rows, folder / "scores.csv")
            not_drawn = drawn(folder, lambda pictures: _save_pictures(evaluations, pictures, ours, input_path.name))
        tell_if_not_drawn(not_drawn, console)
    console.result({"input": input_path, "output": output, "rows": rows}, *tables)


Choice = TypeVar("Choice", bound="StrEnum")


def _save_pictures(evaluations: list[SliceEvaluation], folder: Path, ours: list[str], title: str) -> None:
    from temporal_interp.figures.slice_comparison import save_slice_comparison

    for evaluation in evaluations:
        for cut in evaluation.cuts:
            path = folder / f"slices-{evaluation.factor}x-{cut.view}.png"
            save_slice_comparison(evaluation, cut, path, methods=[evaluation.best_classical, *ours], title=title)


def _chosen(kind: type[Choice], text: str, option: str) -> Choice:
    """Return the choice that the user made by its name."""
    if text not in list(kind):
        raise typer.BadParameter(f"{option} takes {', '.join(kind)}, got '{text}'.")
    return kind(text)


def _random_tissues(count: int, seed: int, progress: Progress) -> list[Volume]:
    from temporal_interp.simulation.random_volume import make_random_volume

    volumes = []
    for number in range(count):
        progress(number / count, f"random tissues {number + 1} of {count}")
        volumes.append(make_random_volume(seed, number))
    return volumes


def _settings(
    steps: int | None, blurred: bool, *, paper: bool = False, fine: bool = False, correcting: bool = False
) -> SliceTrainingSettings:
    from dataclasses import replace

    from temporal_interp.slices.degradation import Degradation
    from temporal_interp.slices.settings import SliceTrainingSettings

    kinds = SliceTrainingSettings
    usual = kinds.correcting if correcting else kinds
    settings = kinds.paper() if paper else kinds.fine() if fine else usual()
    settings = replace(settings, degradation=Degradation.BLURRED if blurred else Degradation.DIRECT)
    return settings if steps is None else replace(settings, steps=steps)


def _new_networks(factor: int, *, paper: bool, moved: bool) -> SliceSynthesis:
    from temporal_interp.slices.fit_volume import guided_from, new_model
    from temporal_interp.slices.quality import shipped_model
    from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings

    if moved:
        return guided_from(shipped_model(factor)[0])
    if not paper:
        return new_model(factor)
    return new_model(factor, slice_network=SliceNetworkSettings.paper(), pixel_network=PixelNetworkSettings.paper())


def _loaded(name_or_path: str, factor: int, device: str) -> tuple[SliceSynthesis, dict[str, str]]:
    """Return a trained model on a device, and the attributes that name it."""
    from temporal_interp.models.registry import Registry
    from temporal_interp.slices.model_file import slice_model_of

    loaded = Registry().load(name_or_path)
    model = slice_model_of(loaded)
    if model.factor != factor:
        raise InvalidInputError(
            f"{name_or_path} brings slices {model.factor} times closer; give --factor {model.factor}."
        )
    return model.to(device), {"SliceModel": Path(name_or_path).name, "SliceModelSHA256": loaded.sha256}


def _methods(
    factor: int,
    models: list[str],
    fitting: SliceTrainingSettings | None,
    correcting: SliceTrainingSettings | None,
    device: str,
    *,
    parts: list[Part],
    from_scratch: bool,
    views: bool,
) -> list[SliceMethod]:
    from temporal_interp.evaluation.pairwise_demons import fast_symmetric_demons
    from temporal_interp.evaluation.pairwise_syn import ANTS_DEFAULTS, is_available, syn
    from temporal_interp.evaluation.slice_methods import (
        SOME_VIEWS,
        ClassicalSlices,
        CorrectedSlices,
        FittedSlices,
        FittedViews,
        MovedSlices,
        SynthesisedSlices,
    )
    from temporal_interp.evaluation.slice_registration import RegisteredSlices
    from temporal_interp.slices.classical import Classical
    from temporal_interp.slices.quality import shipped_model

    methods: list[SliceMethod] = [ClassicalSlices(method) for method in Classical]
    methods.append(RegisteredSlices("demons", fast_symmetric_demons))
    if is_available():
        methods.append(RegisteredSlices("syn", syn(ANTS_DEFAULTS)))
    methods += [MovedSlices(device), SynthesisedSlices(NETWORKS, shipped_model(factor, device)[0])]
    methods += [SynthesisedSlices(Path(name).name, _loaded(name, factor, device)[0]) for name in models]
    methods.append(CorrectedSlices(None, device))
    if fitting is not None:
        methods.append(CorrectedSlices(correcting, device))
        for part in (None, *parts):
            fitted = FittedSlices(fitting, device, part, from_scratch)
            methods += [fitted, *(FittedViews(fitted, some) for some in SOME_VIEWS if views)]
    return methods
