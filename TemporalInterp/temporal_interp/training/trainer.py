"""Lightning's trainer, as a training of teacher or student needs it."""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from pathlib import Path

import lightning
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from temporal_interp.errors import InvalidInputError, Progress
from temporal_interp.training.checkpoints import SafetensorsCheckpoints
from temporal_interp.training.epoch_log import LOG_FILE, EpochLog
from temporal_interp.training.hardware import Hardware
from temporal_interp.training.report_progress import ReportProgress
from temporal_interp.training.settings import TrainingSettings
from temporal_interp.training.stage import MONITOR

CHECKPOINT_SUFFIX = ".safetensors"


def make_trainer(
    folder: Path, settings: TrainingSettings, hardware: Hardware, progress: Progress, *, validated: bool
) -> lightning.Trainer:
    """Return a trainer that writes its checkpoints and logs into a folder.

    Args:
        folder: of the stage.
        settings: of the training.
        hardware: where it runs.
        progress: told how far it is.
        validated: whether samples choose the best checkpoint, beside the last one.

    Raises:
        InvalidInputError: there is no such hardware, it cannot share a batch, or nothing tells when to stop early.
    """
    if settings.patience and not validated:
        raise InvalidInputError("Stopping early needs a validation set: set validation above 0, or patience to 0.")
    quieten()
    shared = hardware.sharing(settings.batch_size)
    callbacks: list[Callback] = [
        ModelCheckpoint(folder, "last", save_on_train_epoch_end=True, enable_version_counter=False),
        ReportProgress(progress),
        EpochLog(folder / LOG_FILE),
    ]
    if validated:
        best = ModelCheckpoint(
            folder, "best", monitor=MONITOR, mode="max", enable_version_counter=False, every_n_epochs=1
        )  # fmt: skip
        callbacks.insert(0, best)
    for checkpoint in callbacks:
        if isinstance(checkpoint, ModelCheckpoint):
            checkpoint.FILE_EXTENSION = CHECKPOINT_SUFFIX
    if settings.averaging:
        callbacks.append(EMAWeightAveraging(decay=settings.averaging))
    if settings.patience:
        callbacks.append(EarlyStopping(MONITOR, mode="max", patience=settings.patience))
    # Slicer adapts networks without tensorboard: nobody looks at the curves there
    tensorboard = [TensorBoardLogger(folder, name="", version="tensorboard")] if find_spec("tensorboard") else []
    return shared.trainer(
        precision="bf16-mixed" if shared.computes_in_bfloat16(settings.precision) else "32-true",
        max_epochs=settings.epochs,
        check_val_every_n_epoch=min(settings.validate_every, settings.epochs),
        limit_val_batches=None if validated else 0,
        gradient_clip_val=settings.gradient_clip or None,
        callbacks=callbacks,
        logger=tensorboard,
        plugins=[SafetensorsCheckpoints()],
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,  # the samplers share out the samples themselves
    )


def quieten() -> None:
    """Silence Lightning's tips, its list of processors, and warnings about intended behaviour."""
    for expected in (
        "Checkpoint directory .* exists and is not empty",  # a training that is resumed
        "The number of training batches .* is smaller than the logging interval",
        "You passed in a `val_dataloader` but have no `validation_step`",
        ".*treespec.* is deprecated",  # within Lightning
    ):
        warnings.filterwarnings("ignore", message=expected)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)
