"""temporal-interp models: lists, verifies, adds and removes trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import EXIT_CODES, CommandGroup
from temporal_interp.cli.options import JsonOption

app = typer.Typer(
    cls=CommandGroup,
    help="List, verify, add and remove trained networks.",
    no_args_is_help=True,
    epilog=EXIT_CODES,
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of a registered model.")]


@app.command("list", epilog=EXIT_CODES)
def list_models(json: JsonOption = False) -> None:
    """List the registered models."""
    from dataclasses import asdict

    from rich.table import Column, Table

    from temporal_interp.models.registry import Registry

    registry = Registry()
    entries = registry.entries()
    titles = ("version", "kind", "licence", "trained on", "where from")
    longest = max((len(entry.name) for entry in entries), default=0)
    # truncated names and folders are useless; most names fit into one line
    name = Column("model", overflow="fold", min_width=min(24, longest))
    table = Table(name, *(Column(title, overflow="fold") for title in titles))
    for entry in entries:
        origin = "the program" if entry.shipped else str(registry.user)
        table.add_row(entry.name, entry.version, entry.kind, entry.licence, entry.trained_on, origin)
    shown = table if entries else "There are no models; add one with `temporal-interp models add FILE`."
    Console(json).result({"models": [asdict(entry) for entry in entries]}, shown)


@app.command(epilog=EXIT_CODES)
def verify(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Verify only this model.")] = None,
    json: JsonOption = False,
) -> None:
    """Compare the files of all models, or of one, with their registered checksums."""
    from temporal_interp.models.registry import Registry

    registry = Registry()
    entries = registry.entries() if name is None else [registry.find(name)]
    for entry in entries:
        registry.verify(entry)
    names = [entry.name for entry in entries]
    Console(json).result({"verified": names}, f"Unchanged: {', '.join(names) or 'no models'}.")


@app.command(epilog=EXIT_CODES)
def add(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors file of a training.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the model. Default: the file's name.")
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Licence of the weights.")] = "unknown",
    notes: Annotated[str, typer.Option(metavar="TEXT", help="Notes for users.")] = "",
    json: JsonOption = False,
) -> None:
    """Copy a model to your own folder and register it with its checksum."""
    from dataclasses import asdict

    from temporal_interp.models.registry import Registry

    registry = Registry()
    entry = registry.add(path, name=name or path.stem.lower(), licence=licence, notes=notes)
    Console(json).result(asdict(entry), f"The {entry.kind} '{entry.name}' is in {registry.path(entry)}.")


@app.command(epilog=EXIT_CODES)
def remove(name: NameArgument, json: JsonOption = False) -> None:
    """Delete a model that you added."""
    from temporal_interp.models.registry import Registry

    entry = Registry().remove(name)
    Console(json).result({"removed": entry.name}, f"The model '{entry.name}' was removed.")
