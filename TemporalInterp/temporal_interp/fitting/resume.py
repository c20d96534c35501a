"""Keeps the state of a fit in a file, so that one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from temporal_interp.errors import InvalidInputError, Progress

EVERY_SECONDS = 20.0
"""Between two states; a state of many frames takes a while to write."""


class Fit(Protocol):
    """An optimisation that can be taken up at any step."""

    def mark(self) -> str:
        """Return what tells fits of other data, or with other settings, apart."""

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on from here, as tensors, numbers and text."""

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Take up the fit where `state` was taken."""

    def run(self, *, on_step: Callable[[], None] | None, progress: Progress, **options: Any) -> Any:
        """Fit to the end, calling `on_step` after every step, and return the result."""


def run_kept(fit: Fit, path: Path | None, *, progress: Progress, **options: Any) -> Any:
    """Run a fit and return its result; with a path its state is kept there, and taken up from there if there is one.

    A fit that had ended is not run again.

    Args:
        fit: to run.
        path: of the file, or None to keep nothing.
        progress: for the fit.
        options: for the fit's `run`.

    Raises:
        InvalidInputError: the state belongs to other data or settings, or the fit fails.
    """
    if path is None:
        return fit.run(on_step=None, progress=progress, **options)
    from temporal_interp.fitting.checkpoint_file import SafetensorsCheckpoints  # takes a while to import

    files, mark = SafetensorsCheckpoints(), fit.mark()
    if path.exists():
        kept = files.load_checkpoint(path)
        if kept.get("mark") != mark:
            raise InvalidInputError(
                f"{path} was kept for other images, or with other settings; choose another name or remove it."
            )
        fit.go_on_from(kept["state"])

    def keep() -> None:
        files.save_checkpoint({"mark": mark, "state": fit.state()}, path)

    try:
        return fit.run(on_step=_now_and_then(keep), progress=progress, **options)
    finally:
        keep()


def mark_of(settings: Any, tensors: Iterable[torch.Tensor | None]) -> str:
    """Return a text that differs where settings (by their repr) or tensors do."""
    digest = hashlib.sha256(repr(settings).encode())
    for tensor in tensors:
        if tensor is not None:
            digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def _now_and_then(act: Callable[[], None]) -> Callable[[], None]:
    last = time.monotonic()

    def step() -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            act()
            last = time.monotonic()

    return step
