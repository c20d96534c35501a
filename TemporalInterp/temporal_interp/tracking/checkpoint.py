"""Keeps the state of a fit in a file, so that one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import torch

from temporal_interp.errors import InvalidInputError, Progress
from temporal_interp.tracking.optimise import OnScale, PairFit

EVERY_SECONDS = 20.0
"""Between two states; a state of many frames takes a while to write."""


def run_kept(
    fit: PairFit, path: Path | None, *, on_scale: OnScale | None = None, progress: Progress
) -> torch.Tensor:  # fmt: skip
    """Run a fit and return its field; with a path its state is kept there, and taken up from there if there is one.

    A fit that had ended is not run again. `on_scale` is called for the scales that are run.

    Raises:
        InvalidInputError: the state belongs to other frames or settings, or the fit diverged.
    """
    if path is None:
        return fit.run(on_scale=on_scale, progress=progress)
    from temporal_interp.training.checkpoint_file import SafetensorsCheckpoints  # takes a while to import

    files, mark = SafetensorsCheckpoints(), _mark(fit)
    if path.exists():
        kept = files.load_checkpoint(path)
        if kept.get("mark") != mark:
            raise InvalidInputError(
                f"{path} keeps a tracking of other frames, or with other settings; choose another folder or empty it."
            )
        fit.go_on_from(kept["state"])

    def keep() -> None:
        files.save_checkpoint({"mark": mark, "state": fit.state()}, path)

    try:
        return fit.run(on_scale=on_scale, on_step=_now_and_then(keep), progress=progress)
    finally:
        keep()


def _now_and_then(act: Callable[[], None]) -> Callable[[], None]:
    last = time.monotonic()

    def step() -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            act()
            last = time.monotonic()

    return step


def _mark(fit: PairFit) -> str:
    """Return what tells fits apart: their settings, pairs and frames."""
    digest = hashlib.sha256(repr((fit.settings, fit.scales, fit.passes, fit.spacing)).encode())
    for tensor in (fit.pairs.frames, fit.pairs.sources, fit.pairs.targets, fit.pairs.weight):
        if tensor is not None:
            digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
