"""temporal-interp interpolate: frames between two acquired frames, or in every gap of a sequence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import DeviceOption, EngineOption, ForceOption, InputArgument, JsonOption
from temporal_interp.cli.outputs import require_folder_output, require_sequence_output
from temporal_interp.errors import InvalidInputError, Progress
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.protocol import InterpolatedFrame, InterpolationEngine
    from temporal_interp.workflows.interpolation import OnFrame


def interpolate(
    input_path: InputArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="A .seq.nrrd or .nii.gz file, or a folder, to write.")
    ],
    first: Annotated[
        int | None, typer.Option("--from", metavar="N", help="Number of the frame to start from; the first is 0.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", metavar="N", help="Number of the frame to end at.")] = None,
    times: Annotated[
        str | None, typer.Option(metavar="T,T,...", help="Where to synthesise, in the unit of the sequence's index.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(metavar="N", help="Synthesise N evenly spaced frames between --from and --to.")
    ] = None,
    factor: Annotated[
        int | None, typer.Option(metavar="K", help="The whole sequence at K times its frame rate, instead of --from.")
    ] = None,
    cyclic: Annotated[
        bool, typer.Option("--cyclic", help="With --factor: also from the last frame back to the first.")
    ] = False,
    engine: EngineOption = None,
    fields: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Also write the displacement fields that make every frame, and their Jacobians."
        ),
    ] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Synthesise the frames between acquired frames.

    Give --from and --to with --times or --count, or --factor for the whole sequence.

    Acquired frames are kept as they are; every synthetic frame is marked as such.
    """
    request = _Request(first, last, _parsed_times(times), count, factor, cyclic)
    require_sequence_output(output, force=force)
    if fields is not None:
        require_folder_output(fields, force=force)

    from temporal_interp.engines.catalogue import DEFAULT_ENGINE, create_engine
    from temporal_interp.io import read_sequence, write_sequence

    console, started = Console(json), time.monotonic()
    where = choose_device(device)
    engine = engine or DEFAULT_ENGINE
    chosen = create_engine(engine, device=where)  # a wrong name is told of at once
    sequence = request.source(read_sequence(input_path))
    for note in sequence.notes:
        console.note(note)

    with _field_writer(fields, engine) as on_frame:
        with console.progress("Interpolating") as progress:
            result = request.fill(sequence, chosen, on_frame, progress)
        output.absolute().parent.mkdir(parents=True, exist_ok=True)
        write_sequence(result, output, overwrite=force)

    made, seconds = result.synthetic_frames, round(time.monotonic() - started, 1)
    values = {"output": output, "fields": fields, "engine": engine, "settings": chosen.settings, "model": chosen.model}
    values |= {"frames": len(result), "synthetic_frames": made, "seconds": seconds}
    shown = [f"{output}: {len(result)} frames, {len(made)} of them synthetic ({engine}, {seconds} s)."]
    if fields is not None:
        shown.append(f"{fields}: displacement fields (LPS mm) and their Jacobian determinants.")
    console.result(values, *shown)


@dataclass(frozen=True)
class _Request:
    """Which frames to make, as the options say it; a contradiction is a usage error."""

    first: int | None
    last: int | None
    times: list[float] | None
    count: int | None
    factor: int | None
    cyclic: bool

    def __post_init__(self) -> None:
        pair = (self.first, self.last, self.times, self.count)
        if self.factor is not None:
            if any(option is not None for option in pair):
                raise typer.BadParameter("--factor fills every gap; leave out --from, --to, --times and --count.")
            return
        if self.first is None or self.last is None:
            raise typer.BadParameter("Give --from and --to, or --factor for the whole sequence.")
        if (self.times is None) == (self.count is None):
            raise typer.BadParameter("Give either --times or --count with --from and --to.")
        if self.cyclic:
            raise typer.BadParameter("--cyclic goes with --factor.")

    def source(self, sequence: Sequence) -> Sequence:
        """Return the sequence to start from, in which only acquired frames are endpoints."""

        if self.factor is not None:
            return sequence.acquired()
        for number, option in ((self.first, "--from"), (self.last, "--to")):
            sequence.require_item(number, option)
            if number in sequence.synthetic_frames:
                raise InvalidInputError(
                    f"{option}: frame {number} is itself synthetic; choose an acquired one (see temporal-interp info)."
                )
        return sequence

    def fill(
        self, sequence: Sequence, engine: InterpolationEngine, on_frame: OnFrame | None, progress: Progress
    ) -> Sequence:
        """Return the sequence with synthetic frames."""
        from temporal_interp.workflows.interpolation import evenly_spaced, interpolate_between, multiply_frame_rate

        report = {"on_frame": on_frame, "progress": progress}
        if self.factor is not None:
            return multiply_frame_rate(sequence, self.factor, engine, cyclic=self.cyclic, **report)
        times = self.times
        if self.count is not None:
            times = evenly_spaced(sequence.times[self.first], sequence.times[self.last], self.count)
        return interpolate_between(sequence, self.first, self.last, times, engine, **report)


def _parsed_times(times: str | None) -> list[float] | None:
    try:
        return None if times is None else [float(value) for value in times.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"--times takes numbers with commas between them, got '{times}'.") from error


@contextmanager
def _field_writer(folder: Path | None, engine: str) -> Iterator[OnFrame | None]:
    """Give a callback that writes the fields of every synthetic frame; the folder appears when all are written."""
    if folder is None:
        yield None
        return
    from temporal_interp.io.atomic import atomic_folder

    with atomic_folder(folder, overwrite=True) as temporary:
        yield _fields_into(temporary, engine)


def _fields_into(folder: Path, engine: str) -> Callable[[float, InterpolatedFrame], None]:
    from temporal_interp.io import write_displacement, write_volume

    def write(index_value: float, frame: InterpolatedFrame) -> None:
        ends = {"first": frame.displacement_first_to_t, "last": frame.displacement_last_to_t}
        for end, field in ends.items():
            if field is None:
                raise InvalidInputError(f"The engine {engine} has no displacement fields; leave out --fields.")
            name = f"{end}_to_{index_value:.6g}.nrrd"
            write_displacement(field.array, frame.volume.geometry, folder / f"displacement_{name}")
            write_volume(frame.volume.with_array(field.jacobian), folder / f"jacobian_{name}")

    return write
