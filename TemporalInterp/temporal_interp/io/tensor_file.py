"""Safetensors files, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from temporal_interp.errors import UnwritableFileError
from temporal_interp.io.atomic import atomic_file

if TYPE_CHECKING:  # models can be listed without PyTorch, which takes a second to load
    import torch


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors and a description into a file; the folder is made where it is missing, a file there is replaced.

    Args:
        path: of the file.
        tensors: by name, on any device.
        metadata: text by name, for the header.

    Raises:
        UnwritableFileError: the disk is full, or the file cannot be written for another reason.
    """
    from safetensors.torch import save_file

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path, overwrite=True) as unfinished:
            on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(on_cpu, unfinished, metadata=dict(metadata or {}))
            _give_usual_permissions(unfinished)
    except (OSError, SafetensorError) as error:  # safetensors raises its own for an OSError
        reason = getattr(error, "strerror", None) or error
        raise UnwritableFileError(
            f"{path} cannot be written ({reason}). Choose a folder that exists, is writable and has space left."
        ) from error


def _give_usual_permissions(path: Path) -> None:
    """Give a file the permissions that other new files have; safetensors lets nobody else read it."""
    if os.name != "nt":
        umask = os.umask(0)
        os.umask(umask)
        path.chmod(0o666 & ~umask)
