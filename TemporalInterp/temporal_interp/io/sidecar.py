"""The JSON file beside a NIfTI file that holds what NIfTI cannot: exact times, their name and unit, attributes.

A sidecar of `cine.nii.gz` is `cine.json`: {"TemporalInterp": {"index_values": [...], ...}}. Other programs keep other
things in a file of that name; such a file is left alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import UnreadableFileError, UnwritableFileError, errors_naming
from temporal_interp.io.atomic import require_replaceable
from temporal_interp.io.plain_text import load_json

KEY = "TemporalInterp"


def sidecar_path(path: Path) -> Path:
    """Return where the sidecar of a NIfTI file is."""
    name = path.name
    for ending in (".gz", ".bz2", ".nii", ".hdr", ".img"):
        name = name[: -len(ending)] if name.lower().endswith(ending) else name
    return path.with_name(f"{name}.json")


def require_sidecar_replaceable(path: Path, *, overwrite: bool) -> None:
    """Raise UnwritableFileError if writing the sidecar of `path` would destroy something that must stay."""
    sidecar = sidecar_path(path)
    if not sidecar.exists():
        return
    if _content(sidecar) is None:
        raise UnwritableFileError(
            f"its times would go to {sidecar.name} beside it, where there is something else; choose another name."
        )
    with errors_naming(sidecar):
        require_replaceable(sidecar, overwrite=overwrite)


def write_sidecar(sequence: Sequence, path: Path) -> None:
    """Write the sidecar of the NIfTI file at `path`."""
    content = {
        "index_name": sequence.index_name,
        "index_unit": sequence.unit,
        "index_values": sequence.times,
        "slice_thickness": sequence.slice_thickness,
        "period": sequence.period,
        "item_attributes": sequence.item_attributes,
    }
    text = json.dumps({KEY: content}, indent=1, ensure_ascii=False)
    sidecar_path(path).write_text(text + "\n", encoding="utf-8")


def read_sidecar(path: Path) -> dict[str, Any] | None:
    """Return the content of the sidecar of `path` as arguments of Sequence; None if there is none of ours.

    Raises:
        UnreadableFileError: the file is ours but damaged.
    """
    sidecar = sidecar_path(path)
    content = _content(sidecar)
    if content is None:
        return None
    try:
        return {
            "index_name": _text(content["index_name"]),
            "unit": _text(content["index_unit"]),
            "times": [float(value) for value in content["index_values"]],
            "slice_thickness": _number_or_none(content["slice_thickness"]),
            "period": _number_or_none(content.get("period")),  # earlier versions wrote none
            "item_attributes": [_texts(attributes) for attributes in content["item_attributes"]],
        }
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableFileError(
            f"the times in {sidecar.name} beside it cannot be read; mend or remove that file."
        ) from error


def _texts(attributes: Any) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in dict(attributes).items()}


def _text(value: Any) -> str:
    """Return a text that can be written; raises ValueError where it is none, such as half a character of UTF-16."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is not text")
    value.encode("utf-8")
    return value


def _number_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def _content(sidecar: Path) -> dict[str, Any] | None:
    """Return our part of a JSON file, None where it has none."""
    content = read_json(sidecar)[0].get(KEY)
    return content if isinstance(content, dict) else None


def read_json(path: Path) -> tuple[dict[str, Any], str]:
    """Return the object in a JSON file, and why there is none; an object without entries where there is no file.

    Example:
        >>> read_json(Path("missing.json"))
        ({}, '')
    """
    try:
        content = load_json(path.read_bytes().decode("utf-8-sig"))
    except UnreadableFileError as error:
        return {}, str(error).rstrip(".")
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"it cannot be opened ({error.strerror})"
    except UnicodeDecodeError:
        return {}, "its text is not UTF-8"
    return (content, "") if isinstance(content, dict) else ({}, "it holds no JSON object")
