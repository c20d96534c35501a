"""The command line `temporal-interp`: the group of subcommands and what they share."""

from __future__ import annotations

import os
from typing import Annotated

import typer

import temporal_interp
from temporal_interp.cli import models, slices, train
from temporal_interp.cli.ablate import ablate
from temporal_interp.cli.adapt import adapt
from temporal_interp.cli.demo import demo
from temporal_interp.cli.dicom_output import WithDicom
from temporal_interp.cli.evaluate import evaluate
from temporal_interp.cli.evaluate_registration import evaluate_registration
from temporal_interp.cli.evaluate_tracking import evaluate_tracking
from temporal_interp.cli.exits import EXIT_CODES, CommandGroup
from temporal_interp.cli.info import info
from temporal_interp.cli.interpolate import interpolate
from temporal_interp.cli.phantom import phantom
from temporal_interp.cli.register import register
from temporal_interp.cli.selfcheck import selfcheck
from temporal_interp.cli.track import track

app = typer.Typer(
    cls=CommandGroup,
    help="Synthesise the frames between the acquired frames of 4D medical images. For research, not for diagnosis.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo,
    info,
    interpolate,
    track,
    register,
    evaluate,
    evaluate_registration,
    evaluate_tracking,
    ablate,
    adapt,
    phantom,
    selfcheck,
):
    app.command(epilog=EXIT_CODES, cls=WithDicom if command is interpolate else None)(command)
app.add_typer(slices.app, name="slices")
app.add_typer(train.app, name="train")
app.add_typer(models.app, name="models")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(temporal_interp.__version__)
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    # PyTorch's threads spin while they wait for one another, which is many times slower next to other work
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    app(prog_name="temporal-interp")
