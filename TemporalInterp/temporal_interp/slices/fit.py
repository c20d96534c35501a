"""The training of slice synthesis on volumes, which can be stopped and resumed at any step (section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from temporal_interp.errors import FitDivergedError, Progress, no_progress
from temporal_interp.fitting.resume import fingerprint_of
from temporal_interp.fitting.schedule import Schedule
from temporal_interp.slices.held_out import HeldOut
from temporal_interp.slices.objective import distillation_loss, restoration_loss
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.slices.sub_volumes import Restoration, SubVolumes, TrainingVolume
from temporal_interp.slices.synthesis_model import SliceSynthesis

WARM_UP = 50
"""Steps over which the learning rate rises."""

CLIP = 1.0
"""Largest norm of the gradient: otherwise the first steps of a fresh network on a bright edge would be too long."""


JUDGED_EVERY, PATIENCE = 50, 3
"""Steps after which held-out slices are looked at, and how often they may not gain before the training ends."""


SMOOTH_FROM = 2.0
"""From this factor on less counts of the correction than what leaves the smallest error: this number over the factor.
The more may lie between slices, the smoother is its mean. Half-way the error is almost as small, and slices keep the
detail of the acquired ones. On a chest CT with every fourth slice 30.25 dB, not 30.30, and a SSIM of 0.895, not 0.889
(motion alone: 30.05 dB, 0.896); with every second slice all of it has the highest SSIM as well."""


@dataclass(frozen=True, eq=False)
class _Best:
    """Weights, and what they leave of the error of motion in held-out slices."""

    left: float
    state: dict[str, torch.Tensor]


class SliceFit:
    """Trains both networks on volumes, each view with the help of the other two (section 3.2).

    Args:
        model: to train, in place; it stays on its device.
        volumes: to learn from.
        settings: of the training.
        precision: torch.bfloat16 for mixed precision, which is faster on processors and GPUs that support it.
        held_out: of guided networks: the training ends when these no longer gain, with the weights that gained most.

    Raises:
        InvalidInputError: the volumes are too small.
    """

    def __init__(
        self,
        model: SliceSynthesis,
        volumes: Sequence[TrainingVolume],
        settings: SliceTrainingSettings,
        *,
        precision: torch.dtype = torch.float32,
        held_out: HeldOut | None = None,
    ) -> None:
        self.model, self.volumes, self.settings, self.precision = model, volumes, settings, precision
        self.device = next(model.parameters()).device
        self.parts = SubVolumes(volumes, model.factor, settings, self.device)
        self.optimiser = torch.optim.Adam(model.parameters(), settings.learning_rate)
        self.schedule = Schedule(self.optimiser, steps=settings.steps, warm_up=WARM_UP, decay=settings.steps)
        self.held_out, self.judged = held_out, 0
        self.best = None if held_out is None else self._judged()

    def run(self, *, on_step: Callable[[], None] | None = None, progress: Progress = no_progress) -> SliceSynthesis:
        """Train to the end and return the model, ready for use.

        Raises:
            FitDivergedError: the training diverged.
            CancelledError: `progress` stopped it.
        """
        self.model.train()
        schedule = self.schedule
        while not schedule.ended and self.judged < PATIENCE:
            step = f"step {schedule.done} of {schedule.steps}"
            progress(schedule.done / schedule.steps, f"learning from the images, {step}")
            self._step()
            if self.best is not None and (schedule.done % JUDGED_EVERY == 0 or schedule.ended):
                self._judge(self.best)
            if on_step is not None:
                on_step()
        if self.best is not None:
            self.model.load_state_dict(self.best.state)
        progress(1.0, "learning from the images")
        return self.model.eval()

    def fingerprint(self) -> str:
        """Return a text that identifies the volumes, the networks and the settings of the training."""
        networks = (self.model.factor, self.model.slice_network.settings, self.model.pixel_network.settings)
        return fingerprint_of((self.settings, networks), (torch.from_numpy(volume.array) for volume in self.volumes))

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue from here, as tensors, numbers and text."""
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": self.parts.generator.get_state(),
            "judged": self.judged,
            **({} if self.best is None else {"left": self.best.left, "best": self.best.state}),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a training of the same model on the same volumes from where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.parts.generator.set_state(state["generator"])
        self.judged = state["judged"]
        if self.best is not None:
            self.best = _Best(state["left"], dict(state["best"]))

    def _judged(self) -> _Best:
        """Return the weights as they are, with the best share of their correction."""
        assert self.held_out is not None
        self.model.eval()
        left, share = self.held_out.judge(self.model)
        self.model.train()
        state = {name: value.clone() for name, value in self.model.state_dict().items()}
        return _Best(left, {**state, "share": torch.tensor(min(1.0, SMOOTH_FROM / self.model.factor) * share)})

    def _judge(self, best: _Best) -> None:
        """Keep the weights if they gain on those before, and count how often they did not."""
        now = self._judged()
        if now.left < best.left:
            self.best, self.judged = now, 0
        else:
            self.judged += 1

    def _step(self) -> None:
        self.optimiser.zero_grad()
        for loss in self._losses():
            if not torch.isfinite(loss):
                raise FitDivergedError(
                    f"The training diverged at step {self.schedule.done}; use a smaller learning rate than "
                    f"{self.settings.learning_rate}."
                )
            loss.backward()  # one after the other: their graphs need not be in memory together
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimiser.step()
        self.schedule.advance()

    def _losses(self) -> Iterator[torch.Tensor]:
        settings, parts = self.settings, self.parts
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            # the coronal and the sagittal view share one network, and both losses count (Eqs. 9 and 10)
            yield 2 * self._rows_loss(parts.images())
            yield self._slices_loss(parts.slabs())
            if settings.coronal_distillation or settings.sagittal_distillation:
                acquired, guide = parts.acquired()
                if guide is not None or not self.model.guided:
                    yield self._distillation(acquired, guide)

    def _rows_loss(self, part: Restoration) -> torch.Tensor:
        """Return L_c^int, which is also L_s^int (Eqs. 9 and 10)."""
        restored = self.model.pixel_network(part.given[:, None], part.guide)
        return restoration_loss(restored.float(), part.wanted[:, None], wavelets=self.settings.wavelets)

    def _slices_loss(self, part: Restoration) -> torch.Tensor:
        """Return L_a^int and the loss of the memory bank (Eqs. 8, 13 and 14)."""
        restored, memory_loss = self.model.axial(part.given, part.guide)
        images = [volume.flatten(0, 1)[:, None].float() for volume in (restored, part.wanted)]
        return restoration_loss(*images, wavelets=self.settings.wavelets) + self.settings.memory * memory_loss

    def _distillation(self, acquired: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
        """Return the weighted L_c^cmd + L_s^cmd: the difference of the views where slices are added between acquired
        ones."""
        settings, loss = self.settings, torch.zeros((), device=acquired.device)
        axial = coronal = sagittal = acquired
        for _ in range(settings.repeats if guide is None else 1):  # motion was found between acquired slices alone
            axial = self.model.axial(axial, guide)[0]
            with torch.set_grad_enabled(settings.mutual):
                coronal = self.model.coronal(coronal, guide) if settings.coronal_distillation else coronal
                sagittal = self.model.sagittal(sagittal, guide) if settings.sagittal_distillation else sagittal
            if settings.coronal_distillation:
                loss = loss + settings.coronal_distillation * self._distance(axial, coronal)
            if settings.sagittal_distillation:
                loss = loss + settings.sagittal_distillation * self._distance(axial, sagittal)
        return loss / (settings.repeats if guide is None else 1)

    def _distance(self, axial: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return distillation_loss(axial.float(), other.float(), self.settings.distillation_ratio)
