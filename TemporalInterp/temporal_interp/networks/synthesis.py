"""What a network gives back for one pair and one time."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, eq=False)
class Synthesis:
    """A synthesised frame and how it came about. Everything is at full resolution, `shape`.

    Where both ends are stacked, the first N entries belong to the first volume and the other N to the last.

    Attributes:
        volume: (N, 1, *shape), the frame.
        displacements: one per scale, coarsest first: (2 N, D, *shape), float32 voxels, resampling fields
            frame(p) = end(p + displacement(p)); D is 2, (J, I), for single slices and 3, (K, J, I), for stacks.
        deformed: one per scale, coarsest first: (2 N, 1, *shape), the ends brought to t by these displacements.
        weights: (N, 4, *shape), float32, what the frame takes from the first volume as acquired, from the first one
            deformed by the finest displacement, and from the last as acquired and deformed; their sum is 1.
        residual: (N, 1, *shape), float32, what is added to that.
    """

    volume: torch.Tensor
    displacements: list[torch.Tensor]
    deformed: list[torch.Tensor]
    weights: torch.Tensor
    residual: torch.Tensor
