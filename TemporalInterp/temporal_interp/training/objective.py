"""The losses of teacher and student (paper, section 2.4, Eqs. 1 to 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch.nn import functional

from temporal_interp.networks.synthesis import Synthesis
from temporal_interp.tensors.regularity import diffusion, squared_gradient
from temporal_interp.training.datasets.batch import Batch
from temporal_interp.training.settings import TrainingSettings

FAR_APART = 10
"""In-plane voxels that an infinite distance between slices counts as (our choice): slices hardly smooth one another,
and motion across them is expensive, but the loss stays finite."""


@dataclass(frozen=True)
class Objective:
    """The weighted sum of the losses.

    Attributes:
        settings: the weights.
    """

    settings: TrainingSettings

    def __call__(self, made: Synthesis, batch: Batch, taught: Synthesis | None = None) -> dict[str, torch.Tensor]:
        """Return every loss by name; "loss" is the weighted sum (Eq. 1).

        Args:
            made: output of the network.
            batch: its input, with the true frame.
            taught: output of the teacher, or None without distillation.
        """
        target = batch.target if made.volume.ndim == 5 else batch.target.squeeze(2)
        losses = {"reconstruction": functional.mse_loss(made.volume.float(), target)}
        total = losses["reconstruction"]
        if self.settings.alignment:
            losses["alignment"] = self._alignment(made, target, batch.spacing)
            total = total + self.settings.alignment * losses["alignment"]
        if taught is not None and self.settings.distillation:
            losses["distillation"] = distillation(made, taught)
            total = total + self.settings.distillation * losses["distillation"]
        if batch.displacements is not None:
            losses["motion"] = motion_error(made, batch.displacements)
            total = total + self.settings.motion * losses["motion"]
        return {"loss": total, **losses}

    def _alignment(self, made: Synthesis, target: torch.Tensor, spacing: torch.Tensor) -> torch.Tensor:
        """Eq. 2: similarity of the deformed volumes and smoothness of the fields, the coarser scales counting less."""
        targets = torch.cat([target, target])
        finite = torch.where(spacing.isinf(), FAR_APART * spacing[:, 1:].amax(dim=1, keepdim=True), spacing)
        # 5 dimensions have all spacings, single slices none along K
        spacings = torch.cat([finite, finite])[:, 5 - target.ndim :]
        total = target.new_zeros(())
        for weight, deformed, displacement in _scales(made):
            similarity = functional.mse_loss(deformed, targets)
            strain = self.settings.regulariser == "strain"
            smoothness = squared_gradient(displacement, spacings) if strain else diffusion(displacement)
            # the paper adds both ends; a mean over the stacked ends is half of that sum
            total = total + 2 * weight * (similarity + self.settings.regularisation * smoothness)
        return total


def distillation(made: Synthesis, taught: Synthesis) -> torch.Tensor:
    """Eq. 3: the student's frame and deformed volumes against those of the teacher, which learns nothing from it."""
    total = functional.mse_loss(made.volume.float(), taught.volume.float().detach())
    for mine, theirs in zip(made.deformed, taught.deformed, strict=True):
        total = total + 2 * functional.mse_loss(mine, theirs.detach())  # the sum over both ends
    return total


def motion_error(made: Synthesis, truth: torch.Tensor) -> torch.Tensor:
    """Return the mean end-point error in voxels of both ends' fields, the coarser scales counting less (our choice).

    Args:
        made: output of the network.
        truth: (N, 2, 3, K, J, I), resampling fields, first then last.
    """
    stacked = torch.cat([truth[:, 0], truth[:, 1]])
    if made.volume.ndim == 4:
        stacked = stacked[:, 1:, 0]
    total, weights = stacked.new_zeros(()), 0.0
    for weight, _, displacement in _scales(made):
        # the small constant keeps the root's slope finite where the error is zero
        total = total + weight * ((displacement - stacked).square().sum(dim=1) + 1e-6).sqrt().mean()
        weights += weight
    return total / weights


def finest_motion_error(made: Synthesis, truth: torch.Tensor) -> torch.Tensor:
    """Return `motion_error` of the finest scale alone."""
    return motion_error(replace(made, displacements=made.displacements[-1:], deformed=made.deformed[-1:]), truth)


def _scales(made: Synthesis) -> list[tuple[float, torch.Tensor, torch.Tensor]]:
    """Return weight, deformed volumes and displacement of every scale, the finest with weight 1."""
    count = len(made.deformed)
    return [
        (2.0 ** (number + 1 - count), deformed, displacement)
        for number, (deformed, displacement) in enumerate(zip(made.deformed, made.displacements, strict=True))
    ]
