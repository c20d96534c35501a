"""From motion to a frame: the common part and the output of teacher and student."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from temporal_interp.networks.decoder import Deformation
from temporal_interp.networks.refinement import Refinement, weights_of_deformed
from temporal_interp.tensors.spatial import resize_field, warp


@dataclass(frozen=True, eq=False)
class Synthesis:
    """A synthesised frame and how it came about. Everything is at full resolution, `shape`.

    Where both ends are stacked, the first N entries belong to the first volume and the other N to the last.

    Attributes:
        volume: (N, 1, *shape), the frame.
        displacements: one per scale, coarsest first: (2 N, D, *shape), float32 voxels, resampling fields
            frame(p) = end(p + displacement(p)); D is 2, (J, I), for single slices and 3, (K, J, I), for stacks.
        deformed: one per scale, coarsest first: (2 N, 1, *shape), the ends brought to t by these displacements.
        weights: (N, 4, *shape), float32, the shares of the frame from the first volume as acquired, from the first one
            deformed by the finest displacement, and from the last as acquired and deformed; their sum is 1.
        residual: (N, 1, *shape), float32, added to that.
    """

    volume: torch.Tensor
    displacements: list[torch.Tensor]
    deformed: list[torch.Tensor]
    weights: torch.Tensor
    residual: torch.Tensor


def squeeze_single_slice(volumes: torch.Tensor) -> torch.Tensor:
    """Return volumes (N, 1, K, J, I); single slices as (N, 1, J, I), which makes every operation cheaper."""
    return volumes.squeeze(2) if volumes.shape[2] == 1 else volumes


def synthesise(
    ends: torch.Tensor,
    motion: Deformation,
    t: torch.Tensor,
    refinement: Refinement | None,
    bends: torch.Tensor | None = None,
) -> Synthesis:
    """Return the frame at t.

    The volumes are deformed at full resolution by the upsampled field of every scale (our reading of Eq. 2).

    Args:
        ends: (2 N, 1, *shape), first then last.
        motion: to t.
        t: (N,).
        refinement: makes the frame; None for the blend of the deformed ends.
        bends: see `Refinement.forward`.
    """
    shape = tuple(ends.shape[2:])
    displacements = [resize_field(d, shape) for d in motion.displacements]
    deformed = [warp(ends, d) for d in displacements]
    if refinement is None:
        weights = weights_of_deformed(deformed[-1], t)
        residual = torch.zeros_like(weights[:, :1])
    else:
        weights, residual = refinement(ends, deformed, motion.features, t, bends)
    first, last = (torch.cat(pair, dim=1) for pair in zip(ends.chunk(2), deformed[-1].chunk(2), strict=True))
    volume = (weights * torch.cat([first, last], dim=1)).sum(dim=1, keepdim=True) + residual
    return Synthesis(volume, displacements, deformed, weights, residual)
