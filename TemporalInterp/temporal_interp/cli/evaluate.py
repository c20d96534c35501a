"""temporal-interp evaluate: hold out acquired frames, synthesise them, and score the engines."""

from __future__ import annotations

from collections import abc
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import (
    ENGINES,
    ComponentOption,
    CyclicOption,
    DeviceOption,
    ForceOption,
    JsonOption,
    SeriesOption,
)
from temporal_interp.cli.outputs import file_output, folder_output, require_outputs
from temporal_interp.cli.pictures import drawn, tell_if_not_drawn
from temporal_interp.cli.reading import read_input
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from rich.console import RenderableType

    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.protocol import Engine
    from temporal_interp.evaluation.dataset import ScoredSubjects
    from temporal_interp.evaluation.evaluate import Evaluation
    from temporal_interp.evaluation.hold_out import HoldOut

FIGURE_COLUMNS = 4
"""Held-out frames shown in the figure of frames."""

REPORTS = (".html", ".pdf")
KEPT_FOR_REPORT = 2
"""Of every engine, so many of the worst frames."""


ONE_PROTOCOL = "Give --from and --to, or --every."

OLD_NATIVE = "honest"
"""The former name of the native preset."""


def evaluate(
    input_path: Annotated[
        Path | None,
        typer.Argument(
            metavar="INPUT",
            help="A .seq.nrrd or 4D .nii.gz file, or a folder of DICOM cine images; or --dataset instead.",
            show_default=False,
        ),
    ] = None,
    first: Annotated[
        int | None, typer.Option("--from", metavar="N", help="Keep this frame and --to; hold out all between.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", metavar="N", help="See --from.")] = None,
    every: Annotated[
        int | None, typer.Option(metavar="K", help="Keep every K-th frame of the sequence; hold out the others.")
    ] = None,
    cyclic: CyclicOption = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="acdc|lung4d|folder|phantoms",
            help="Score the test subjects of a data set, each from its first endpoint to its last (end diastole to end "
            "systole), with all frames between held out; for ACDC and 4D-Lung next to the published figures.",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the data set; phantoms need none.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="paper|random|all",
            help="Which subjects: the test set of the literature (the default for ACDC and 4D-Lung), the one that the "
            "default training holds out, or all.",
        ),
    ] = None,
    subjects: Annotated[
        int | None, typer.Option(metavar="N", help="Score only the first N subjects. Default: all, or 10 phantoms.")
    ] = None,
    engines: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help=f"What to compare. {ENGINES} Default: all with a model."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="native|uvi|both",
            help="native: unpadded, one intensity scale for the sequence. uvi: cropped, padded and scaled as in the "
            "tables of the literature. Default: native, and both for ACDC and 4D-Lung.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write the scores, and figures or tables, to this folder."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a report of one INPUT as a single .html or .pdf file: data, engines, scores over time, worst "
            "frames with their errors, and limits.",
        ),
    ] = None,
    uncertainty: Annotated[
        bool,
        typer.Option(
            "--uncertainty",
            help="Also say how many errors lie within the intervals of 68 % and 95 % to expect, which are calibrated "
            "on the other frames. For one INPUT.",
        ),
    ] = False,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Score the engines on acquired frames that are hidden from them.

    For one sequence give INPUT with --from and --to, or with --every. For many give --dataset.

    In a loop, such as a whole beat, --every also predicts the frames between the last kept one and the first.

    The nearest acquired frame is always scored too.
    """
    if (input_path is None) == (dataset is None):
        raise typer.BadParameter("Give one sequence as INPUT, or a data set with --dataset, not both.")
    if dataset is None:
        _refuse("belongs to --dataset", data=data, split=split, subjects=subjects)
        _require_one_protocol(first, last, every)
    else:
        _refuse("is for one INPUT; a data set has its own endpoints", **{"from": first, "to": last, "every": every})
        single = {"cyclic": cyclic, "series": series, "component": component, "report": report}
        _refuse("is for one INPUT", uncertainty=uncertainty or None, **single)
    report_output = file_output(report, REPORTS, "--report")
    require_outputs(folder_output(output), report_output, inputs=[input_path, data], force=force)

    from temporal_interp.engines.registry import available_engine_names, create_engine

    console, where = Console(json), choose_device(device)
    if preset == OLD_NATIVE:
        console.note(f"The preset '{OLD_NATIVE}' is now called 'native'.")
        preset = "native"
    names = available_engine_names() if engines is None else [name.strip() for name in engines.split(",")]
    chosen = [create_engine(name, device=where) for name in names]
    if input_path is not None:
        sequence = read_input(input_path, console, series, component).acquired().as_cyclic(cyclic)
        protocol, places = (first, last, every), (output, report)
        _evaluate_file(
            sequence, input_path, protocol, chosen, preset or "native", places, console, where, uncertainty=uncertainty
        )
    elif dataset is not None:
        from temporal_interp.evaluation.dataset import subjects_to_score

        scored = subjects_to_score(dataset, data, split=split, count=subjects)
        _evaluate_dataset(scored, chosen, preset, output, console)


def _refuse(reason: str, **options: object) -> None:
    """Raise a usage error if an option is given that has no meaning with the others."""
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter(f"--{name} {reason}.")


def _require_one_protocol(first: int | None, last: int | None, every: int | None) -> None:
    pair = (first, last)
    if (every is None) == (None in pair) or (every is not None and pair != (None, None)):
        raise typer.BadParameter(ONE_PROTOCOL)


def _evaluate_file(
    sequence: Sequence,
    input_path: Path,
    protocol: tuple[int | None, int | None, int | None],
    engines: abc.Sequence[Engine],
    preset: str,
    outputs: tuple[Path | None, Path | None],
    console: Console,
    device: str,
    *,
    uncertainty: bool,
) -> None:
    """Score one sequence; `protocol` is --from, --to and --every, `outputs` the folder of figures and the report."""
    output, report = outputs
    from temporal_interp.evaluation.evaluate import evaluate as run_evaluation
    from temporal_interp.evaluation.summary import as_json, as_tables, summarise

    hold_out = _hold_out(sequence, *protocol)
    with console.progress("Evaluating") as progress:
        evaluation = run_evaluation(
            sequence,
            hold_out,
            engines,
            preset=preset,
            patient=input_path.name,
            keep_frames=_shown_frames(hold_out) if output is not None else (),
            keep_worst=KEPT_FOR_REPORT if report is not None else 0,
            uncertainty=uncertainty,
            progress=progress,
        )
    shown: list[RenderableType] = [
        *as_tables(summarise([evaluation]), title=f"{input_path.name}: {evaluation.protocol}")
    ]
    if output is not None:
        from temporal_interp.io.atomic import atomic_folder

        with atomic_folder(output, overwrite=True) as folder:
            not_drawn = write_report(sequence, evaluation, folder)
        tell_if_not_drawn(not_drawn, console)
        shown.append(f"{'Table and figures are' if not_drawn is None else 'The table is'} in {output}.")
    if report is not None:
        from temporal_interp.figures.check_report import save_check_report
        from temporal_interp.io.atomic import write_errors_naming

        report.absolute().parent.mkdir(parents=True, exist_ok=True)
        with write_errors_naming(report):
            save_check_report(sequence, evaluation, report, device=device)
        shown.append(f"The report is {report}.")
    console.result({"input": input_path, "output": output, "report": report, **as_json([evaluation])}, *shown)


def _evaluate_dataset(
    chosen: ScoredSubjects,
    engines: abc.Sequence[Engine],
    preset: str | None,
    output: Path | None,
    console: Console,
) -> None:
    """Score the subjects of a data set, with the published figures below those measured."""
    from temporal_interp.evaluation.dataset import evaluate_subjects
    from temporal_interp.evaluation.report import as_text, write_csv
    from temporal_interp.evaluation.summary import as_json, frame_rows

    with console.progress("Evaluating") as progress:
        evaluations = evaluate_subjects(chosen, engines, preset=preset, progress=progress)
    shown = _dataset_tables(chosen, evaluations)
    if output is not None:
        from temporal_interp.io.atomic import atomic_folder

        with atomic_folder(output, overwrite=True) as folder:
            write_csv(frame_rows(evaluations), folder / "scores.csv")
            (folder / "table.txt").write_text(as_text(shown), encoding="utf-8")
        shown.append(f"scores.csv with every frame and table.txt are in {output}.")
    console.result(
        {
            "dataset": chosen.dataset,
            "split": chosen.split,
            "output": output,
            **as_json(evaluations),
            "quoted": _quoted_as_json(chosen),
        },
        *shown,
    )


def _dataset_tables(chosen: ScoredSubjects, evaluations: abc.Sequence[Evaluation]) -> list[RenderableType]:
    """Return the tables of means and, where uvi was measured and the literature has figures, Table 1."""
    from temporal_interp.evaluation.literature import SOURCE, TABLE_1
    from temporal_interp.evaluation.summary import as_table_1, as_tables, summarise

    summaries = summarise(evaluations)
    tables: list[RenderableType] = list(as_tables(summaries, title=chosen.description))
    quoted = TABLE_1.get(chosen.dataset)
    if quoted is None:
        return tables
    measured = [summary for summary in summaries if summary.preset.startswith("uvi")]
    if not measured:
        return [*tables, "The published figures compare with --preset uvi only, so they are not shown."]
    caption = f"quoted: published figures of {SOURCE}; not measured here."
    if not chosen.as_in_the_paper:
        caption += "\nThey are for the paper's whole test set, not for the subjects measured here: compare with care."
    return [*tables, as_table_1(measured, quoted, title=f"Table 1 for {chosen.description}", caption=caption)]


def _quoted_as_json(chosen: ScoredSubjects) -> dict[str, object] | None:
    """Return the published figures of a data set, None where there are none."""
    from temporal_interp.evaluation.literature import SOURCE, TABLE_1

    if chosen.dataset not in TABLE_1:
        return None
    return {
        "source": SOURCE,
        "same_subjects": chosen.as_in_the_paper,
        "figures": [asdict(scores) for scores in TABLE_1[chosen.dataset]],
    }


def _hold_out(sequence: Sequence, first: int | None, last: int | None, every: int | None) -> HoldOut:
    from temporal_interp.evaluation import hold_out

    if first is not None and last is not None:
        return hold_out.between(sequence, first, last)
    if every is None:
        raise typer.BadParameter(ONE_PROTOCOL)
    return hold_out.every(sequence, every)


def _shown_frames(hold_out: HoldOut) -> list[int]:
    """Return up to `FIGURE_COLUMNS` held-out frames, spread over all of them."""
    frames = [frame for gap in hold_out.gaps for frame in gap.held_out]
    count = min(FIGURE_COLUMNS, len(frames))
    return [frames[(2 * n + 1) * len(frames) // (2 * count)] for n in range(count)]


def write_report(sequence: Sequence, evaluation: Evaluation, folder: Path) -> str | None:
    """Write scores.csv and, for every preset, curves, frames with error maps, and fields of engines that have them.

    Return why the pictures could not be drawn, None where they were; the scores are there all the same.

    Args:
        sequence: that was evaluated.
        evaluation: its result, with kept frames.
        folder: an existing folder.
    """
    from temporal_interp.evaluation.report import write_csv
    from temporal_interp.evaluation.summary import frame_rows

    write_csv(frame_rows([evaluation]), folder / "scores.csv")
    return drawn(folder, lambda pictures: _draw_report(sequence, evaluation, pictures))


def _draw_report(sequence: Sequence, evaluation: Evaluation, folder: Path) -> None:
    from temporal_interp.figures.curves import save_curves
    from temporal_interp.figures.frames import save_frames

    for preset in dict.fromkeys(row.preset for row in evaluation.rows):
        save_curves(evaluation, folder / f"{preset}_curves.png", preset=preset)
        save_frames(sequence, evaluation, folder / f"{preset}_frames.png", preset=preset)
        _save_fields(sequence, evaluation, preset, folder)


def _save_fields(sequence: Sequence, evaluation: Evaluation, preset: str, folder: Path) -> None:
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
