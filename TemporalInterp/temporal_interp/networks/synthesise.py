"""From motion to a frame: what teacher and student have in common."""

from __future__ import annotations

import torch

from temporal_interp.networks.decoder import Deformation
from temporal_interp.networks.refinement import Refinement, weights_of_deformed
from temporal_interp.networks.synthesis import Synthesis
from temporal_interp.spatial import resize_field, warp


def flat(volumes: torch.Tensor) -> torch.Tensor:
    """Return volumes (N, 1, K, J, I); single slices as (N, 1, J, I), which makes every operation cheaper."""
    return volumes.squeeze(2) if volumes.shape[2] == 1 else volumes


def synthesise(ends: torch.Tensor, motion: Deformation, t: torch.Tensor, refinement: Refinement | None) -> Synthesis:
    """Return the frame at t from both ends, (2 N, 1, *shape), and the motion to t; t is (N,).

    The volumes are deformed at full resolution by the upsampled field of every scale (our reading of Eq. 2).
    """
    shape = tuple(ends.shape[2:])
    displacements = [resize_field(d, shape) for d in motion.displacements]
    deformed = [warp(ends, d) for d in displacements]
    if refinement is None:
        weights = weights_of_deformed(deformed[-1], t)
        residual = torch.zeros_like(weights[:, :1])
    else:
        weights, residual = refinement(ends, deformed, motion.features, t)
    first, last = (torch.cat(pair, dim=1) for pair in zip(ends.chunk(2), deformed[-1].chunk(2), strict=True))
    volume = (weights * torch.cat([first, last], dim=1)).sum(dim=1, keepdim=True) + residual
    return Synthesis(volume, displacements, deformed, weights, residual)
