"""Fuses two volumes that were warped to one time, and falls back where the motion cannot be trusted.

Where the warped volumes agree better than the unwarped ones, motion explains the change and the result is their mean,
weighted by time. Where they do not (blood that changes brightness, tissue that enters through the slice, the border of
the image) the result leans to the plain blend, which is never sharply wrong. Both ends are treated equally: exchanging
them and t for 1 - t gives the same frame. All of this is our choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.registration.noise import noise_variance
from temporal_interp.tensors.slabs import warp_slab
from temporal_interp.tensors.spatial import smooth


@dataclass(frozen=True)
class Fusion:
    """How two warped volumes become one frame.

    Attributes:
        radius_mm: standard deviation of the Gaussian neighbourhood in which agreement is judged.
        noise: standard deviation of the noise of each image, as a share of their intensity range; a difference
            within that noise means nothing. 0 takes that of the pair at hand, see `for_pair`.
        trust: in motion as a whole, from 0 to 1: what is left of the trust that agreement gives.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    radius_mm: float = 3.0
    noise: float = 0.0
    trust: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.radius_mm < math.inf or not 0 <= self.noise < 1:
            raise InvalidInputError(
                f"A fusion needs a radius of zero or more mm and a noise of zero or more and below 1, got {self}."
            )

    def for_pair(self, first: torch.Tensor, last: torch.Tensor, seen: torch.Tensor | None = None) -> Fusion:
        """Return this fusion with the noise of a pair, where none is given: `noise_variance`, averaged over problems.

        Args:
            first: (N, 1, *shape), N problems in 2D or 3D, scaled to [0, 1].
            last: likewise.
            seen: how much of each voxel both show, likewise; all if None.
        """
        return self if self.noise else replace(self, noise=float(noise_variance(first, last, seen).mean().sqrt()))

    @property
    def disagreement_of_noise(self) -> float:
        """Mean squared difference of two images of the same scene with independent noise."""
        return 2 * self.noise**2


@dataclass(frozen=True, eq=False)
class FusionMaps:
    """Two maps, (1, 1, *shape), from 0 to 1.

    Attributes:
        trust: share of the warped volumes in the frame; the rest is the plain blend of the unwarped ones.
        last_weight: share of the warped last volume among the two warped ones; the first has the rest.
    """

    trust: torch.Tensor
    last_weight: torch.Tensor


def disagreement(
    first: torch.Tensor, last: torch.Tensor, spacing: tuple[float, ...], fusion: Fusion
) -> torch.Tensor:  # fmt: skip
    """Return the mean squared difference of two images around every voxel, no less than noise explains.

    Args:
        first: (1, 1, *shape), scaled to [0, 1].
        last: likewise.
        spacing: voxel size in mm along each axis, in the order of the axes; infinite along an axis whose neighbours
            are independent.
        fusion: neighbourhood and noise, which is given.
    """
    sigma = tuple(fusion.radius_mm / along for along in spacing)
    return smooth((first - last).square(), sigma) + fusion.disagreement_of_noise


def fusion_maps(unwarped: torch.Tensor, warped: torch.Tensor, t: float, fusion: Fusion) -> FusionMaps:
    """Return how to fuse at time t, from the disagreement of the unwarped and of the warped volumes.

    Trust compares the two standard deviations. Of two warped volumes that still disagree, the one nearer in time is the
    more reliable: errors of a motion grow with the time it spans, so that weights in inverse proportion to the squared
    error are (1 - t)^2 and t^2. Where they agree, the weights are 1 - t and t, which joins the acquired frames without
    a jump in noise; likewise where motion explains nothing, such as a change of brightness.
    """
    trust = unwarped.sqrt() / (unwarped.sqrt() + warped.sqrt())
    explained = (1 - warped / unwarped).clamp(min=0).sqrt()
    doubt = explained * (1 - fusion.disagreement_of_noise / warped)
    late = t**2 / (t**2 + (1 - t) ** 2)
    return FusionMaps(fusion.trust * trust, t + doubt * (late - t))


@dataclass(frozen=True, eq=False)
class Seen:
    """How much of every voxel of a frame each of the two volumes shows, from 0 to 1; see `data.field_of_view`.

    Attributes:
        unwarped: of the first and of the last volume.
        warped: of both when they are warped.
    """

    unwarped: tuple[torch.Tensor, torch.Tensor]
    warped: tuple[torch.Tensor, torch.Tensor]


def seen_in_slab(
    views: tuple[torch.Tensor | None, torch.Tensor | None], displacements: torch.Tensor, slab: slice
) -> Seen | None:
    """Return what two volumes show of the slices `slab` of a frame; None where both show all.

    Args:
        views: of the first and of the last volume, (1, 1, K, J, I) from 0 to 1; None for one that shows all.
        displacements: that warp them, (2, 3, k, j, i), voxels of their own grid over the same extent.
        slab: slices of the frame, with explicit start and stop.
    """
    shown = next((view for view in views if view is not None), None)
    if shown is None:
        return None
    first, last = (torch.ones_like(shown) if view is None else view for view in views)
    first_warped, last_warped = (
        warp_slab(view, d, slab) for view, d in zip((first, last), displacements.split(1), strict=True)
    )
    return Seen((first[:, :, slab], last[:, :, slab]), (first_warped, last_warped))


def fuse(
    unwarped: tuple[torch.Tensor, torch.Tensor],
    warped: tuple[torch.Tensor, torch.Tensor],
    maps: FusionMaps,
    t: float,
    seen: Seen | None = None,
) -> torch.Tensor:
    """Return the frame at t from the first and last volume, unwarped and warped; all of one shape.

    A volume counts by how much of a place it shows, and where neither of the warped ones shows it, they do not count.
    """
    if seen is None:
        blend = torch.lerp(*unwarped, t)
        return torch.lerp(blend, torch.lerp(*warped, maps.last_weight), maps.trust)
    blend = torch.lerp(*unwarped, _last_share(torch.full_like(maps.last_weight, t), *seen.unwarped))
    moved = torch.lerp(*warped, _last_share(maps.last_weight, *seen.warped))
    return torch.lerp(blend, moved, maps.trust * torch.maximum(*seen.warped))


def _last_share(last_weight: torch.Tensor, first_seen: torch.Tensor, last_seen: torch.Tensor) -> torch.Tensor:
    """Return the weight of the last of two volumes by how much each shows; unchanged where neither shows anything."""
    first, last = (1 - last_weight) * first_seen, last_weight * last_seen
    return torch.where(first + last > 0, last / (first + last), last_weight)
