"""Model files: safetensors with a description in the header. Nothing that can run code is ever loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

import temporal_interp
from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError
from temporal_interp.io.plain_text import load_json
from temporal_interp.io.tensor_file import write_tensors

if TYPE_CHECKING:  # models can be listed without PyTorch, which takes a second to load
    import torch

FORMAT = "temporal-interp"
FORMAT_VERSION = 1
KINDS = ("teacher", "student", "slices")
HEADER_LIMIT = 10_000_000
"""Bytes of header beyond which a file is not one of our models; safetensors itself allows ten times as much."""

_PICKLES = {b"PK\x03\x04": "a PyTorch archive", b"\x80": "a pickle"}


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model file's content.

    Attributes:
        path: where it was read from.
        kind: one of KINDS.
        settings: of the network, for `NetworkSettings.from_dict`.
        training: how it was trained.
        state: weights by name, on the CPU.
        sha256: of the file, in hexadecimal.
    """

    path: Path
    kind: str
    settings: Mapping[str, Any]
    training: Mapping[str, Any]
    state: Mapping[str, torch.Tensor]
    sha256: str


def save_model(
    path: Path,
    state: Mapping[str, torch.Tensor],
    *,
    kind: str,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
) -> None:
    """Write a model file, whole or not at all.

    Args:
        path: ends in .safetensors.
        state: weights by name.
        kind: one of KINDS.
        settings: of the network.
        training: how it was trained, for people; anything that JSON can hold.

    Raises:
        InvalidInputError: the name or the kind is wrong, a weight is not finite, or the disk is full.

    Example:
        >>> from tempfile import mkdtemp
        >>> import torch
        >>> path = Path(mkdtemp()) / "model.safetensors"
        >>> save_model(path, {"weight": torch.zeros(3)}, kind="student", settings={}, training={"epochs": 1})
        >>> load_model(path).training
        {'epochs': 1}
    """
    path = Path(path)
    if path.suffix != ".safetensors" or kind not in KINDS:
        raise InvalidInputError(f"A model file is a .safetensors of kind {', '.join(KINDS)}, got {path} and {kind}.")
    _require_finite(state, path)
    description = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "program_version": temporal_interp.__version__,
        "kind": kind,
        "settings": dict(settings),
        "training": dict(training),
    }
    write_tensors(path, state, {FORMAT: json.dumps(description)})


def load_model(path: Path) -> LoadedModel:
    """Return the content of a model file.

    Raises:
        InvalidInputError: it is missing, truncated, a pickle, a safetensors file of another program, of a newer version
            of this one, or has weights that are not finite. The message says which.
    """
    path = Path(path)
    description = read_description(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise UnreadableFileError(f"{path} is damaged: {error}. Get it again.") from error
    _require_finite(state, path)
    return LoadedModel(
        path, description["kind"], description["settings"], description["training"], state, checksum(path)
    )


def read_description(path: Path) -> dict[str, Any]:
    """Return the description in a model file's header, without reading the weights.

    Raises:
        InvalidInputError: as `load_model`.
    """
    _require_safetensors(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            text = (file.metadata() or {}).get(FORMAT)
    except (OSError, SafetensorError) as error:
        raise UnreadableFileError(f"{path} is damaged or cut off: {error}. Get it again.") from error
    foreign = UnreadableFileError(f"{path} is a safetensors file of another program; it holds no network of this one.")
    if text is None:
        raise foreign
    try:
        description = load_json(text)
        ours = description["format"] == FORMAT and isinstance(description["format_version"], int)
    except (UnreadableFileError, TypeError, KeyError) as error:
        raise foreign from error
    if not ours:
        raise foreign
    if description["format_version"] > FORMAT_VERSION:
        raise UnreadableFileError(
            f"{path} was written by version {description.get('program_version')} of this program, which this one, "
            f"{temporal_interp.__version__}, cannot read. Update the program."
        )
    complete = all(isinstance(description.get(part), dict) for part in ("settings", "training"))
    if not complete or description.get("kind") not in KINDS:
        raise foreign
    return description


def checksum(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_safetensors(path: Path) -> None:
    """Refuse files that are not safetensors files by their first bytes, before anything tries to read it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        kind = MissingFileError if isinstance(error, FileNotFoundError) else UnreadableFileError
        raise kind(f"{path} cannot be read: {error.strerror}.") from error
    for mark, what in _PICKLES.items():
        # a header of 128 bytes also starts with 0x80, but then a length follows, and a brace
        if start.startswith(mark) and start[8:9] != b"{":
            raise UnreadableFileError(
                f"{path} is {what}, which could run any code when it is loaded; only safetensors files are read."
            )
    header = int.from_bytes(start[:8], "little")
    if len(start) < 9 or start[8:9] != b"{" or not 2 <= header <= HEADER_LIMIT:
        raise UnreadableFileError(f"{path} is not a safetensors file.")
    if 8 + header > size:
        raise UnreadableFileError(f"{path} is cut off: it ends inside its header. Get it again.")


def _require_finite(state: Mapping[str, torch.Tensor], path: Path) -> None:
    import torch

    for name, weights in state.items():
        if weights.is_floating_point() and not torch.isfinite(weights.float()).all():
            raise InvalidInputError(f"{path}: the weights '{name}' are not finite, so the network would give nonsense.")
