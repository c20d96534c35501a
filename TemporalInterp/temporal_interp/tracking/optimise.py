"""Fits the motion between pairs of frames, coarse to fine, by a network for each scale (NMSR, Section 2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from temporal_interp.errors import FitDivergedError, InvalidInputError, Progress, no_progress
from temporal_interp.fitting.plateau import Plateau
from temporal_interp.fitting.resume import fingerprint_of
from temporal_interp.fitting.schedule import Schedule
from temporal_interp.registration.grids import coarsen, coarsened_shape, spacing_on
from temporal_interp.tensors.regularity import gradient_norm, squared_gradient
from temporal_interp.tensors.similarity import local_correlation_loss
from temporal_interp.tensors.spatial import compose, resize, resize_field, warp
from temporal_interp.tracking.network import MotionNetwork
from temporal_interp.tracking.settings import TrackingSettings

COARSE_FROM, COARSE_BATCH = 4, 2
"""From the former scale on a step sees more pairs by the latter factor: small images leave the processor idle."""

CHUNK_VOXELS = 2**20
"""Voxels worked on at once where no gradient is needed."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of frames to bring together: target(p) = source(p + u(p)).

    Attributes:
        frames: (F, 1, *shape), scaled to [0, 1].
        sources: numbers of the frames to be resampled, (P,).
        targets: numbers of the frames they are brought onto, (P,).
        weight: (1 or F, 1, *shape), where frames are compared, as targets; None is everywhere.
        seen: (F, 1, *shape), how much of each voxel the frames show, from 0 to 1; None is all.
    """

    frames: torch.Tensor
    sources: torch.Tensor
    targets: torch.Tensor
    weight: torch.Tensor | None = None
    seen: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def tensors(self) -> tuple[torch.Tensor | None, ...]:
        """All that makes the pairs, to tell them from others."""
        known = (self.frames, self.sources, self.targets, self.weight)
        return known if self.seen is None else (*known, self.seen)

    def warped(self, field: torch.Tensor) -> Pairs:
        """Return the same pairs with their sources warped by a field, (P, D, *shape), in voxels."""
        sources = torch.arange(len(self), device=self.sources.device) + len(self.frames)

        def with_moved(images: torch.Tensor) -> torch.Tensor:
            numbered = zip(self.sources, field.split(1), strict=True)
            return torch.cat([images, *(warp(images[number : number + 1], part) for number, part in numbered)])

        seen = None if self.seen is None else with_moved(self.seen)
        return Pairs(with_moved(self.frames), sources, self.targets, self.weight, seen)


OnScale = Callable[[int, torch.Tensor], None]
"""Takes a scale and the composed field after it, (P, D, *shape), in voxels."""


class PairFit:
    """Fits the resampling fields of pairs, scale by scale; can be stopped after any step and resumed.

    At every scale a network gives the remaining field between the source, warped by the field so far, and the target.
    The two are composed, B(p) + A(p + B(p)), and the source itself is always warped by the whole (Eqs. 1 and 4).

    Args:
        pairs: what to bring together.
        spacing: voxel size in mm along each axis, in the order of the axes.
        settings: of the networks and their optimisation.
        scales: from coarse to fine.
        passes: how often every pair is seen at each scale.
        initial: fields to start from, (P, D, *shape), voxels; none if None.
        start_from: weights of the first network, and of all where none is inherited (NMSR_V); fresh ones if None.
        on_scale: called after each scale.

    Attributes:
        field: the field so far, (P, D, *shape), voxels.
        weights: of the last network.
    """

    def __init__(
        self,
        pairs: Pairs,
        spacing: tuple[float, ...],
        settings: TrackingSettings,
        *,
        scales: tuple[int, ...],
        passes: tuple[int, ...],
        initial: torch.Tensor | None = None,
        start_from: Mapping[str, torch.Tensor] | None = None,
        on_scale: OnScale | None = None,
    ) -> None:
        self.pairs, self.spacing, self.settings, self.on_scale = pairs, spacing, settings, on_scale
        self.start_from = start_from
        self.scales, self.passes = scales, passes
        shape = pairs.frames.shape[2:]
        self.field = pairs.frames.new_zeros(len(pairs), len(shape), *shape) if initial is None else initial
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.stage = 0
        self.order: list[int] = []
        self._open(start_from)

    def run(self, *, on_step: Callable[[], None] | None = None, progress: Progress = no_progress) -> torch.Tensor:
        """Return the field of every pair, (P, D, *shape), voxels, after all scales.

        Args:
            on_step: called after each step, such as to keep the state.
            progress: receives the progress; may raise CancelledError.

        Raises:
            FitDivergedError: the fit diverged.
        """
        costs = [c / s ** len(self.spacing) for s, c in zip(self.scales, self.passes, strict=True)]
        while self.stage < len(self.scales):
            scale, before = self.scales[self.stage], sum(costs[: self.stage])
            name = f"finding the motion at {f'1/{scale} of the' if scale > 1 else 'full'} resolution"
            while not self.schedule.ended:
                share = self.schedule.done / self.schedule.steps
                progress((before + costs[self.stage] * share) / sum(costs), name)
                self._step()
                if on_step is not None:
                    on_step()
            self._close()
            if self.on_scale is not None:
                self.on_scale(scale, self.field)
        progress(1.0, "finding the motion")
        return self.field

    def fingerprint(self) -> str:
        """Return a text that identifies the frames and the settings of the fit."""
        settings = (self.settings, self.scales, self.passes, self.spacing)
        return fingerprint_of(settings, self.pairs.tensors)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue from here, as tensors, numbers and text."""
        return {
            "stage": self.stage,
            "field": self.field,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "order": self.order,
            "schedule": self.schedule.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a fit of the same pairs from where `state` was taken."""
        self.stage = state["stage"]
        self.field = state["field"].to(self.field)
        self._open(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.order = list(state["order"])
        self.schedule.load_state_dict(state["schedule"])

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """Weights of the network of the scale at work, on the CPU."""
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}

    def _open(self, weights: Mapping[str, torch.Tensor] | None) -> None:
        """Prepare the scale at `self.stage`."""
        settings, dimensions = self.settings, len(self.spacing)
        self.network = _new_network(dimensions, settings, weights, self.field.device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), settings.learning_rate)
        self.order = []
        number = min(self.stage, len(self.scales) - 1)
        scale = self.scales[number]
        shape = tuple(self.pairs.frames.shape[2:])
        grid = coarsened_shape(shape, self.spacing, min(self.spacing) * scale)
        self.grid_spacing = spacing_on(grid, shape, self.spacing)
        self.batch = min(len(self.pairs), settings.batch * (COARSE_BATCH if scale >= COARSE_FROM else 1))
        steps = max(settings.least_steps, math.ceil(self.passes[number] * len(self.pairs) / self.batch))
        window = math.ceil(settings.patience * len(self.pairs) / self.batch)
        self.schedule = Schedule(
            self.optimiser,
            steps=steps,
            warm_up=settings.warm_up,
            decay=math.ceil(settings.decay * steps),
            plateau=Plateau(window, settings.tolerance),
        )
        self.moving = torch.cat([coarsen(part, grid) for part in self._warped()])
        self.targets = torch.cat([coarsen(frame, grid) for frame in self.pairs.frames.split(self._chunk())])
        self.weight = None if self.pairs.weight is None else resize(self.pairs.weight, grid)
        self.seen = None if self.pairs.seen is None else self._seen_by_pairs(grid)

    def _close(self) -> None:
        """Compose the field of this scale with the field so far, and continue with the next scale."""
        with torch.inference_mode():
            for start in range(0, len(self.pairs), self._chunk()):
                part = slice(start, start + self._chunk())
                left = self.network(self.moving[part], self.targets[self.pairs.targets[part]])
                self.field[part] = compose(self.field[part], resize_field(left, self.field.shape[2:]))
        self.stage += 1
        if self.stage < len(self.scales):
            self._open(self.weights if self.settings.inherit else self.start_from)

    def _step(self) -> None:
        while len(self.order) < self.batch:
            self.order += torch.randperm(len(self.pairs), generator=self.generator).tolist()
        chosen, self.order = self.order[: self.batch], self.order[self.batch :]
        moving, numbers = self.moving[chosen], self.pairs.targets[chosen]
        target = self.targets[numbers]
        field = self.network(moving, target)
        weight = self.weight if self.weight is None or len(self.weight) == 1 else self.weight[numbers]
        settings = self.settings
        loss = local_correlation_loss(
            warp(moving, field),
            target,
            window=2 * settings.radius + 1,
            noise_variance_floor=settings.noise_variance_floor,
            weight=weight,
            seen=None if self.seen is None else self.seen[chosen],
        )
        rough = gradient_norm(field) if settings.norm == "l2" else squared_gradient(field, self.grid_spacing)
        loss = loss + settings.smoothness * rough
        if not torch.isfinite(loss):
            raise FitDivergedError(
                f"The tracking diverged at scale {self.scales[self.stage]}, step {self.schedule.done}; use a smaller "
                f"learning rate than {settings.learning_rate}."
            )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.advance(float(loss.detach()))

    def _warped(self) -> Iterator[torch.Tensor]:
        """Yield the sources warped by the field so far, a chunk of pairs at a time."""
        for start in range(0, len(self.pairs), self._chunk()):
            part = slice(start, start + self._chunk())
            yield warp(self.pairs.frames[self.pairs.sources[part]], self.field[part])

    def _seen_by_pairs(self, grid: tuple[int, ...]) -> torch.Tensor:
        """Return how much of each voxel both frames of every pair show, (P, 1, *grid), the sources warped so far."""
        pairs, seen = self.pairs, self.pairs.seen
        assert seen is not None  # the caller asked
        both = (
            warp(seen[source : source + 1], part) * seen[target : target + 1]
            for source, target, part in zip(pairs.sources, pairs.targets, self.field.split(1), strict=True)
        )
        return torch.cat([coarsen(one, grid) for one in both])

    def _chunk(self) -> int:
        return max(1, CHUNK_VOXELS // math.prod(self.pairs.frames.shape[2:]))


def _new_network(
    dimensions: int, settings: TrackingSettings, weights: Mapping[str, torch.Tensor] | None, device: torch.device
) -> MotionNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = MotionNetwork(
            dimensions, settings.widths, stride=settings.stride, antisymmetric=settings.antisymmetric
        )
    if weights is not None:
        try:
            network.load_state_dict(dict(weights))
        except RuntimeError as error:
            raise InvalidInputError(
                "The weights to start from belong to another network: its widths, stride or dimensions differ."
            ) from error
    channels_last = torch.channels_last if dimensions == 2 else torch.channels_last_3d
    return network.to(device=device, memory_format=channels_last)  # type: ignore[call-overload]  # not in torch's stubs
