"""temporal-interp evaluate-tracking: how well methods register each frame to the next, as in the table of the NMSR
paper."""

from __future__ import annotations

import os
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
from temporal_interp.cli.outputs import folder_output, require_outputs
from temporal_interp.cli.reading import read_input
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from temporal_interp.evaluation.report import Row


def evaluate_tracking(
    input_path: InputArgument,
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="A method to compare; may be repeated. identity (nothing moves), demons, diffeomorphic_demons, "
            "syn_default and syn (ANTs with its defaults and as in the paper; need antspyx), one_scale (one network on "
            "the frames as they are), nmsr (coarse to fine), nmsr_vi (the same, each scale from the weights of the "
            "coarser one) and track (the command of that name). Default: all that are installed.",
        ),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Score only where this label map is not 0. Default: the sector of an ultrasound image, and all of any "
            "other image.",
        ),
    ] = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    every: Annotated[int, typer.Option(metavar="N", min=1, help="Score only every N-th pair; syn is slow.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write the table and the scores of all pairs to this folder."
        ),
    ] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Score how well methods register each frame to the next one.

    The table has the mean squared error and the mean local correlation, as Table 1 of the NMSR paper, and the time
    that each method took on the same pairs. The scores measure how similar the frames become, not the accuracy of the
    motion.
    """
    require_outputs(folder_output(output), inputs=[input_path, mask], force=force)

    from temporal_interp.cli.tracking_input import ready_to_track
    from temporal_interp.evaluation import tracking_table
    from temporal_interp.evaluation.pairwise_catalogue import available_method_names, create_method
    from temporal_interp.evaluation.report import TRACKING, as_table
    from temporal_interp.io.atomic import atomic_folder

    console, where = Console(json), choose_device(device)
    names = list(dict.fromkeys(methods or available_method_names()))
    chosen = [create_method(name, device=where) for name in names]
    sequence, region = ready_to_track(read_input(input_path, console, series, component).acquired(), mask)
    for note in sequence.notes:
        console.note(note)
    with console.progress("Tracking") as progress:
        evaluation = tracking_table.evaluate_tracking(sequence, chosen, mask=region, every=every, progress=progress)
    if evaluation.identical:
        console.note(
            f"In {len(evaluation.identical)} of {len(evaluation.pairs)} pairs both frames are the same; they count "
            "for all methods."
        )
    summary = tracking_table.summary_rows(evaluation)
    pairs = tracking_table.pair_rows(evaluation)
    table = as_table(
        summary,
        TRACKING,
        title=f"{input_path.name}: frame n registered to frame n + 1, {len(evaluation.pairs)} pairs",
        caption=f"Mean ± standard deviation over the pairs. Wall time on this machine, {os.cpu_count()} processors.",
    )
    shown: list[RenderableType] = [table]
    if output is not None:
        with atomic_folder(output, overwrite=True) as folder:
            _write(table, summary, pairs, folder)
        shown.append(f"table.txt, summary.csv and scores.csv with every pair are in {output}.")
    console.result(
        {
            "input": input_path,
            "output": output,
            "pairs": list(evaluation.pairs),
            "identical": list(evaluation.identical),
            "summary": summary,
            "rows": pairs,
        },
        *shown,
    )


def _write(table: Table, summary: Sequence[Row], pairs: Sequence[Row], folder: Path) -> None:
    from temporal_interp.evaluation.report import as_text, write_csv

    (folder / "table.txt").write_text(as_text([table]), encoding="utf-8")
    write_csv(summary, folder / "summary.csv")
    write_csv(pairs, folder / "scores.csv")
