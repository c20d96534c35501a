"""Gives a synthetic frame the fine detail of the acquired ones.

The mean of two frames has less fine detail than either: their noise averages out, and so does detail that was moved to
slightly different places. A film of acquired and synthetic frames would pulse between sharp and soft. Detail that is
there is amplified until it is as strong as that of the acquired frames, where motion explains the change (our choice).
"""

from __future__ import annotations

import torch

from temporal_interp.tensors.spatial import smooth

FINEST = 0.8
"""Fine detail is what differs from a Gaussian of this standard deviation, in voxels."""

RADIUS_MM = 3.0
"""Standard deviation of the neighbourhood in which its strength is measured."""

STRENGTH = 1.3
"""Aimed at, times that of the acquired frames: detail is only amplified in part of the places."""

MOST = 1.4
"""Detail is amplified by this at most."""


def with_detail(
    frame: torch.Tensor, ends: tuple[torch.Tensor, torch.Tensor], t: float, trust: torch.Tensor, spacing: tuple[float, float]
) -> torch.Tensor:
    """Return slices of a frame with fine detail as strong as in the acquired frames.

    Args:
        frame: (N, 1, J, I), slices of the synthetic frame.
        ends: the same slices of the first and the last acquired frame, unmoved.
        t: place of the frame between them, from 0 to 1.
        trust: (N, 1, J, I), from 0, leave detail as it is, to 1.
        spacing: voxel size in mm along J and I.
    """
    sigma = RADIUS_MM / spacing[0], RADIUS_MM / spacing[1]

    def detail(image: torch.Tensor) -> torch.Tensor:
        return image - smooth(image, (FINEST, FINEST))

    fine = detail(frame)
    first, last = (smooth(detail(end).square(), sigma) for end in ends)
    wanted = STRENGTH * torch.lerp(first, last, t)
    there = smooth(fine.square(), sigma)
    gain = (wanted / there.clamp(min=torch.finfo(there.dtype).tiny)).sqrt().clamp(1.0, MOST)
    return frame + trust * (gain - 1) * fine
