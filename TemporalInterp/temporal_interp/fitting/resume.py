"""Resumes a fit that was stopped, from a checkpoint."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch

from temporal_interp.errors import InvalidInputError, Progress
from temporal_interp.fitting.checkpoint_file import read_checkpoint, write_checkpoint

EVERY_SECONDS = 20.0
"""Time between two checkpoints; one of many frames takes a while to write."""

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Fit(Protocol[Result_co]):
    """An optimisation that can be stopped after any step and resumed.

    Lightning's trainings are resumed by Lightning itself, by epochs, from files of the same format; see docs/adr.
    """

    def fingerprint(self) -> str:
        """Return a text that identifies the data and the settings of the fit."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue from here, as tensors, numbers and text."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from where `state` was taken."""

    def run(self, *, on_step: Callable[[], None] | None, progress: Progress) -> Result_co:
        """Fit to the end, calling `on_step` after every step, and return the result."""


def resume(fit: Fit[Result], checkpoint: Path | None, *, progress: Progress) -> Result:
    """Run a fit to its end and return its result; with a checkpoint, continue from there.

    A fit that has ended is not run again.

    Args:
        fit: to run.
        checkpoint: file that holds the state, also when the fit is stopped; None keeps nothing.
        progress: for the fit.

    Raises:
        InvalidInputError: the checkpoint belongs to other data or settings, or the fit fails.
    """
    if checkpoint is None:
        return fit.run(on_step=None, progress=progress)
    path, fingerprint = checkpoint, fit.fingerprint()
    if path.exists():
        kept = read_checkpoint(path)
        if kept.get("fingerprint") != fingerprint:
            raise InvalidInputError(
                f"{path} was kept for other images, or with other settings; choose another name or remove it."
            )
        fit.load_state_dict(kept["state"])

    def keep() -> None:
        write_checkpoint({"fingerprint": fingerprint, "state": fit.state_dict()}, path)

    try:
        return fit.run(on_step=_at_intervals(keep), progress=progress)
    finally:
        keep()


def fingerprint_of(settings: Any, tensors: Iterable[torch.Tensor | None]) -> str:
    """Return a text that differs where settings (by their repr) or tensors do."""
    digest = hashlib.sha256(repr(settings).encode())
    for tensor in tensors:
        if tensor is not None:
            digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def _at_intervals(act: Callable[[], None]) -> Callable[[], None]:
    last = time.monotonic()

    def step() -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            act()
            last = time.monotonic()

    return step
