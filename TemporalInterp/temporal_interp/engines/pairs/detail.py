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

STRENGTH = 1.6
"""Aimed at, times that of the acquired frames: detail is only amplified in part of the places."""

MOST = 1.5
"""Detail is amplified by this at most."""


def with_detail(
    frame: torch.Tensor,
    wanted: torch.Tensor,
    trust: torch.Tensor,
    spacing: tuple[float, float],
    unit: float = 1.0,
) -> torch.Tensor:
    """Return slices of a frame with fine detail about as strong as it is wanted.

    Args:
        frame: (N, 1, J, I), slices of the synthetic frame.
        wanted: (N, 1, J, I), the `detail_energy` of the acquired frames at its time.
        trust: (N, 1, J, I), from 0, leave detail as it is, to 1.
        spacing: voxel size in mm along J and I.
        unit: see `detail_energy`.
    """
    fine = _fine(frame)
    there = _around(fine, spacing, unit).clamp(min=torch.finfo(fine.dtype).tiny)
    gain = (STRENGTH * wanted / there).sqrt_().clamp_(1.0, MOST)
    return frame + trust * (gain - 1) * fine


def detail_energy(slices: torch.Tensor, spacing: tuple[float, float], unit: float = 1.0) -> torch.Tensor:
    """Return the mean square of the fine detail around every voxel of slices (N, 1, J, I), in squares of the unit.

    Args:
        slices: of an image.
        spacing: voxel size in mm along J and I.
        unit: intensity that counts as 1: squares of very large and very small ones do not fit into float32.
    """
    return _around(_fine(slices), spacing, unit)


def _fine(slices: torch.Tensor) -> torch.Tensor:
    return slices - smooth(slices, (FINEST, FINEST))


def _around(fine: torch.Tensor, spacing: tuple[float, float], unit: float) -> torch.Tensor:
    return smooth((fine / unit).square_(), (RADIUS_MM / spacing[0], RADIUS_MM / spacing[1]))
