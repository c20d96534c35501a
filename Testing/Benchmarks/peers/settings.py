"""The frozen settings of the peers: `peers.yaml`, which gives the reason of each."""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from temporal_interp.errors import InvalidInputError

FILE = Path(__file__).parent / "peers.yaml"

Settings = TypeVar("Settings")


def frozen_settings(peer: str, kind: type[Settings], *, file: Path = FILE) -> Settings:
    """Return the settings of a peer as a dataclass of its own kind; lists become tuples.

    Args:
        peer: name of the section.
        kind: a dataclass; settings with a default may be left out.
        file: where to read them.

    Raises:
        InvalidInputError: there is no such section, or a setting is missing or unknown; the message names it.
    """
    try:
        section = yaml.safe_load(file.read_text(encoding="utf-8"))[peer]
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in section.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"{file} has no settings of '{peer}' ({error!r}).") from error
    declared = fields(kind)  # type: ignore[arg-type] # there is no public type of dataclasses
    known = {field.name for field in declared}
    needed = {field.name for field in declared if field.default is MISSING}
    for what, names in (("Unknown", set(given) - known), ("Missing", needed - set(given))):
        if names:
            raise InvalidInputError(f"{what} settings of '{peer}' in {file}: {', '.join(sorted(map(str, names)))}.")
    return kind(**given)


def in_one_line(settings: Any) -> str:
    """Return a dataclass of settings as "name=value ..." for tables; those that are None are left out."""
    given = ((name, value) for name, value in asdict(settings).items() if value is not None)
    return " ".join(f"{name}={value}".replace(" ", "") for name, value in given)
