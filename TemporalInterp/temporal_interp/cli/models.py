"""temporal-interp models: lists, describes, verifies, adds, removes and repairs trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import EXIT_CODES, CommandGroup
from temporal_interp.cli.options import JsonOption
from temporal_interp.errors import TemporalInterpError

if TYPE_CHECKING:
    from temporal_interp.networks import NetworkSettings, Student, Teacher

app = typer.Typer(
    cls=CommandGroup,
    help="List, describe, verify, add, remove and repair trained networks.",
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

    console, registry = Console(json), Registry()
    entries = registry.of_the_program()
    try:
        entries += registry.of_the_user()
    except TemporalInterpError as error:
        console.note(str(error))
    titles = ("version", "kind", "licence", "trained on", "where from")
    longest = max((len(entry.name) for entry in entries), default=0)
    # truncated names and folders are useless; most names fit into one line
    name = Column("model", overflow="fold", min_width=min(24, longest))
    table = Table(name, *(Column(title, overflow="fold") for title in titles))
    for entry in entries:
        origin = "the program" if entry.shipped else str(registry.user)
        table.add_row(entry.name, entry.version, entry.kind, entry.licence, entry.trained_on, origin)
    shown = table if entries else "There are no models; add one with `temporal-interp models add FILE`."
    console.result({"models": [asdict(entry) for entry in entries]}, shown)


@app.command(epilog=EXIT_CODES)
def info(
    model: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", help="A registered model or a .safetensors file.")
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE|NAME", help="Instead, the networks that a configuration of `train` would train."),
    ] = None,
    shape: Annotated[
        str, typer.Option(metavar="K,J,I", help="Size of the volumes for which operations are counted, voxels.")
    ] = "32,128,128",
    json: JsonOption = False,
) -> None:
    """Count the weights of a teacher or a student, and the multiplications and additions for one frame."""
    from dataclasses import asdict

    from rich.table import Table

    from temporal_interp.networks.size import network_size

    volumes = _shape(shape)
    sizes = {
        name: network_size(kind, settings, volumes) for name, kind, settings in _networks(model, config)
    }  # fmt: skip
    table = Table("network", "weights", "multiply-adds", caption=f"for one frame of {shape.replace(',', ' x ')} voxels")
    for name, size in sizes.items():
        table.add_row(name, f"{size.parameters:,}", f"{size.multiply_adds / 1e9:.1f} G")
    networks = [{"network": name, **asdict(size)} for name, size in sizes.items()]
    Console(json).result({"shape": volumes, "networks": networks}, table)


def _networks(
    model: str | None, config: str | None
) -> list[tuple[str, type[Teacher] | type[Student], NetworkSettings]]:  # fmt: skip
    """Return name, class and settings of the network of a model, or of both networks of a configuration."""
    from temporal_interp.errors import InvalidInputError
    from temporal_interp.models.registry import Registry
    from temporal_interp.networks import NetworkSettings
    from temporal_interp.networks.load import NETWORKS

    if model is not None and config is not None:
        raise typer.BadParameter("Give a model or --config, not both.")
    if config is not None:
        from temporal_interp.training.configuration import find_configuration

        settings = find_configuration(config).network
        return [(kind, network, settings) for kind, network in NETWORKS.items()]
    if model is None:
        raise typer.BadParameter("Give a model, or --config.")
    loaded = Registry().load(model)
    if loaded.kind not in NETWORKS:
        raise InvalidInputError(f"{model} holds {loaded.kind}; the sizes of teachers and students are counted.")
    return [(loaded.kind, NETWORKS[loaded.kind], NetworkSettings.from_dict(loaded.settings))]


def _shape(text: str) -> tuple[int, ...]:
    sides = tuple(int(side) if side.strip().isdigit() else 0 for side in text.split(","))
    if len(sides) != 3 or min(sides) < 1:
        raise typer.BadParameter(f"--shape takes three numbers of voxels such as 32,128,128, got '{text}'.")
    return sides


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
def repair(json: JsonOption = False) -> None:
    """Make a new registry of your own models where it is damaged; the old one is kept beside it."""
    from dataclasses import asdict

    from temporal_interp.models.registry import Registry

    registry = Registry()
    found = registry.repair()
    names = ", ".join(entry.name for entry in found) or "none"
    Console(json).result({"models": [asdict(entry) for entry in found]}, f"Registered in {registry.user}: {names}.")


@app.command(epilog=EXIT_CODES)
def remove(name: NameArgument, json: JsonOption = False) -> None:
    """Delete a model that you added."""
    from temporal_interp.models.registry import Registry

    entry = Registry().remove(name)
    Console(json).result({"removed": entry.name}, f"The model '{entry.name}' was removed.")
