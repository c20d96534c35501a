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

KEY = "TemporalInterp"


def sidecar_path(path: Path) -> Path:
    """Return where the sidecar of a .nii or .nii.gz file is."""
    return path.with_name(path.name[: path.name.lower().rindex(".nii")] + ".json")


def require_sidecar_replaceable(path: Path, *, overwrite: bool) -> None:
    """Raise UnwritableFileError if writing the sidecar of `path` would destroy something that must stay."""
    sidecar = sidecar_path(path)
    if not sidecar.exists():
        return
    try:
        _content(sidecar)
    except (OSError, ValueError) as error:
        raise UnwritableFileError(
            f"its times would go to {sidecar.name} beside it, where there is something else; choose another name."
        ) from error
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
    if not sidecar.is_file():
        return None
    try:
        content = _content(sidecar)
    except ValueError:
        return None
    try:
        return {
            "index_name": str(content["index_name"]),
            "unit": str(content["index_unit"]),
            "times": [float(value) for value in content["index_values"]],
            "slice_thickness": _number_or_none(content["slice_thickness"]),
            "period": _number_or_none(content.get("period")),  # earlier versions wrote none
            "item_attributes": [dict(attributes) for attributes in content["item_attributes"]],
        }
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFileError(
            f"the times in {sidecar.name} beside it cannot be read; mend or remove that file."
        ) from error


def _number_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def _content(sidecar: Path) -> dict[str, Any]:
    """Return our part of a JSON file; raises ValueError where it has none."""
    content = json.loads(sidecar.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get(KEY), dict):
        raise ValueError(f"{sidecar} was written by another program")
    return content[KEY]
