"""The path of tissue through a gap: that of the velocity fitted to it, bent by what the gaps around it say.

Two frames tell where tissue goes, not how it speeds up and slows down on its way. At an acquired frame, the motion has
a pace that the gaps on both sides tell together. The path through a gap is the even one that two frames have, plus a
cubic bend that gives it that pace at both ends (our choice; for even gaps, the cubic of Catmull and Rom 1974).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from temporal_interp.engines.pairs.neighbour import TINY, Neighbour, energy
from temporal_interp.tensors.spatial import compose, gradient, integrate_velocity, smooth, warp

BEND = 1.4
"""How much of the cubic bend is taken. 1 is that of the three-point formula, which takes a motion that speeds up and
slows down for too even: the spline with a continuous acceleration has about 1.5. Chosen on simulated hearts and chests
and on two real cines, where 1.3 to 1.5 differ little."""

LARGEST_STRAIN = 0.7
"""A bend may stretch and shear space by so much at most; from 1 on it could fold."""

WATCHED = (0.25, 0.5, 0.75)
"""Times at which that is judged; a cubic changes little between them."""

LARGEST_EXCESS = 1.0
"""The pace at an end may differ from the even one by so many times the size of what else is known to move there: the
motion in the gap, and the difference at the other end. Tissue that comes to rest at both ends differs by half of that;
a jump between two breath holds by several times."""

RESTING, RESTING_SHARE = 0.25, 0.1
"""What moves less than this share of what moves most is at rest, if it is at least this share of the image."""

WHOLE_IMAGE = (0.7, 0.9)
"""Tissue changes its pace where it moves. Where the excess at rest is this share of that elsewhere, the image as a
whole has jumped between two frames, as between two breath holds: up to the first share it counts, from the second on it
does not. Real cines have 0.1 to 0.7, a shift of 5 voxels 0.9 to 1.1."""

STEADY_VOXELS = 0.3
"""Motion below so many voxels of the velocity's grid is no measure of what is too much."""

SOLVE_STEPS = 4
"""Fixed-point iterations; the error shrinks by `LARGEST_STRAIN` or more in each."""


class Path:
    """Where the tissue of the first frame is at every time until the last, and the fields that follow from it.

    A point x of the first frame is at E_t(x) + b(x, t), with E_t the flow of the fitted velocity and b the bend,
    b = BEND ((t^3 - 2 t^2 + t) e_0 + (t^3 - t^2) e_1), e the excess of the pace at either end over the even one. Both
    ends belong to one path, so that the fields from them fit together. Without neighbours the path is that of two
    frames.

    Args:
        velocity: (1, 3, k, j, i), last(p) = first(p + exp(velocity)(p)), in voxels.
        before: the gap before; None where there is none.
        after: the gap after; likewise.
        independent: each slice is a problem of its own.
    """

    def __init__(
        self,
        velocity: torch.Tensor,
        before: Neighbour | None = None,
        after: Neighbour | None = None,
        *,
        independent: bool = False,
    ) -> None:
        self.velocity = velocity
        self.is_even = before is None and after is None
        if self.is_even:
            return
        axes = [independent or points == 1 for points in velocity.shape[2:3]] + [n == 1 for n in velocity.shape[3:]]
        at_first = torch.zeros_like(velocity) if before is None else before.excess(velocity, axes)
        at_last = torch.zeros_like(velocity) if after is None else after.excess(velocity, axes)
        at_last = warp(at_last, integrate_velocity(-velocity))  # to where its tissue is in the first frame
        at_first, at_last = _within_reason(at_first, at_last, velocity, axes)
        self._at_first, self._at_last = _without_folds(at_first, at_last, axes)

    def displacements(self, t: float) -> torch.Tensor:
        """Return the fields that resample the first and the last frame into that at t, (2, 3, k, j, i), in voxels."""
        even = integrate_velocity(torch.cat([t * self.velocity, (t - 1) * self.velocity]))
        if self.is_even or t in (0.0, 1.0):
            return even
        at_first, at_last = bend_weights(t)
        bend = at_first * self._at_first + at_last * self._at_last  # in places of the first frame
        shift = warp(bend, even[:1])
        for _ in range(SOLVE_STEPS - 1):
            shift = warp(bend, compose(even[:1], shift))
        return compose(even, shift.expand_as(even))


def bend_weights(t: float) -> tuple[float, float]:
    """Return what the excess of the pace at the first and at the last frame counts in the bend at t.

    Example:
        >>> [round(weight, 3) for weight in bend_weights(0.5)]
        [0.175, -0.175]
    """
    return BEND * t * (1 - t) ** 2, -BEND * t**2 * (1 - t)


def _within_reason(
    at_first: torch.Tensor, at_last: torch.Tensor, velocity: torch.Tensor, alone: Sequence[bool]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the excesses, shortened where one is out of proportion to the other and to the motion in the gap."""

    def limited(excess: torch.Tensor, own: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        known = motion + other
        share = (LARGEST_EXCESS * (known + STEADY_VOXELS) / own.clamp(min=TINY)).clamp(max=1.0)
        return excess * share * _of_tissue(excess, known, by_slice=alone[0])

    motion, first, last = (energy(field, alone).sqrt() for field in (velocity, at_first, at_last))
    return limited(at_first, first, last), limited(at_last, last, first)


def _of_tissue(excess: torch.Tensor, motion: torch.Tensor, *, by_slice: bool) -> torch.Tensor:
    """Return 1 where an excess is that of tissue which moves, 0 where the whole image has jumped; for every slice."""
    axes = (3, 4) if by_slice else (2, 3, 4)

    def mean(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        return (values * where).sum(axes, keepdim=True) / where.sum(axes, keepdim=True).clamp(min=1)

    rests = (motion < RESTING * motion.amax(axes, keepdim=True)).to(excess.dtype)
    energy = excess.square().sum(1, keepdim=True)
    ratio = (mean(energy, rests) / mean(energy, 1 - rests).clamp(min=TINY)).sqrt()
    counts, counts_not = WHOLE_IMAGE
    share = ((counts_not - ratio) / (counts_not - counts)).clamp(0.0, 1.0)
    return torch.where(rests.mean(axes, keepdim=True) < RESTING_SHARE, torch.ones_like(share), share)


def _without_folds(
    at_first: torch.Tensor, at_last: torch.Tensor, alone: Sequence[bool]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the excesses, shortened where the bend that they give would strain space too much."""
    derivatives = [axis for axis, by_itself in enumerate(alone) if not by_itself]
    slopes = [gradient(field)[:, :, derivatives] for field in (at_first, at_last)]
    bends = (first * slopes[0] + last * slopes[1] for first, last in map(bend_weights, WATCHED))
    strained = torch.stack([bend.square().sum((1, 2)).sqrt() for bend in bends]).amax(0).unsqueeze(1)
    if float(strained.max()) <= LARGEST_STRAIN:
        return at_first, at_last
    kept = LARGEST_STRAIN / strained.clamp(min=LARGEST_STRAIN)
    # the least of the surroundings, then smooth: a step in the share would be a strain of its own
    reach = [0 if by_itself else 2 for by_itself in alone]
    kept = -functional.max_pool3d(-kept, [2 * n + 1 for n in reach], stride=1, padding=reach)
    kept = smooth(kept, tuple(0.0 if by_itself else 1.0 for by_itself in alone))
    return kept * at_first, kept * at_last
