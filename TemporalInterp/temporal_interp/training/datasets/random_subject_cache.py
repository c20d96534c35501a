"""Random subjects on disk, so that they are made once for all trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.guard import reading
from temporal_interp.simulation.random_subject import RandomSubject

_TENSORS = ("frames", "to_rest", "from_rest")


def write_subject(subject: RandomSubject, path: Path) -> None:
    """Write a subject, whole or not at all; processes that write the same one do not disturb each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: getattr(subject, name).numpy() for name in _TENSORS}
    with atomic_file(path, overwrite=True) as unfinished, unfinished.open("wb") as file:
        np.savez(
            file,
            **arrays,
            phases=np.array(subject.phases),
            numbers=np.array([*subject.origin, subject.step, *subject.spacing, subject.noise]),
        )


def read_subject(path: Path) -> RandomSubject | None:
    """Return a subject, or None if the file is missing or damaged."""
    try:
        with reading(path), np.load(path, allow_pickle=False) as file:
            tensors = {name: torch.from_numpy(file[name]) for name in _TENSORS}
            phases = tuple(int(phase) for phase in file["phases"])
            z, j, i, step, along_k, along_j, along_i, noise = (float(number) for number in file["numbers"])
    except UnreadableFileError:
        return None
    return RandomSubject(
        **tensors,
        phases=phases,
        origin=(z, j, i),
        step=step,
        spacing=(along_k, along_j, along_i),
        noise=noise,
    )
