"""JSON and YAML from files that nobody vouches for: no deeper, larger or stranger than settings and points are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from temporal_interp.errors import UnreadableFileError

Text = TypeVar("Text", str, str | bytes)

MAX_DEPTH = 50
"""Levels of nesting; ours have 5."""

MAX_SIZE = 64 << 20
"""Bytes of a text; the exact times of a thousand frames with all their attributes take 1 MB."""

MAX_YAML = 512 << 10
"""Bytes of a text in YAML, which takes a second for 100 kB; configurations have 2 kB."""

MAX_PARTS = 2_000_000
"""Values in a text; an alias of YAML counts as all that it stands for."""


def load_json(text: str | bytes) -> Any:
    """Return the content of a JSON text.

    >>> load_json('{"times": [0, 40]}')
    {'times': [0, 40]}

    Raises:
        UnreadableFileError: it is no JSON, nested too deeply, or larger than such files are.
    """
    _require_size(text, MAX_SIZE)
    return _loaded("JSON", text, json.loads, (ValueError,))  # UnicodeDecodeError and JSONDecodeError are some


def load_yaml(text: str) -> Any:
    """Return the content of a YAML text, without objects of any kind.

    >>> load_yaml("network: {widths: [8, 16]}")
    {'network': {'widths': [8, 16]}}

    Raises:
        UnreadableFileError: it is no YAML, nested too deeply, or larger than such files are.
    """
    import yaml  # comes with the extra "train"

    _require_size(text, MAX_YAML)
    errors = (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError)
    return _loaded("YAML", text, yaml.safe_load, errors)


def _loaded(kind: str, text: Text, parse: Callable[[Text], Any], errors: tuple[type[Exception], ...]) -> Any:
    """Return what a parser makes of a text, within the limits; it raises `errors` on other texts."""
    try:
        content = parse(text)
    except RecursionError as error:
        raise UnreadableFileError(_TOO_DEEP) from error
    except errors as error:
        raise UnreadableFileError(f"it is not valid {kind} ({' '.join(str(error).split())[:200]}).") from error
    _require_shallow(content)
    return content


_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep."
_TOO_MANY = f"it has more than {MAX_PARTS:,} values."


def _require_size(text: str | bytes, most: int) -> None:
    """Refuse, before it is parsed, a text that is too long or would become too many values."""
    if len(text) > most:
        raise UnreadableFileError(
            f"it has {len(text) / 2**20:.1f} MB of text; such files have less than {most / 2**20:g} MB."
        )
    if isinstance(text, bytes):
        parts = sum(text.count(mark) for mark in (b",", b"[", b"{"))
    else:
        parts = sum(text.count(mark) for mark in ",[{")
    if parts > MAX_PARTS:
        raise UnreadableFileError(_TOO_MANY)


def _require_shallow(content: Any) -> None:
    """Refuse what is nested too deeply or, by references to references, stands for too many values."""
    parts, level = 1, [content]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, Mapping):
                inner += value.values()
            elif isinstance(value, list | tuple | set):
                inner += value
            if len(inner) + parts > MAX_PARTS:
                raise UnreadableFileError(_TOO_MANY)
        if not inner:
            return
        parts, level = parts + len(inner), inner
    raise UnreadableFileError(_TOO_DEEP)
