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
    input_paths: Annotated[
        list[Path], typer.Argument(metavar="INPUT...", help="Sequences, in any form that `interpolate` takes.")
    ],
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="A method to compare; may be repeated. identity (nothing moves), demons, diffeomorphic_demons, "
            "syn_default and syn (ANTs with its defaults and as in the paper; need antspyx), one_scale (one network on "
            "the frames as they are), nmsr (coarse to fine), nmsr_v (the same, each scale from --start-from), nmsr_vi "
            "(each scale from the weights of the coarser one) and track (the command of that name). one_scale_paper, "
            "nmsr_paper, nmsr_v_paper and nmsr_vi_paper have the paper's loss and steps, and take hours without a GPU. "
            "Default: all that need neither a network nor hours.",
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
    start_from: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The network.safetensors that `track --method nmsr` wrote for another sequence."
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

    The table has the mean squared error and the mean local correlation, as Table 1 of the NMSR paper, over all pairs of
    all sequences, and the time that each method took on the same pairs. The scores measure how similar the frames
    become, not the accuracy of the motion.
    """
    require_outputs(folder_output(output), inputs=[*input_paths, mask, start_from], force=force)
    if mask is not None and len(input_paths) > 1:
        raise typer.BadParameter("--mask belongs to one sequence; evaluate the sequences one by one.")

    from temporal_interp.cli.tracking_input import ready_to_track
    from temporal_interp.errors import part_of
    from temporal_interp.evaluation import tracking_table
    from temporal_interp.evaluation.pairwise_catalogue import create_method, default_method_names
    from temporal_interp.evaluation.report import TRACKING, as_table
    from temporal_interp.io.atomic import atomic_folder
    from temporal_interp.tracking.network_file import load_network

    console, where = Console(json), choose_device(device)
    names = list(dict.fromkeys(methods or default_method_names()))
    network = None if start_from is None else load_network(start_from)
    chosen = [create_method(name, device=where, start_from=network) for name in names]
    evaluations, pairs = [], []
    with console.progress("Tracking") as progress:
        for number, path in enumerate(input_paths):
            sequence, region = ready_to_track(read_input(path, console, series, component).acquired(), mask)
            for note in sequence.notes:
                console.note(f"{path.name}: {note}" if len(input_paths) > 1 else note)
            share = part_of(progress, number / len(input_paths), (number + 1) / len(input_paths))
            found = tracking_table.evaluate_tracking(sequence, chosen, mask=region, every=every, progress=share)
            evaluations.append(found)
            pairs += [{"input": path.name, **row} for row in tracking_table.pair_rows(found)]
    evaluation = tracking_table.pooled(evaluations)
    if evaluation.identical:
        console.note(
            f"In {len(evaluation.identical)} of {len(evaluation.pairs)} pairs both frames are the same; they count "
            "for all methods."
        )
    summary = tracking_table.summary_rows(evaluation)
    table = as_table(
        summary,
        TRACKING,
        title=f"{_named(input_paths)}: frame n registered to frame n + 1, {len(evaluation.pairs)} pairs",
        caption=f"Mean ± standard deviation over the pairs. Wall time on this machine, {os.cpu_count()} processors.",
    )
    shown: list[RenderableType] = [table]
    if output is not None:
        with atomic_folder(output, overwrite=True) as folder:
            _write(table, summary, pairs, folder)
        shown.append(f"table.txt, summary.csv and scores.csv with every pair are in {output}.")
    console.result(
        {
            "input": input_paths if len(input_paths) > 1 else input_paths[0],
            "output": output,
            "pairs": list(evaluation.pairs),
            "identical": list(evaluation.identical),
            "summary": summary,
            "rows": pairs,
        },
        *shown,
    )


def _named(paths: list[Path]) -> str:
    return paths[0].name if len(paths) == 1 else f"{len(paths)} sequences"


def _write(table: Table, summary: Sequence[Row], pairs: Sequence[Row], folder: Path) -> None:
    from temporal_interp.evaluation.report import as_text, write_csv

    (folder / "table.txt").write_text(as_text([table]), encoding="utf-8")
    write_csv(summary, folder / "summary.csv")
    write_csv(pairs, folder / "scores.csv")
