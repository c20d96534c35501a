"""temporal-interp ablate: train the network without some of its parts, and compare, as in the paper's Tables 2 and
3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import JsonOption
from temporal_interp.cli.outputs import folder_output, require_outputs
from temporal_interp.cli.train import (
    AcceleratorOption,
    CacheOption,
    ConfigOption,
    DataOption,
    EpochsOption,
    WorkersOption,
    configuration_of,
    warnings_as_notes,
)
from temporal_interp.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from temporal_interp.training.ablation import ScoredRow
    from temporal_interp.training.ablation_rows import Row

TABLE_FILE = "ablation.csv"

PAPER_NOTE = (
    "gain: over the linear blend. paper: Tables 2 and 3, for ACDC after 200 epochs.\n"
    "On other data compare the order of the rows, not the figures."
)
"""Caption of a table with the published figures."""

ROW_NAMES = (
    "blend, linear-scaling, no-modules, dfm, dfm-tm, dfm-tm-ref, recon-only, no-distillation, student, teacher; with a "
    "configuration that has context also no-context"
)


def ablate(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help=f"Folder for the rows and {TABLE_FILE}; an ablation found there resumes.",
        ),
    ],
    config: ConfigOption = "acdc-paper",
    data: DataOption = None,
    cache: CacheOption = None,
    tables: Annotated[
        str | None,
        typer.Option(metavar="2,3", help="Which tables of the paper: 2 leaves out modules, 3 losses. Default: both."),
    ] = None,
    rows: Annotated[str | None, typer.Option(metavar="NAME,NAME", help=f"Only these rows of {ROW_NAMES}.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="Also score a model file; may be repeated. Nothing is trained then without --tables or --rows.",
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(metavar="N", help="Train everything with N seeds; the scores are then means with deviations."),
    ] = 1,
    epochs: EpochsOption = None,
    workers: WorkersOption = None,
    subjects: Annotated[
        int | None, typer.Option(metavar="N", help="Train on this many phantoms or synthetic subjects.")
    ] = None,
    test_subjects: Annotated[
        int | None, typer.Option(metavar="N", help="Score on this many phantoms or synthetic subjects.")
    ] = None,
    accelerator: AcceleratorOption = "auto",
    json: JsonOption = False,
) -> None:
    """Train the network without some of its parts, and compare the scores with the paper's Tables 2 and 3.

    Scores are on all frames of subjects that were not used for training. Finished rows are kept if the work is
    cancelled.
    """
    from temporal_interp.evaluation.report import finite, write_csv
    from temporal_interp.training.ablation import ablate as run_ablation
    from temporal_interp.training.logic import Hardware

    console, table = Console(json), output / TABLE_FILE
    models = _models(model or [])
    chosen = _rows(tables, rows, models)
    given = configuration_of(
        config, output, data=data, cache=cache, epochs=epochs, workers=workers, subjects=subjects
    )  # fmt: skip
    if (subjects, test_subjects) != (None, None) and given.data.dataset not in ("phantoms", "synthetic"):
        raise typer.BadParameter("--subjects and --test-subjects are for phantoms and synthetic subjects.")
    require_outputs(folder_output(output, names=[TABLE_FILE]), inputs=models.values(), force=True)
    finished: list[ScoredRow] = []

    def keep(scored: Sequence[ScoredRow]) -> None:
        finished[:] = scored
        write_csv([row.as_row() for row in scored], table)

    with warnings_as_notes(console), console.progress("Ablating") as progress:
        try:
            run_ablation(
                given,
                output,
                rows=chosen,
                models=models,
                seeds=seeds,
                test_subjects=test_subjects,
                hardware=Hardware(accelerator, 1),
                progress=progress,
                scored=keep,
            )
        except (CancelledError, KeyboardInterrupt) as error:
            kept = f"{len(finished)} finished rows are in {output}"
            raise CancelledError(f"Cancelled; {kept}, and the same command resumes.") from error
    console.result(
        {"output": output, "rows": finite([row.as_json() for row in finished])},
        as_table(finished, title=_title(given.data.dataset, seeds)),
        f"The table is in {table}.",
    )


def as_table(rows: Sequence[ScoredRow], *, title: str = "") -> Table:
    """Return a table with a line for every row; the last columns are the published figures, marked as such."""
    from temporal_interp.evaluation.report import ABLATION
    from temporal_interp.evaluation.report import as_table as report_table

    caption = PAPER_NOTE if any(row.paper for row in rows) else ""
    return report_table([row.as_row() for row in rows], ABLATION, title=title, caption=caption, compact=True)


def _title(dataset: str, seeds: int) -> str:
    over = f", mean ± standard deviation over {seeds} seeds" if seeds > 1 else ""
    return f"{dataset}: means over frames of held-out subjects{over}"


def _models(given: Sequence[str]) -> dict[str, Path]:
    models = {}
    for text in given:
        name, is_there, file = text.partition("=")
        if not (name and is_there and file) or name in models:
            raise typer.BadParameter(f"--model takes NAME=FILE, each name once, got '{text}'.")
        models[name] = Path(file)
    return models


def _rows(tables: str | None, names: str | None, models: dict[str, Path]) -> tuple[Row, ...]:
    from temporal_interp.training.ablation_rows import rows_named, rows_of_tables

    if tables is not None and names is not None:
        raise typer.BadParameter("Give --tables or --rows, not both.")
    if names is not None:
        return rows_named([name.strip() for name in names.split(",")])
    if tables is None and models:
        return rows_named(["blend"])
    wanted = [number.strip() for number in (tables or "2,3").split(",")]
    if not all(number.isdigit() for number in wanted):
        raise typer.BadParameter(f"--tables takes 2, 3 or 2,3, got '{tables}'.")
    return rows_of_tables([int(number) for number in wanted])
