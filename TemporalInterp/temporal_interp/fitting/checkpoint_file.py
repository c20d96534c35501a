"""Checkpoints without pickle: tensors in a safetensors file, everything else as JSON in its header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.guard import reading
from temporal_interp.io.plain_text import load_json
from temporal_interp.io.tensor_file import write_tensors

STATE_KEY = "temporal-interp training state"


def write_checkpoint(checkpoint: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint, whole or not at all; the folder is made where it is missing.

    Args:
        checkpoint: dictionaries, lists and tuples of tensors, numbers, text and paths (which come back as text).
        path: of the file.

    Raises:
        TypeError: it holds something else.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "state.safetensors"
        >>> write_checkpoint({"step": 3, "weights": torch.zeros(2)}, path)
        >>> read_checkpoint(path)
        {'step': 3, 'weights': tensor([0., 0.])}
    """
    tensors: dict[str, torch.Tensor] = {}
    state = json.dumps(_pack(checkpoint, tensors))
    write_tensors(path, tensors, {STATE_KEY: state})


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint, its tensors on the CPU.

    Raises:
        UnreadableFileError: the file is not one of our checkpoints.
    """
    with reading(path):
        with safe_open(path, framework="pt", device="cpu") as file:
            state = (file.metadata() or {}).get(STATE_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        if state is None:
            raise UnreadableFileError("this is a safetensors file, but not a checkpoint of a training.")
        return _unpack(load_json(state), tensors)


def _pack(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Return a value as JSON can hold it; tensors go to `tensors` and leave their name behind."""
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[_pack(key, tensors), _pack(inner, tensors)] for key, inner in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_pack(inner, tensors) for inner in value]}
    if isinstance(value, list):
        return [_pack(inner, tensors) for inner in value]
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"A checkpoint cannot hold a {type(value).__name__}.")


def _unpack(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(inner, tensors) for inner in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "tensor":
        return tensors[inner]
    if kind == "tuple":
        return tuple(_unpack(part, tensors) for part in inner)
    return {_unpack(key, tensors): _unpack(part, tensors) for key, part in inner}
