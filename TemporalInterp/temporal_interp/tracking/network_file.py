"""The network of a tracking in a file, from which the tracking of a similar sequence can start (NMSR_V)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file

from temporal_interp.io.guard import reading
from temporal_interp.io.tensor_file import write_tensors


def save_network(weights: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write the weights of `Tracking.network` as a safetensors file, whole or not at all."""
    write_tensors(path, weights)


def load_network(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights in a file that `save_network` wrote.

    Raises:
        UnreadableFileError: the file is missing or is not a safetensors file.
    """
    with reading(path):
        return load_file(path)
