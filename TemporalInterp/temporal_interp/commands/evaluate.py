"""temporal-interp evaluate: hold out acquired frames, synthesise them, and score the engines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.commands.console import Console, on_its_side
from temporal_interp.commands.options import (
    ENGINES,
    DeviceOption,
    ForceOption,
    InputArgument,
    JsonOption,
    choose_device,
)
from temporal_interp.commands.outputs import filled_folder, require_folder_output

if TYPE_CHECKING:
    from temporal_interp.evaluation.evaluate import Evaluation
    from temporal_interp.evaluation.hold_out import HoldOut
    from temporal_interp.sequences import VolumeSequence

FIGURE_COLUMNS = 4
"""Held-out frames shown in the figure of frames."""


def evaluate(
    input_path: InputArgument,
    first: Annotated[
        int | None, typer.Option("--from", metavar="N", help="Keep this frame and --to, hold out all between.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", metavar="N", help="See --from.")] = None,
    every: Annotated[
        int | None, typer.Option(metavar="K", help="Keep every K-th frame of the whole sequence, hold out the others.")
    ] = None,
    engines: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help=f"What to compare: {ENGINES}. Left out, all there is a model for."),
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            metavar="honest|uvi|both",
            help="honest: unpadded, one intensity scale for the sequence. uvi: cropped, padded and scaled as in the "
            "tables of the literature.",
        ),
    ] = "honest",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write a CSV table and figures to this folder.")
    ] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Score the engines on acquired frames that they do not get to see.

    Give --from and --to, or --every. The nearest acquired frame, repeated, is always scored too.
    """
    _require_one_protocol(first, last, every)
    if output is not None:
        require_folder_output(output, force=force)

    from temporal_interp.engines.catalogue import available_engine_names, create_engine
    from temporal_interp.evaluation.evaluate import evaluate as run_evaluation
    from temporal_interp.evaluation.report import as_json, as_table, summarise
    from temporal_interp.files import read_sequence
    from temporal_interp.interpolation import acquired_only

    console, where = Console(json), choose_device(device)
    names = available_engine_names() if engines is None else [name.strip() for name in engines.split(",")]
    chosen = [create_engine(name, device=where) for name in names]
    sequence = acquired_only(read_sequence(input_path))
    hold_out = _hold_out(sequence, first, last, every)
    with console.progress("Evaluating") as progress:
        evaluation = run_evaluation(
            sequence,
            hold_out,
            chosen,
            preset=preset,
            patient=input_path.name,
            keep_frames=_shown_frames(hold_out) if output is not None else (),
            progress=progress,
        )
    shown = [on_its_side(as_table(summarise([evaluation]), title=f"{input_path.name}: {evaluation.protocol}"))]
    if output is not None:
        with filled_folder(output) as folder:
            write_report(sequence, evaluation, folder)
        shown.append(f"Table and figures are in {output}.")
    console.result({"input": input_path, "output": output, **as_json([evaluation])}, *shown)


def _require_one_protocol(first: int | None, last: int | None, every: int | None) -> None:
    pair = (first, last)
    if (every is None) == (None in pair) or (every is not None and pair != (None, None)):
        raise typer.BadParameter("Give --from and --to, or --every.")


def _hold_out(sequence: VolumeSequence, first: int | None, last: int | None, every: int | None) -> HoldOut:
    from temporal_interp.evaluation import hold_out

    if every is not None:
        return hold_out.every(sequence, every)
    return hold_out.between(sequence, first, last)


def _shown_frames(hold_out: HoldOut) -> list[int]:
    """Return up to `FIGURE_COLUMNS` held-out frames, spread over all of them."""
    frames = [frame for gap in hold_out.gaps for frame in gap.held_out]
    count = min(FIGURE_COLUMNS, len(frames))
    return [frames[(2 * n + 1) * len(frames) // (2 * count)] for n in range(count)]


def write_report(sequence: VolumeSequence, evaluation: Evaluation, folder: Path) -> None:
    """Write scores.csv and, for every preset, curves, frames with error maps, and fields of engines that have them.

    Args:
        sequence: what was evaluated.
        evaluation: its result, with kept frames.
        folder: an existing folder.
    """
    from temporal_interp.evaluation.report import write_csv
    from temporal_interp.figures.curves import save_curves
    from temporal_interp.figures.frames import save_frames

    write_csv([evaluation], folder / "scores.csv")
    for preset in dict.fromkeys(row.preset for row in evaluation.rows):
        save_curves(evaluation, folder / f"{preset}_curves.png", preset=preset)
        save_frames(sequence, evaluation, folder / f"{preset}_frames.png", preset=preset)
        _save_fields(sequence, evaluation, preset, folder)


def _save_fields(sequence: VolumeSequence, evaluation: Evaluation, preset: str, folder: Path) -> None:
    """Draw the fields of every engine that has them, at the kept frame in the middle."""
    from temporal_interp.evaluation.presets import presets_named
    from temporal_interp.figures.fields import save_fields
    from temporal_interp.figures.view import display_range, view_of_motion

    scaled = presets_named(preset)[0].scale(sequence)
    view, grey = view_of_motion(scaled), display_range(scaled)
    numbers = sorted({frame for _, _, frame in evaluation.kept})
    middle = numbers[len(numbers) // 2]
    for (made_with, engine, number), frame in evaluation.kept.items():
        if made_with == preset and number == middle and frame.displacement_first_to_t is not None:
            save_fields(frame, view, grey, folder / f"{preset}_fields_{engine}.png")
