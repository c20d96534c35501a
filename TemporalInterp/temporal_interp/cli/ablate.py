"""temporal-interp ablate: train the network without some of its parts, and compare, as in the paper's Tables 2 and
3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import JsonOption
from temporal_interp.cli.outputs import folder_output, require_outputs
from temporal_interp.cli.train import AcceleratorOption, ConfigOption, DataOption, EpochsOption
from temporal_interp.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from temporal_interp.training.ablation import Row, ScoredRow
    from temporal_interp.training.configuration import Configuration

TABLE_FILE = "ablation.csv"

PAPER_NOTE = (
    "gain: over the linear blend. paper: Tables 2 and 3, for ACDC after 200 epochs.\n"
    "On other data compare the order of the rows, not the figures."
)
"""Caption of a table with the published figures."""

ROW_NAMES = "blend, linear-scaling, no-modules, dfm, dfm-tm, dfm-tm-ref, recon-only, no-distillation, student, teacher"


def ablate(
    config: ConfigOption,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help=f"Folder for the rows and {TABLE_FILE}; an ablation found there resumes.",
        ),
    ],
    data: DataOption = None,
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
    epochs: EpochsOption = None,
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

    Scores are on subjects that were not used for training. Finished rows are kept if the work is cancelled.
    """
    from temporal_interp.evaluation.report import finite, write_csv
    from temporal_interp.training.ablation import ablate as run_ablation
    from temporal_interp.training.logic import Hardware

    console, table = Console(json), output / TABLE_FILE
    models = _models(model or [])
    chosen = _rows(tables, rows, models)
    given = _configuration(config, data, epochs, subjects, test_subjects)
    require_outputs(folder_output(output), force=True)
    finished: list[ScoredRow] = []

    def keep(scored: Sequence[ScoredRow]) -> None:
        finished[:] = scored
        write_csv([row.as_row() for row in scored], table)

    with console.progress("Ablating") as progress:
        try:
            run_ablation(
                given,
                output,
                rows=chosen,
                models=models,
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
        as_table(finished, title=f"{given.data.dataset}: means over held-out subjects"),
        f"The table is in {table}.",
    )


def as_table(rows: Sequence[ScoredRow], *, title: str = "") -> Table:
    """Return a table with a line for every row; the last columns are the published figures, marked as such."""
    from temporal_interp.evaluation.report import ABLATION
    from temporal_interp.evaluation.report import as_table as report_table

    caption = PAPER_NOTE if any(row.paper for row in rows) else ""
    return report_table([row.as_row() for row in rows], ABLATION, title=title, caption=caption, compact=True)


def _models(given: Sequence[str]) -> dict[str, Path]:
    models = {}
    for text in given:
        name, is_there, file = text.partition("=")
        if not (name and is_there and file) or name in models:
            raise typer.BadParameter(f"--model takes NAME=FILE, each name once, got '{text}'.")
        models[name] = Path(file)
    return models


def _rows(tables: str | None, names: str | None, models: dict[str, Path]) -> tuple[Row, ...]:
    from temporal_interp.training.ablation import rows_named, rows_of_tables

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


def _configuration(
    config: str, data: Path | None, epochs: int | None, subjects: int | None, test_subjects: int | None
) -> Configuration:
    from dataclasses import replace

    from temporal_interp.training.configuration import find_configuration

    given = find_configuration(config)
    if (subjects, test_subjects) != (None, None) and given.data.dataset not in ("phantoms", "synthetic"):
        raise typer.BadParameter("--subjects and --test-subjects are for phantoms and synthetic subjects.")
    changes: dict[str, Any] = {"folder": data, "subjects": subjects}
    given = replace(given, data=replace(given.data, **{k: v for k, v in changes.items() if v is not None}))
    if epochs is None:
        return given
    return replace(given, teacher=replace(given.teacher, epochs=epochs), student=replace(given.student, epochs=epochs))
