"""temporal-interp train: train the teacher, then the student."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import EXIT_CODES, CommandGroup
from temporal_interp.cli.options import JsonOption
from temporal_interp.cli.outputs import require_outputs, state_output
from temporal_interp.errors import CancelledError

if TYPE_CHECKING:
    from temporal_interp.data.training_sample import SampleSource
    from temporal_interp.training.configuration import Configuration
    from temporal_interp.training.logic import TrainingLogic

    Sources = tuple[SampleSource, SampleSource | None]

app = typer.Typer(
    cls=CommandGroup,
    help="Train the network: the teacher first, then the student that learns from it.",
    no_args_is_help=True,
    epilog=EXIT_CODES,
)

ConfigOption = Annotated[
    str,
    typer.Option(
        "--config",
        metavar="FILE|NAME",
        help="A YAML file, or the name of one that comes with the program: acdc-paper and lung4d-paper (the paper to "
        "the letter); acdc, lung4d, folder and synthetic (ours).",
    ),
]
OutputOption = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Folder for checkpoints, logs and models; a training there is resumed.",
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of the data set, if the file does not name it; synthetic subjects are kept there.",
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Folder in which patients' data are kept as they are prepared, so that they are read once; trainings may "
        "share it. Default: the folder 'prepared' in the output.",
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option(metavar="N", help="Draw samples in N processes beside the one that trains.")
]
EpochsOption = Annotated[int | None, typer.Option(metavar="N", help="Train for N epochs instead.")]
AcceleratorOption = Annotated[str, typer.Option(metavar="auto|cpu|gpu|mps", help="Hardware to compute on.")]
DevicesOption = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        help="Number of GPUs, or of processes on a CPU. They share every batch; its size is that of the file.",
    ),
]
NodesOption = Annotated[int, typer.Option(metavar="N", help="Number of machines; under SLURM, the number allocated.")]


@app.command(epilog=EXIT_CODES)
def teacher(
    config: ConfigOption,
    output: OutputOption,
    data: DataOption = None,
    cache: CacheOption = None,
    epochs: EpochsOption = None,
    workers: WorkersOption = None,
    accelerator: AcceleratorOption = "auto",
    devices: DevicesOption = "auto",
    nodes: NodesOption = 1,
    json: JsonOption = False,
) -> None:
    """Train the teacher, which sees the target frame. Its model is DIR/teacher/teacher.safetensors."""
    _require_output(output, "teacher", inputs=_file(config))
    given = configuration_of(config, output, data=data, cache=cache, epochs=epochs, workers=workers)

    def stage(logic: TrainingLogic, sources: Sources) -> Path:
        return logic.train_teacher(given.network, *sources, about={"data": given.data.as_dict()})

    _train("teacher", stage, given, output, (accelerator, devices, nodes), json=json)


@app.command(epilog=EXIT_CODES)
def student(
    config: ConfigOption,
    output: OutputOption,
    data: DataOption = None,
    teacher: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The teacher's model; DIR/teacher/teacher.safetensors if it exists."),
    ] = None,
    distil: Annotated[bool, typer.Option("--distil/--no-distil", help="Train with a teacher, or without one.")] = True,
    start: Annotated[Path | None, typer.Option(metavar="FILE", help="A student's model to start from.")] = None,
    cache: CacheOption = None,
    epochs: EpochsOption = None,
    workers: WorkersOption = None,
    accelerator: AcceleratorOption = "auto",
    devices: DevicesOption = "auto",
    nodes: NodesOption = 1,
    json: JsonOption = False,
) -> None:
    """Train the student, which does not see the target frame. Its model is DIR/student/student.safetensors."""
    if not distil and teacher is not None:
        raise typer.BadParameter("Give --teacher or --no-distil, not both.")
    _require_output(output, "student", inputs=[*_file(config), teacher, start])
    given = configuration_of(config, output, data=data, cache=cache, epochs=epochs, workers=workers)

    def stage(logic: TrainingLogic, sources: Sources) -> Path:
        return logic.train_student(
            given.network,
            *sources,
            teacher=_teacher(output, teacher) if distil else None,
            start=start,
            about={"data": given.data.as_dict()},
        )

    _train("student", stage, given, output, (accelerator, devices, nodes), json=json)


def _file(config: str) -> list[Path]:
    """Return the file of a configuration; those that come with the program have none that could be replaced."""
    return [Path(config)] if Path(config).is_file() else []


def _require_output(output: Path, kind: str, inputs: Sequence[Path | None]) -> None:
    """Refuse, before the work, a folder that cannot be one, or in which an input would be replaced."""
    names = (f"{kind}.safetensors", "best.safetensors", "last.safetensors", "settings.json", "log.csv")
    require_outputs(state_output(output, "--output", [f"{kind}/{name}" for name in names]), inputs=inputs, force=True)


def _teacher(output: Path, given: Path | None) -> Path:
    from temporal_interp.errors import InvalidInputError

    teacher = given or output / "teacher" / "teacher.safetensors"
    if not teacher.is_file():
        raise InvalidInputError(
            f"There is no teacher at {teacher}. Train one first with `temporal-interp train teacher`, "
            "or train without one with --no-distil."
        )
    return teacher


def configuration_of(
    config: str,
    output: Path,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    epochs: int | None = None,
    workers: int | None = None,
    subjects: int | None = None,
) -> Configuration:
    """Return a configuration with what the options of a command replace; an option that is None replaces nothing."""
    from dataclasses import replace

    from temporal_interp.training.configuration import find_configuration

    given = find_configuration(config)
    of_data: dict[str, Any] = {
        "folder": data,
        "cache": cache or given.data.cache or output / "prepared",
        "subjects": subjects,
    }
    of_stage: dict[str, Any] = {"epochs": epochs, "workers": workers}
    return replace(
        given,
        data=replace(given.data, **_given(of_data)),
        teacher=replace(given.teacher, **_given(of_stage)),
        student=replace(given.student, **_given(of_stage)),
    )


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


@contextmanager
def warnings_as_notes(console: Console) -> Iterator[None]:
    """Show warnings as notes, in words alone and each one once; of several processes only the first shows them."""
    from lightning.pytorch.utilities import rank_zero_only

    shown: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        if (words := str(message)) not in shown:
            shown.add(words)
            rank_zero_only(console.note)(words)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _train(
    kind: str,
    stage: Callable[[TrainingLogic, Sources], Path],
    given: Configuration,
    output: Path,
    hardware: tuple[str, str, int],
    *,
    json: bool,
) -> None:
    from lightning.pytorch.utilities import rank_zero_only

    from temporal_interp.training.datasets.catalogue import sample_sources
    from temporal_interp.training.logic import Hardware, TrainingLogic

    console = Console(json)
    settings = given.teacher if kind == "teacher" else given.student
    accelerator, devices, nodes = hardware
    where = Hardware(accelerator, int(devices) if devices.isdigit() else devices, nodes)
    with warnings_as_notes(console), console.progress(f"Training the {kind}") as progress:
        logic = TrainingLogic(output, settings, hardware=where, progress=progress)
        try:
            model = stage(logic, sample_sources(given.data))
        except (CancelledError, KeyboardInterrupt) as error:
            raise CancelledError("Cancelled; the same command resumes after the last finished epoch.") from error
    # the other processes of the same training stay silent
    rank_zero_only(console.result)(
        {"model": model},
        f"The {kind} is in {model}. Curves: tensorboard --logdir {output}, or {output / kind / 'log.csv'}",
    )
