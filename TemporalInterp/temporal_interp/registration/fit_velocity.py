"""Fits a neural velocity field to two images (NeVF, Han et al. 2023), in 2D and 3D, many problems at once."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.losses import folding_loss, local_correlation_loss, squared_gradient
from temporal_interp.registration.settings import NeuralVelocitySettings
from temporal_interp.registration.sinusoidal_network import SinusoidalNetworks
from temporal_interp.spatial import integrate_velocity, resize, resize_field, smooth, warp

_DIVERGED = (
    "The fit of the velocity field diverged at step {step} of level {level}; use a smaller learning_rate than {rate}."
)

SMALLEST_AXIS = 8
"""An axis is not coarsened below this many voxels."""


GROWTH = 2 ** (1 / 3)
"""A grid with too many voxels is coarsened by this step: it halves the voxels of a volume."""


def fitted_shape(
    shape: tuple[int, ...], spacing: tuple[float, ...], problems: int, max_voxels: int
) -> tuple[int, ...]:  # fmt: skip
    """Return the shape of the grid the field is fitted on, over the same extent.

    The voxel grows along the axes where it is smallest until `problems` grids hold at most `max_voxels`: thin stacks
    keep their slices.
    """
    size = min(spacing)
    while True:
        fitted = coarsened_shape(shape, spacing, size)
        if problems * math.prod(fitted) <= max_voxels or max(fitted) <= SMALLEST_AXIS:
            return fitted
        size *= GROWTH


def coarsened_shape(shape: tuple[int, ...], spacing: tuple[float, ...], size: float) -> tuple[int, ...]:
    """Return the shape with voxels of about `size` mm along every axis that is finer than that."""
    return tuple(
        max(min(n, SMALLEST_AXIS), math.ceil(n / max(1.0, size / along) - 1e-6))
        for n, along in zip(shape, spacing, strict=True)
    )  # fmt: skip


def coarsen(image: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the image (N, 1, *) on a coarser grid over the same extent, blurred to what that grid can hold.

    Gaussian and linear interpolation together spread as far as the mean over the coarser voxel: variance
    (r^2 - 1) / 12 for a ratio r, of which linear interpolation does about 0.2.
    """
    halfway = tuple(min(n, 2 * m) for n, m in zip(image.shape[2:], shape, strict=True))
    if math.prod(halfway) * 8 <= math.prod(image.shape[2:]):  # far coarser: plain means go most of the way, quickly
        image = functional.interpolate(image, size=halfway, mode="area")
    ratios = [n / m for n, m in zip(image.shape[2:], shape, strict=True)]
    return resize(smooth(image, tuple(math.sqrt(max(0.0, (r * r - 1) / 12 - 0.2)) for r in ratios)), shape)


class _Field:
    """The velocity that the networks stand for, on grids over one extent.

    The networks are asked on a grid that is sparser than the finest by the stride (Section 2.2); for a coarse level,
    which costs little then, at no more points than its grid has.
    """

    def __init__(
        self,
        problems: int,
        shape: tuple[int, ...],
        spacing: tuple[float, ...],
        settings: NeuralVelocitySettings,
        device: torch.device,
    ) -> None:
        self.networks = SinusoidalNetworks(
            problems,
            len(shape),
            width=settings.width,
            layers=settings.layers,
            frequency=settings.frequency,
            seed=settings.seed,
        ).to(device)
        self.lengths = [n * along for n, along in zip(shape, spacing, strict=True)]
        self.most = tuple(max(2, math.ceil(n / settings.stride)) if n > 1 else 1 for n in shape)
        self.extent = 2 * settings.extent / max(self.lengths)
        self.reach = settings.reach * min(spacing)
        self.device = device
        self.asked: tuple[int, ...] = ()

    def _ask_on(self, sparse: tuple[int, ...]) -> None:
        axes = [
            ((torch.arange(m) + 0.5) / m - 0.5) * (self.extent * length)
            for m, length in zip(sparse, self.lengths, strict=True)
        ]
        points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(sparse))
        # one unit of output is the same length in mm along every axis, in voxels of the sparse grid
        scale = [self.reach / length * m for m, length in zip(sparse, self.lengths, strict=True)]
        self.points = points.to(self.device)
        self.scale = torch.tensor(scale, dtype=torch.float32, device=self.device)
        self.asked = sparse

    def on(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Return the velocity on a grid of `shape`, (N, D, *shape), in its voxels: asked sparsely, then upsampled."""
        sparse = tuple(min(n, most) for n, most in zip(shape, self.most, strict=True))
        if sparse != self.asked:
            self._ask_on(sparse)
        velocity = (self.networks(self.points) * self.scale).transpose(1, 2)
        return resize_field(velocity.reshape(velocity.shape[0], -1, *sparse), shape)


def fit_velocity(
    fixed: torch.Tensor,
    moving: torch.Tensor,
    spacing: tuple[float, ...],
    settings: NeuralVelocitySettings | None = None,
    *,
    progress: Progress = no_progress,
) -> torch.Tensor:
    """Return the stationary velocity v for which fixed(p) = moving(p + u(p)) with u = exp(v).

    Args:
        fixed: (N, 1, *shape), N independent problems in 2D or 3D, scaled to [0, 1].
        moving: likewise.
        spacing: voxel size in mm along each axis, in the order of the axes.
        settings: all choices; the defaults if None.
        progress: told how far it is; may raise CancelledError.

    Returns:
        (N, D, *fitted shape), voxels of the grid that `fitted_shape` gives, float32, on the device of `fixed`.

    Raises:
        InvalidInputError: the shapes differ, or the fit diverged.

    Source: NeVF, Sections 2.1 to 2.4. Ours: coarse to fine, the symmetric comparison, the velocity's strain in mm as
    regulariser, and stopping on a plateau.
    """
    settings = settings or NeuralVelocitySettings()
    if fixed.shape != moving.shape or fixed.ndim - 2 != len(spacing):
        raise InvalidInputError(
            f"fit_velocity() needs two (N, 1, *shape) images and a spacing for every axis, got {tuple(fixed.shape)}, "
            f"{tuple(moving.shape)} and {spacing}."
        )
    shape = tuple(fixed.shape[2:])
    finest = fitted_shape(shape, spacing, fixed.shape[0], settings.max_voxels)
    finest_spacing = spacing_on(finest, shape, spacing)
    finest_pair = coarsen(fixed, finest), coarsen(moving, finest)
    field = _Field(fixed.shape[0], finest, finest_spacing, settings, fixed.device)
    # the loss adds up the problems, and eps is far below any gradient, so that no fit depends on another
    optimiser = torch.optim.Adam(field.networks.parameters(), settings.learning_rate, eps=1e-14)
    total = sum(settings.iterations)
    before = 0
    for level, iterations in zip(settings.levels, settings.iterations, strict=True):
        grid = coarsened_shape(finest, finest_spacing, min(finest_spacing) * level)
        grid_spacing = spacing_on(grid, shape, spacing)
        pair = tuple(coarsen(image, grid) for image in finest_pair)
        plateau = _Plateau(settings.patience, settings.tolerance)
        for step in range(iterations):
            progress((before + step) / total, f"fitting the velocity field, level {level}")
            loss = _loss(*pair, field.on(grid), grid_spacing, settings)
            if not torch.isfinite(loss):
                raise InvalidInputError(_DIVERGED.format(step=step, level=level, rate=settings.learning_rate))
            optimiser.zero_grad()
            (fixed.shape[0] * loss).backward()
            optimiser.step()
            if plateau.reached(float(loss.detach())):
                break
        before += iterations
    progress(1.0, "velocity field fitted")
    with torch.no_grad():
        velocity = field.on(finest)
    if not torch.isfinite(velocity).all():
        raise InvalidInputError(_DIVERGED.format(step="the last", level=level, rate=settings.learning_rate))
    return velocity


def spacing_on(grid: tuple[int, ...], shape: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[float, ...]:
    """Return the voxel size in mm of a grid over the same extent as one of `shape` voxels of size `spacing`."""
    return tuple(along * n / m for along, n, m in zip(spacing, shape, grid, strict=True))


def _loss(
    fixed: torch.Tensor,
    moving: torch.Tensor,
    velocity: torch.Tensor,
    spacing: tuple[float, ...],
    settings: NeuralVelocitySettings,
) -> torch.Tensor:
    """Return NeVF, Eq. 5, at the half-way point or at the fixed image."""
    if settings.symmetric:
        displacements = [
            integrate_velocity(share * velocity, steps=settings.squaring_steps) for share in (-0.5, 0.5)
        ]  # fmt: skip
        warped = warp(fixed, displacements[0]), warp(moving, displacements[1])
        rough = squared_gradient(velocity, spacing)
    else:
        displacements = [integrate_velocity(velocity, steps=settings.squaring_steps)]
        warped = fixed, warp(moving, displacements[0])
        rough = squared_gradient(displacements[0], spacing)
    loss = local_correlation_loss(*warped, window=settings.window) + settings.smoothness * rough
    if settings.folding:
        loss = loss + settings.folding * sum(folding_loss(d) for d in displacements) / len(displacements)
    return loss


class _Plateau:
    """Notices that the mean loss of the last steps is no better than that of the steps before."""

    def __init__(self, patience: int, tolerance: float) -> None:
        self.patience = patience
        self.tolerance = tolerance
        self.losses: list[float] = []

    def reached(self, loss: float) -> bool:
        self.losses.append(loss)
        if not self.patience or len(self.losses) < 2 * self.patience or len(self.losses) % self.patience:
            return False
        earlier = sum(self.losses[-2 * self.patience : -self.patience])
        later = sum(self.losses[-self.patience :])
        return earlier - later < self.tolerance * abs(earlier)
