"""The table of a training: one line for every epoch, in a CSV file."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import lightning

from temporal_interp.io.atomic import atomic_file

LOG_FILE = "log.csv"


class EpochLog(lightning.Callback):
    """Writes the means of every epoch, and the seconds that it took, with its validation.

    The lines are part of the checkpoints, and the file is written whole from them. Wherever a training is stopped, the
    file of the resumed one therefore has every epoch once.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        self._began = 0.0
        self._validated = False

    def state_dict(self) -> dict[str, Any]:
        """Return the lines, for a checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the lines of a checkpoint."""
        self.rows = list(state_dict["rows"])

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write the lines of the epochs before: the file may lag behind, or be ahead of, the checkpoint."""
        self._write(trainer)

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock."""
        self._began, self._validated = time.monotonic(), False

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Note that this epoch has figures of a validation."""
        self._validated = True

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Add a line, before the checkpoint of the epoch is written; every process must ask for the means."""
        row = {"epoch": trainer.current_epoch + 1, "seconds": round(time.monotonic() - self._began, 3)}
        for name, value in sorted(trainer.callback_metrics.items()):
            if name.startswith("training/") and name.endswith("_epoch"):
                row[name.removesuffix("_epoch")] = float(value)
            elif name.startswith("validation/") and self._validated:
                row[name] = float(value)
        self.rows.append(row)
        self._write(trainer)

    def _write(self, trainer: lightning.Trainer) -> None:
        if not trainer.is_global_zero or not self.rows:
            return
        names = dict.fromkeys(name for row in self.rows for name in row)
        with (
            atomic_file(self.path, overwrite=True) as unfinished,
            unfinished.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(names), restval="")
            writer.writeheader()
            writer.writerows(self.rows)
