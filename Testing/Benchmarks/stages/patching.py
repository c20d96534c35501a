"""Replaces functions and methods of the program for a while, wherever they were imported to."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

PACKAGE = "temporal_interp"

Wrap = Callable[[Callable], Callable]


@contextmanager
def replaced(wraps: Mapping[str, Wrap]) -> Iterator[list[str]]:
    """Replace what is named by what its `Wrap` makes of it, and put all back at the end.

    A function is replaced in every module of the program that holds it: `from spatial import warp` copies the name.

    Args:
        wraps: by address, "module:function" or "module:Class.method", the module within the program.

    Yields:
        The addresses that the program does not have.
    """
    missing = []
    with ExitStack() as stack:
        for address, wrap in wraps.items():
            owner, name = find(address)
            if owner is None:
                missing.append(address)
                continue
            for place, attribute in holders(owner, name):
                stack.enter_context(_replaced(place, attribute, wrap))
        yield missing


def find(address: str) -> tuple[Any, str]:
    """Return the module or class that holds what an address names, and its name there; (None, name) if none does."""
    module, _, path = address.partition(":")
    *parents, name = path.split(".")
    try:
        owner: Any = importlib.import_module(f"{PACKAGE}.{module}")
    except ModuleNotFoundError:
        return None, name
    for parent in parents:
        owner = getattr(owner, parent, None)
    return (owner if owner is not None and name in vars(owner) else None), name


def holders(owner: Any, name: str) -> list[tuple[Any, str]]:
    """Return every place that holds what `owner` holds under `name`: itself, and modules that imported it."""
    if isinstance(owner, type):
        return [(owner, name)]
    function = getattr(owner, name)
    modules = [m for key, m in list(sys.modules.items()) if key.partition(".")[0] == PACKAGE and m is not None]
    return [(m, key) for m in modules for key, value in vars(m).items() if value is function]


@contextmanager
def _replaced(owner: Any, name: str, wrap: Wrap) -> Iterator[None]:
    own = vars(owner)[name]
    kind = type(own) if isinstance(own, classmethod | staticmethod) else None
    setattr(owner, name, kind(wrap(own.__func__)) if kind else wrap(own))
    try:
        yield
    finally:
        setattr(owner, name, own)
