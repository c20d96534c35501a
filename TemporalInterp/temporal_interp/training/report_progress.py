"""Reports the progress of a training to a callback."""

from __future__ import annotations

import time
from typing import Any

import lightning

from temporal_interp.errors import Progress


class ReportProgress(lightning.Callback):
    """Reports after every step; an error that the callback raises, such as CancelledError, ends the training.

    From the second epoch on, the report says how long the one before took, with its validation.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._began = 0.0
        self._pace = ""

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Stop the clock of the epoch before, and start it again."""
        now = time.monotonic()
        self._pace = f", {now - self._began:.3g} s an epoch" if self._began else ""
        self._began = now

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Report the fraction of all epochs that is done; of several processes only the first one reports."""
        if not trainer.is_global_zero:
            return
        within = (batch_idx + 1) / max(1, trainer.num_training_batches)
        done = (trainer.current_epoch + within) / max(1, trainer.max_epochs or 1)
        loss = float(outputs["loss"]) if isinstance(outputs, dict) else float(outputs)
        self.progress(done, f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}, loss {loss:.5f}{self._pace}")
