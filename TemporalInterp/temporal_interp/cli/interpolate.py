"""temporal-interp interpolate: frames between two acquired frames, or in every gap of a sequence."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.dicom_output import AnonymiseOption, DicomOption, DicomRequest, SyntheticOnlyOption
from temporal_interp.cli.films import SecondsOption, SliceOption, WindowOption, film_output
from temporal_interp.cli.options import (
    ComponentOption,
    CyclicOption,
    DeviceOption,
    EngineOption,
    ForceOption,
    InputArgument,
    JsonOption,
    SeriesOption,
)
from temporal_interp.cli.outputs import (
    folder_output,
    require_content,
    require_outputs,
    sequence_output,
)
from temporal_interp.cli.reading import read_input
from temporal_interp.cli.room import require_room_for_sequence
from temporal_interp.engines.registry import AUTO, AUTO_MEASURED
from temporal_interp.errors import InvalidInputError, errors_naming
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.protocol import Engine
    from temporal_interp.workflows.measured_choice import MeasuredChoice
    from temporal_interp.workflows.request import Request


def interpolate(
    input_path: InputArgument,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT", help="A .seq.nrrd or .nii.gz file, a folder, or an .mp4 or .gif film."
        ),
    ],
    first: Annotated[
        int | None, typer.Option("--from", metavar="N", help="Number of the frame to start from; the first is 0.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", metavar="N", help="Number of the frame to end at.")] = None,
    times: Annotated[
        str | None, typer.Option(metavar="T,T,...", help="Times to synthesise, in the unit of the sequence's index.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(metavar="N", help="Synthesise N evenly spaced frames between --from and --to.")
    ] = None,
    factor: Annotated[
        int | None,
        typer.Option(metavar="K", help="Multiply the frame rate of the whole sequence by K."),
    ] = None,
    in_all: Annotated[
        int | None,
        typer.Option(metavar="N", help="Make N evenly spaced frames of the whole sequence, in place of --factor."),
    ] = None,
    cyclic: CyclicOption = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    engine: EngineOption = AUTO,
    fields: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write the displacement fields of every frame, and their Jacobians."),
    ] = None,
    uncertainty: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the error to expect of every frame, one standard deviation in the unit of the image; "
            "acquired frames are hidden to learn it, which takes about three times as long.",
        ),
    ] = None,
    slices: SliceOption = None,
    window: WindowOption = None,
    film_seconds: SecondsOption = None,
    dicom: DicomOption = None,
    synthetic_only: SyntheticOnlyOption = False,
    anonymise: AnonymiseOption = False,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Synthesise the frames between acquired frames.

    Give --from and --to with --times or --count, or --factor or --in-all for the whole sequence.

    In a loop, such as a whole beat, these two also fill the gap from the last frame back to the first.

    Acquired frames are kept as they are; every synthetic frame is marked as such.
    """
    from temporal_interp.workflows.field_files import collecting, file_names

    request = _request(first, last, _parsed_times(times), count, factor, in_all, cyclic)
    field_output = folder_output(fields, "--fields", file_names())
    film = film_output(output, slices, window, film_seconds)
    as_dicom = DicomRequest(dicom, synthetic_only, anonymise)
    if dicom is not None and film is not None:
        raise typer.BadParameter(f"--dicom writes a folder, and {output.name} is a film; choose one of them.")
    if dicom is not None:
        target = as_dicom.folder(output, input_path)
    else:
        target = sequence_output(output) if film is None else film.output
    error_output = None if uncertainty is None else sequence_output(uncertainty, "--uncertainty")
    require_outputs(target, error_output, field_output, inputs=[input_path], force=force)

    from temporal_interp.data.provenance import MODEL_KEY
    from temporal_interp.engines.choice import choose_engine
    from temporal_interp.io import notes_on_writing, write_sequence
    from temporal_interp.io.atomic import atomic_folder
    from temporal_interp.workflows.interpolation import run
    from temporal_interp.workflows.measured_choice import MeasuredChoice
    from temporal_interp.workflows.uncertainty import run_with_errors

    console, started, told = Console(json), time.monotonic(), dict[str, object]()
    where = choose_device(device)
    automatic = engine in (AUTO, AUTO_MEASURED)
    chosen = None if automatic else _create(engine, where, fields)  # a wrong name is told of at once
    sequence = read_input(input_path, console, series, component)
    for note in sequence.notes:
        console.note(note)
    headers = None if dicom is None else as_dicom.source(input_path, series, component)
    if chosen is None:
        choice = (
            choose_engine(sequence.geometry, sequence.slice_thickness, device=where)
            if engine == AUTO
            else _measured(sequence.as_cyclic(cyclic), where, console)
        )
        console.note(choice.reason)
        told |= {"choice": choice.in_words} if isinstance(choice, MeasuredChoice) else {}
        engine, chosen = choice.name, _create(choice.name, where, fields)
    if first is None and cyclic is None and sequence.period is not None:
        console.note(
            f"The sequence is a loop of {sequence.with_unit(sequence.period)}; the gap from its last frame back to the "
            "first is filled, too. --no-cyclic leaves it."
        )
    if film is not None:
        film.require(sequence)
    _require_fits(request, sequence, None if film else output, fields, None if dicom is None else as_dicom)
    if dicom is not None:
        as_dicom.require_fits(sequence, headers, request.frame_count(sequence))
    if uncertainty is not None:
        _require_errors_fit(request, sequence, uncertainty)

    with ExitStack() as stack:
        collected = None if fields is None else stack.enter_context(collecting(engine, fields))
        on_frame = None if collected is None else collected.add
        with console.progress("Interpolating") as progress:
            if uncertainty is None:
                result, errors = run(request, sequence, chosen, on_frame=on_frame, progress=progress), None
            else:
                result, errors = run_with_errors(request, sequence, chosen, on_frame=on_frame, progress=progress)
        if fields is not None and collected is not None:
            folder = stack.enter_context(atomic_folder(fields, overwrite=True))
            collected.write(folder, index_name=sequence.index_name, unit=sequence.unit)
        if dicom is not None:
            with console.progress("Writing") as progress:
                notes = as_dicom.write(result, output, headers, force=force, progress=progress)
        elif film is not None:
            output.absolute().parent.mkdir(parents=True, exist_ok=True)
            notes = film.write(result)
        else:
            output.absolute().parent.mkdir(parents=True, exist_ok=True)
            write_sequence(result, output, overwrite=force)
            notes = notes_on_writing(result, output)
        if uncertainty is not None and errors is not None:
            uncertainty.absolute().parent.mkdir(parents=True, exist_ok=True)
            write_sequence(errors.sequence, uncertainty, overwrite=force)
    for note in notes:
        console.note(note)

    made, seconds = result.synthetic_frames, round(time.monotonic() - started, 1)
    values: dict[str, object] = {"output": output, "fields": fields, "engine": engine, **told}
    model = next((result.item_attributes[number].get(MODEL_KEY, "") for number in made), chosen.model)
    values |= {"settings": chosen.settings, "model": model}
    values |= {"frames": len(result), "synthetic_frames": made, "period": result.period, "seconds": seconds}
    shown = [f"{output}: {len(result)} frames, {len(made)} of them synthetic ({engine}, {seconds} s)."]
    if fields is not None:
        shown.append(f"{fields}: displacement fields (LPS mm) and their Jacobian determinants.")
    if errors is not None:
        values |= {"uncertainty": uncertainty, "expected_error": errors.as_values()}
        values |= {"expected_error_in_words": errors.in_words}
        shown.append(f"{uncertainty}: the error to expect, {errors.in_words}.")
    console.result(values, *shown)


def _measured(sequence: Sequence, device: str, console: Console) -> MeasuredChoice:
    """Return the engine that predicts hidden frames of the sequence best; its table is shown."""
    from temporal_interp.workflows.measured_choice import measure_engines

    with console.progress("Measuring engines") as progress:
        choice = measure_engines(sequence, device=device, progress=progress)
    for line in choice.in_lines():
        console.note(line)
    return choice


def _create(name: str, device: str, fields: Path | None) -> Engine:
    """Return the engine of a name; refuse one that has no fields where they are wanted."""
    from temporal_interp.engines.registry import create_engine, find_engine

    engine = create_engine(name, device=device)
    if fields is not None and not find_engine(name).has_motion:
        raise InvalidInputError(f"The engine {name} has no displacement fields; leave out --fields.")
    return engine


def _require_fits(
    request: Request, sequence: Sequence, output: Path | None, fields: Path | None, as_dicom: DicomRequest | None
) -> None:
    """Refuse, before the work, a result that cannot be written, or kept in memory; a film has no `output` here."""
    from temporal_interp.data.sequence import require_apart
    from temporal_interp.io.format_registry import Planned
    from temporal_interp.workflows.field_files import DISK_BYTES
    from temporal_interp.workflows.request import result_times

    shape, count = sequence.geometry.shape, request.frame_count(sequence)
    also = {} if fields is None else {fields: DISK_BYTES * count * math.prod(shape)}
    # first: so many times may not fit into memory
    share = None if as_dicom is None else as_dicom.DISK_SHARE
    require_room_for_sequence(output, count, shape, sequence[0].array.dtype, also, disk_share=share)
    times = result_times(request, sequence)
    if output is not None and as_dicom is None:
        require_content(output, Planned(times, sequence.unit, shape, sequence.volumes))
    if fields is not None:
        with errors_naming(fields):
            require_apart(times, sequence.unit)


def _require_errors_fit(request: Request, sequence: Sequence, uncertainty: Path) -> None:
    """Refuse, before the work, errors that cannot be written."""
    import numpy as np

    from temporal_interp.io.format_registry import Planned
    from temporal_interp.workflows.request import result_times

    shape = sequence.geometry.shape
    require_room_for_sequence(uncertainty, request.frame_count(sequence), shape, np.dtype(np.float32))
    require_content(uncertainty, Planned(result_times(request, sequence), sequence.unit, shape, sequence.volumes))


def _request(
    first: int | None,
    last: int | None,
    times: list[float] | None,
    count: int | None,
    factor: int | None,
    in_all: int | None,
    cyclic: bool | None,
) -> Request:
    """Return the request of the options; a contradiction is a usage error."""
    from temporal_interp.workflows.request import BetweenPhases, FramesInAll, WholeSequence

    if in_all is not None:
        if any(option is not None for option in (first, last, times, count, factor)):
            raise typer.BadParameter(
                "--in-all is for the whole sequence; omit --factor, --from, --to, --times, --count."
            )
        return FramesInAll(in_all, cyclic)
    if factor is not None:
        if any(option is not None for option in (first, last, times, count)):
            raise typer.BadParameter("--factor fills every gap; omit --from, --to, --times and --count.")
        return WholeSequence(factor, cyclic)
    if first is None or last is None:
        raise typer.BadParameter("Give --from and --to, or --factor or --in-all for the whole sequence.")
    if times is not None and count is None:
        return BetweenPhases(first, last, times, cyclic)
    if count is not None and times is None:
        return BetweenPhases(first, last, count, cyclic)
    raise typer.BadParameter("Give either --times or --count with --from and --to.")


def _parsed_times(times: str | None) -> list[float] | None:
    try:
        return None if times is None else [float(value) for value in times.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"--times takes numbers separated by commas, got '{times}'.") from error
