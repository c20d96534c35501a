"""Both ends of a gap on the coarse grid on which they are compared, unmoved and moved to a time."""

from __future__ import annotations

import math

import torch

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairs.fusion import Fusion, disagreement
from temporal_interp.registration.grids import spacing_on
from temporal_interp.tensors.spatial import resize_field, warp


class ComparedEnds:
    """The first and the last frame of a pair on a coarse grid, and how much they disagree there.

    Args:
        pair: both frames.
        images: (2, 1, k, j, i), the first and the last frame, scaled to [0, 1], on a grid over their extent.
        fusion: how two moved ends become one frame.
        seen: (1, 1, k, j, i), how much of each voxel both frames show; all if None.
    """

    def __init__(self, pair: Pair, images: torch.Tensor, fusion: Fusion, seen: torch.Tensor | None = None) -> None:
        self.images = images
        spacing = spacing_on(tuple(images.shape[2:]), pair.geometry.shape, pair.geometry.spacing_kji)
        self.spacing = (math.inf, *spacing[1:]) if pair.independent else spacing
        first, last = as_problems(images, pair.independent)
        self.fusion = fusion.for_pair(first, last, None if seen is None else as_problems(seen, pair.independent)[0])
        self.unmoved_disagreement = self.disagreement(images)

    def moved(self, displacements: torch.Tensor, images: torch.Tensor | None = None) -> torch.Tensor:
        """Return both images, (2, 1, k, j, i), resampled by fields on any grid over the same extent, (2, 3, ...).

        Args:
            displacements: the fields, in voxels of their own grid.
            images: others on the same grid in place of the two.
        """
        images = self.images if images is None else images
        return warp(images, resize_field(displacements, tuple(images.shape[2:])))

    def disagreement(self, images: torch.Tensor) -> torch.Tensor:
        """Return how much two images, (2, 1, k, j, i), disagree around every voxel; see `fusion.disagreement`."""
        first, last = images.split(1)
        return disagreement(first, last, self.spacing, self.fusion)


def as_problems(images: torch.Tensor, independent: bool) -> torch.Tensor:
    """Return images, (N, 1, k, j, i), as problems of a fit: (N, k, 1, j, i) for independent slices, else
    (N, 1, 1, k, j, i)."""
    return images.squeeze(1).unsqueeze(2) if independent else images.unsqueeze(1)
