"""The learning rate over a fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR

from temporal_interp.fitting.plateau import Plateau


class Schedule:
    """A learning rate that rises in a warm-up, stays, and falls to zero as half a cosine.

    Args:
        optimiser: its learning rate is the peak.
        steps: of the fit.
        warm_up: steps over which the rate rises, 0 for none; it also damps a fall that begins earlier.
        decay: steps at the end while the rate falls, 0 for none.
        plateau: where it is reached before the fall, the fall begins at once, and the fit ends early.

    Attributes:
        done: steps taken so far.
        steps: of the fit; fewer than given after a plateau.

    Example:
        >>> optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule, rates = Schedule(optimiser, steps=6, warm_up=2, decay=2), []
        >>> while not schedule.ended:
        ...     rates.append(round(optimiser.param_groups[0]["lr"], 3))
        ...     optimiser.step()
        ...     schedule.advance()
        >>> rates
        [0.5, 1.0, 1.0, 1.0, 1.0, 0.5]
    """

    def __init__(
        self, optimiser: torch.optim.Optimizer, *, steps: int, warm_up: int, decay: int, plateau: Plateau | None = None
    ) -> None:
        self.done, self.steps, self.decay, self.plateau = 0, steps, decay, plateau
        # both multiply the current rate, so that they can run together
        self._rise = LinearLR(optimiser, start_factor=1 / max(1, warm_up), total_iters=max(1, warm_up) - 1)
        self._fall = CosineAnnealingLR(optimiser, T_max=max(1, decay))

    @property
    def ended(self) -> bool:
        """Whether all steps were taken."""
        return self.done >= self.steps

    def advance(self, loss: float | None = None) -> None:
        """Set the rate for the next step, after one of the optimiser.

        Args:
            loss: of the step that was taken; only a plateau needs it.
        """
        self.done += 1
        self._rise.step()
        if self.done > self.steps - self.decay:
            self._fall.step()
        elif self.done < self.steps - self.decay and self._has_plateaued(loss):
            self.steps = self.done + self.decay

    def _has_plateaued(self, loss: float | None) -> bool:
        return self.plateau is not None and loss is not None and self.plateau.reached(loss)

    def state_dict(self) -> dict[str, Any]:
        """Return the state, as numbers and text; the rate itself is in that of the optimiser."""
        plateau = self.plateau
        return {
            "done": self.done,
            "steps": self.steps,
            "rise": self._rise.state_dict(),
            "fall": self._fall.state_dict(),
            "plateau": None if plateau is None else {"count": plateau.count, "losses": plateau.losses},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from where `state` was taken."""
        self.done, self.steps = state["done"], state["steps"]
        self._rise.load_state_dict(state["rise"])
        self._fall.load_state_dict(state["fall"])
        if self.plateau is not None:
            self.plateau.count, self.plateau.losses = state["plateau"]["count"], list(state["plateau"]["losses"])
