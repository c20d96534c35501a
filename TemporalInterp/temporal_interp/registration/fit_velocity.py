"""Fits a stationary velocity field to two images, in 2D and 3D, many problems at once."""

from __future__ import annotations

import math

import torch

from temporal_interp.errors import FitDivergedError, InvalidInputError, Progress, no_progress
from temporal_interp.fitting.plateau import Plateau
from temporal_interp.registration.block_matching import match_windows
from temporal_interp.registration.grids import coarsen, coarsened_shape, fitted_shape, spacing_on
from temporal_interp.registration.noise import noise_variance
from temporal_interp.registration.separable import resize_small_field
from temporal_interp.registration.settings import NetworkField, VelocitySettings
from temporal_interp.registration.velocity_grid import VelocityGrid
from temporal_interp.registration.velocity_model import VelocityModel
from temporal_interp.registration.velocity_network import VelocityNetwork
from temporal_interp.tensors.regularity import bending_energy, folding_loss, squared_gradient
from temporal_interp.tensors.similarity import local_correlation_loss, squared_local_correlation
from temporal_interp.tensors.spatial import integrate_velocity, resize, warp

LEAST_WEIGHT = 1e-3
"""Of a window outside a mask, where one inside weighs 1 (our choice)."""

MIDDLE_STARTS = 2
"""Starts that go on from the coarsest level to the next."""

_DIVERGED = (
    "The fit of the velocity field diverged at step {step} of level {level}; use a smaller learning rate than {rate}."
)


def compared_images(
    fixed: torch.Tensor, moving: torch.Tensor, spacing: tuple[float, ...], settings: VelocitySettings
) -> torch.Tensor:
    """Return the images on the finest grid that a fit compares them on, (2 N, 1, *grid): all fixed, then all moving.

    Args:
        fixed: (N, 1, *shape), N independent problems in 2D or 3D, scaled to [0, 1].
        moving: likewise.
        spacing: voxel size in mm along each axis, in the order of the axes.
        settings: of the fit.
    """
    grid = fitted_shape(tuple(fixed.shape[2:]), spacing, fixed.shape[0], settings.max_voxels)
    return coarsen(torch.cat([fixed, moving]), grid)


def fit_velocity(
    fixed: torch.Tensor,
    moving: torch.Tensor,
    spacing: tuple[float, ...],
    settings: VelocitySettings | None = None,
    *,
    compared: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    seen: torch.Tensor | None = None,
    progress: Progress = no_progress,
) -> torch.Tensor:
    """Return the stationary velocity v for which fixed(p) = moving(p + u(p)) with u = exp(v).

    Args:
        fixed: (N, 1, *shape), N independent problems in 2D or 3D, scaled to [0, 1].
        moving: likewise.
        spacing: voxel size in mm along each axis, in the order of the axes.
        settings: all choices; the defaults if None.
        compared: `compared_images` of the two, if the caller already has them.
        weight: of each voxel in the similarity, (1 or N, 1, *shape), not negative; equal weights if None.
        seen: how much of each voxel the images show, (2 N, 1, *shape) from 0 to 1, all fixed, then all moving; it
            moves with them, and what either does not show is not compared. All if None.
        progress: receives the progress; may raise CancelledError.

    Returns:
        (N, D, *points), float32, on the device of `fixed`, in voxels of its own grid over the same extent: that of
        `fitted_shape`, or a sparser one.

    Raises:
        InvalidInputError: the shapes differ.
        FitDivergedError: the fit diverged.

    Source: NeVF, Sections 2.1 to 2.4, for the loss and for the velocity of a network. Ours: coarse to fine, the
    velocity on a grid, the symmetric comparison, several starts, one of them from a search, the velocity's strain in mm
    and its change as regularisers, windows that are left out or hold noise only, and stopping on a plateau.

    Example:
        A disc that lies a voxel further along J in the fixed image than in the moving one:

        >>> j, i = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
        >>> moving, fixed = (torch.sigmoid(8 - (j - centre).hypot(i - 16))[None, None] for centre in (15, 16))
        >>> velocity = fit_velocity(fixed, moving, (1.0, 1.0))
        >>> velocity.shape
        torch.Size([1, 2, 16, 16])
    """
    settings = settings or VelocitySettings()
    if fixed.shape != moving.shape or fixed.ndim - 2 != len(spacing):
        raise InvalidInputError(
            f"fit_velocity() needs two (N, 1, *shape) images and a spacing for every axis, got {tuple(fixed.shape)}, "
            f"{tuple(moving.shape)} and {spacing}."
        )
    shape = tuple(fixed.shape[2:])
    full_pair = torch.cat([fixed, moving])
    finest_pair = compared_images(fixed, moving, spacing, settings) if compared is None else compared
    finest = tuple(finest_pair.shape[2:])
    finest_spacing = spacing_on(finest, shape, spacing)
    finest_seen = None if seen is None else coarsen(seen, finest)
    floor = settings.noise_variance_floor or _noise(full_pair, finest_pair, seen, finest_seen)
    levels = levels_of(finest, finest_spacing, settings)
    model = _velocity_model(finest_pair, finest_spacing, settings, levels[0][2])
    bending = settings.bending * min(finest_spacing)
    costs = [iterations * math.prod(grid) for _, iterations, grid in levels]
    for index, (level, iterations, grid) in enumerate(levels):
        pair = _repeated(coarsen(finest_pair, grid), model.starts)
        floors = floor.repeat(model.starts, *[1] * (floor.ndim - 1)) if isinstance(floor, torch.Tensor) else floor
        weights = None if weight is None else _window_weights(weight, grid, len(fixed))
        views = None if finest_seen is None else _repeated(coarsen(finest_seen, grid), model.starts)
        optimiser = model.begin(grid)
        plateau = Plateau(settings.patience, settings.tolerance)
        for step in range(iterations):
            progress((sum(costs[:index]) + costs[index] * step / iterations) / sum(costs), "finding the motion")
            velocity = model.velocity()
            model_spacing = spacing_on(tuple(velocity.shape[2:]), shape, spacing)
            share = None if weights is None else weights.repeat(model.starts, *[1] * (weights.ndim - 1))
            loss = _loss(pair, velocity, model_spacing, floors, bending, settings, share, views)
            if not torch.isfinite(loss):
                raise FitDivergedError(_DIVERGED.format(step=step, level=level, rate=settings.learning_rate))
            optimiser.zero_grad()
            # gradients add up the problems, so that no fit depends on another
            (len(velocity) * loss).backward()
            optimiser.step()
            if plateau.reached(float(loss.detach())):
                break
        # the finest level costs most, the coarsest next to nothing
        kept = 1 if index + 2 >= len(levels) else min(model.starts, MIDDLE_STARTS)
        if kept < model.starts:
            found = model.velocity().detach()
            model.keep(_most_similar(pair, found, floors, settings, model.starts, kept, weights, views))
    progress(1.0, "finding the motion")
    with torch.no_grad():
        velocity = model.velocity()
    if not torch.isfinite(velocity).all():
        raise FitDivergedError(_DIVERGED.format(step="the last", level=level, rate=settings.learning_rate))
    if finest_seen is not None:  # nothing holds a problem whose images have no place in common: it is at rest
        in_common = seen_in_both(finest_seen).flatten(1).amax(1) > 0
        velocity = velocity * in_common.view(-1, *[1] * (velocity.ndim - 1))
    return velocity


def _velocity_model(
    pair: torch.Tensor, spacing: tuple[float, ...], settings: VelocitySettings, coarsest: tuple[int, ...]
) -> VelocityModel:
    """Return what gives the velocity of the problems of a pair, (2 N, 1, *shape), on the finest grid."""
    problems, shape, field = len(pair) // 2, tuple(pair.shape[2:]), settings.field
    if isinstance(field, NetworkField):
        return VelocityNetwork(problems, shape, spacing, field, settings.learning_rate, pair.device)
    proposed = None
    if field.search:
        with torch.no_grad():
            fixed, moving = coarsen(pair, coarsest).chunk(2)
            proposed = match_windows(fixed, moving, spacing_on(coarsest, shape, spacing), field.search)
    return VelocityGrid(problems, shape, spacing, field, settings.learning_rate, pair.device, proposed)


def levels_of(
    finest: tuple[int, ...], spacing: tuple[float, ...], settings: VelocitySettings
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return coarsening, steps and shape of every level, from coarse to fine.

    Levels of small images that are hardly coarser than the next kept level are skipped: they would add nothing.
    """
    grids = [coarsened_shape(finest, spacing, min(spacing) * level) for level in settings.levels]
    *coarser, last = zip(settings.levels, settings.iterations, grids, strict=True)
    kept = [last]
    for level in reversed(coarser):
        if math.prod(kept[0][2]) >= 3 * math.prod(level[2]):
            kept.insert(0, level)
    return kept


def _noise(
    pair: torch.Tensor, coarsened: torch.Tensor, seen: torch.Tensor | None, coarsened_seen: torch.Tensor | None
) -> torch.Tensor:
    """Return the variance of the noise of every problem on its coarsened grid.

    Coarsening reduces noise; what the coarser grid has more of is structure.
    """

    def noise(images: torch.Tensor, shown: torch.Tensor | None) -> torch.Tensor:
        fixed, moving = images.chunk(2)
        return noise_variance(fixed, moving, None if shown is None else seen_in_both(shown))

    there = noise(coarsened, coarsened_seen)
    return there if coarsened.shape == pair.shape else there.minimum(noise(pair, seen))


def seen_in_both(seen: torch.Tensor) -> torch.Tensor:
    """Return how much of each voxel both images of every problem show, (N, 1, *shape), from (2 N, 1, *shape)."""
    fixed, moving = seen.chunk(2)
    return fixed * moving


def _repeated(pair: torch.Tensor, times: int) -> torch.Tensor:
    """Return (2 N, 1, *shape), all fixed and then all moving images, with all problems repeated."""
    return torch.cat([half.repeat(times, *[1] * (half.ndim - 1)) for half in pair.chunk(2)])


def _window_weights(weight: torch.Tensor, grid: tuple[int, ...], problems: int) -> torch.Tensor:
    """Return the weights of the windows on a coarser grid, (N, 1, *grid), with a mean of 1 in every problem.

    A window counts for `LEAST_WEIGHT` at least: where windows are left out, those that remain may all lie outside a
    small mask.
    """
    weight = resize(weight, grid) + LEAST_WEIGHT
    mean = weight.flatten(1).mean(1).view(-1, *[1] * (weight.ndim - 1))
    return (weight / mean).expand(problems, -1, *grid)


def _most_similar(
    pair: torch.Tensor,
    velocity: torch.Tensor,
    floors: float | torch.Tensor,
    settings: VelocitySettings,
    starts: int,
    kept: int,
    weights: torch.Tensor | None,
    seen: torch.Tensor | None,
) -> torch.Tensor:
    """Return, for each problem, the indices of the `kept` starts that make its images most similar, the best first.

    An index counts all problems of one start after those of another, and so do the indices. Similarity alone decides:
    roughness tells which motion is simpler, not which one the images show.
    """
    (first, second), displacement, _ = _aligned(pair, velocity, settings)
    similarity = squared_local_correlation(
        first,
        second,
        window=settings.window,
        stride=settings.window_stride,
        noise_variance_floor=floors,
        seen=_seen_when_aligned(seen, displacement, settings),
    )
    problems = len(similarity) // starts
    if weights is not None:
        centres = (slice(None, None, settings.window_stride),) * (pair.ndim - 2)
        similarity = similarity * weights[(slice(None), slice(None), *centres)].repeat(
            starts, *[1] * (weights.ndim - 1)
        )
    by_start = similarity.flatten(1).mean(1).view(starts, problems)
    best = by_start.topk(kept, dim=0).indices
    return (best * problems + torch.arange(problems, device=pair.device)).flatten()


def _aligned(
    pair: torch.Tensor, velocity: torch.Tensor, settings: VelocitySettings
) -> tuple[tuple[torch.Tensor, ...], torch.Tensor, torch.Tensor]:
    """Return the two images that are compared, (N, 1, *shape) each, the displacements on their grid that align them,
    half-way from both ends or the moving images onto the fixed, and the field that is to be smooth."""
    shape = tuple(pair.shape[2:])
    if settings.symmetric:
        # both directions in one batch, which threads share
        halves = integrate_velocity(torch.cat([-0.5 * velocity, 0.5 * velocity]), steps=settings.squaring_steps)
        displacement = resize_small_field(halves, shape)
        return warp(pair, displacement).chunk(2), displacement, velocity
    whole = integrate_velocity(velocity, steps=settings.squaring_steps)
    displacement = resize_small_field(whole, shape)
    fixed, moving = pair.chunk(2)
    return (fixed, warp(moving, displacement)), displacement, whole


def _seen_when_aligned(
    seen: torch.Tensor | None, displacement: torch.Tensor, settings: VelocitySettings
) -> torch.Tensor | None:
    """Return how much of each voxel both images show, (N, 1, *shape), when they are aligned as by `_aligned`.

    No gradient: a fit must not gain by moving what differs out of sight.
    """
    if seen is None:
        return None
    with torch.no_grad():
        if settings.symmetric:
            return seen_in_both(warp(seen, displacement))
        fixed, moving = seen.chunk(2)
        return fixed * warp(moving, displacement)


def _loss(
    pair: torch.Tensor,
    velocity: torch.Tensor,
    spacing: tuple[float, ...],
    floors: float | torch.Tensor,
    bending: float,
    settings: VelocitySettings,
    weights: torch.Tensor | None,
    seen: torch.Tensor | None,
) -> torch.Tensor:
    """Return NeVF, Eq. 5, at the half-way point or at the fixed images.

    Args:
        pair: (2 N, 1, *shape), all fixed and then all moving images.
        velocity: (N, D, *points), on its own grid.
        spacing: of that grid, in mm.
        floors: noise variance floor, of every problem or one for all.
        bending: as in the settings, but in mm.
        settings: weights.
        weights: of the windows, (N, 1, *shape); None where all count alike.
        seen: how much of each voxel the images show, as `pair`; None where they show all.
    """
    (first, second), displacement, smooth_field = _aligned(pair, velocity, settings)
    rough = _roughness(smooth_field, spacing, bending)
    if settings.symmetric:
        rough = rough / len(spacing) ** 2
    dissimilarity = local_correlation_loss(
        first,
        second,
        window=settings.window,
        stride=settings.window_stride,
        noise_variance_floor=floors,
        weight=weights,
        seen=_seen_when_aligned(seen, displacement, settings),
    )
    loss = dissimilarity + settings.smoothness * rough
    if settings.folding:
        loss = loss + settings.folding * folding_loss(displacement)
    return loss


def _roughness(field: torch.Tensor, spacing: tuple[float, ...], bending: float) -> torch.Tensor:
    rough = squared_gradient(field, spacing)
    return rough + bending**2 * bending_energy(field, spacing) if bending else rough
