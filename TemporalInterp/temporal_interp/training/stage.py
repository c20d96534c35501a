"""The two stages of a training as Lightning modules."""

from __future__ import annotations

import math

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch.nn import functional

from temporal_interp.networks import Student, Synthesis, Teacher
from temporal_interp.training.datasets.batch import Batch
from temporal_interp.training.objective import Objective, finest_motion_error
from temporal_interp.training.settings import TrainingSettings

MONITOR = "validation/gain"
"""The measure that chooses the best checkpoint: dB of the frame over the linear blend, mean over the validation
samples."""


class Stage(lightning.LightningModule):
    """The common part of both stages.

    Args:
        network: to train.
        settings: of the training.
    """

    def __init__(self, network: Teacher | Student, settings: TrainingSettings) -> None:
        super().__init__()
        self.network = network
        self.settings = settings
        self.objective = Objective(settings)

    def synthesise(self, batch: Batch) -> Synthesis:
        """Return the network's synthesis of a batch."""
        raise NotImplementedError

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the losses of a batch by name; "loss" is minimised."""
        return self.objective(self.synthesise(batch), batch)

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Return the loss of one step."""
        losses = self.losses(self._as_asked(batch))
        for name, value in losses.items():
            self._note(f"training/{name}", value.detach(), batch, on_step=True)
        return losses["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Measure the frames: PSNR over all voxels, its gain over the linear blend, and the error of the motion."""
        batch = self._as_asked(batch)
        made = self.synthesise(batch)
        psnr, gain = psnr_and_gain(made, batch)
        measures = {"psnr": psnr, "gain": gain}
        if batch.displacements is not None:
            measures["epe_voxels"] = finest_motion_error(made, batch.displacements)
        for name, value in measures.items():
            self._note(f"validation/{name}", value.mean(), batch)

    def _as_asked(self, batch: Batch) -> Batch:
        """Return a batch as the engine will show such images: stacks of independent slices slice by slice.

        A network with the `usual` initial weights is always shown whole stacks.
        """
        whole = self.network.settings.initial_weights == "usual" or batch.first.shape[2] == 1
        return batch if whole or not batch.spacing[:, 0].isinf().all() else batch.slice_by_slice()

    def _note(self, name: str, value: torch.Tensor, batch: Batch, *, on_step: bool = False) -> None:
        """Log a mean over a batch; the mean over the epoch is that over the samples of all processes."""
        # Lightning averages the number of samples over the processes as a whole number, which must leave no remainder
        counted = len(batch.t) * self.trainer.world_size
        self.log(name, value, on_step=on_step, on_epoch=True, sync_dist=True, batch_size=counted)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return Adam over the network's own weights, and what lowers its learning rate from epoch to epoch."""
        adam = torch.optim.Adam(self.network.parameters(), lr=self.settings.learning_rate)
        if self.settings.schedule == "constant":
            return adam
        epochs = self.settings.epochs
        falling = torch.optim.lr_scheduler.LambdaLR(adam, lambda epoch: (1 + math.cos(math.pi * epoch / epochs)) / 2)
        return {"optimizer": adam, "lr_scheduler": falling}


class TeacherStage(Stage):
    """Stage 1: reconstruction and alignment (paper, section 3.1)."""

    def synthesise(self, batch: Batch) -> Synthesis:
        """Return the teacher's synthesis of a batch; it sees the target."""
        return self.network(batch.first, batch.last, batch.target, batch.t)


class StudentStage(Stage):
    """Stage 2: Eq. 1, with the output of the teacher.

    Args:
        network: the student.
        settings: of the training.
        teacher: a trained teacher, which is not changed, or None for training without distillation.
    """

    def __init__(self, network: Student, settings: TrainingSettings, teacher: Teacher | None = None) -> None:
        super().__init__(network, settings)
        # in a tuple Lightning does not see it: it is not trained, and not written to checkpoints
        self._teacher = () if teacher is None else (teacher.eval().requires_grad_(False),)

    def synthesise(self, batch: Batch) -> Synthesis:
        """Return the student's synthesis of a batch; it does not see the target."""
        return self.network(batch.first, batch.last, batch.t, batch.context)

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the losses of a batch by name; "loss" is minimised."""
        return self.objective(self.synthesise(batch), batch, self._taught(batch))

    def _taught(self, batch: Batch) -> Synthesis | None:
        if not self._teacher or not self.settings.distillation:
            return None
        with torch.no_grad():
            return self._teacher[0].to(batch.t.device)(batch.first, batch.last, batch.target, batch.t)


def psnr_and_gain(made: Synthesis, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the PSNR in dB of every frame of a batch, (N,), and by how much it exceeds that of the linear blend."""
    t = batch.t.view(-1, 1, 1, 1, 1)
    blend = (1 - t) * batch.first + t * batch.last
    psnr = _psnr(made.volume.float().view_as(batch.target), batch.target)
    return psnr, psnr - _psnr(blend, batch.target)


def _psnr(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the PSNR in dB of every image of a batch, (N,), for intensities in [0, 1]."""
    error = functional.mse_loss(image, target, reduction="none").flatten(1).mean(dim=1)
    return -10 * error.clamp(min=1e-10).log10()
