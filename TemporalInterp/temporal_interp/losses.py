"""What a fit or a training minimises. Images are (N, C, *shape), fields (N, D, *shape) in voxels."""

from __future__ import annotations

import torch
from torch.nn import functional

from temporal_interp.spatial import jacobian_determinant

FLAT = 1e-4
"""Variance, on images scaled to [0, 1], below which a window holds noise rather than structure (our choice)."""


def box_mean(image: torch.Tensor, window: int) -> torch.Tensor:
    """Return the mean of every voxel's window of that side; at the border, of the part inside the image."""
    pooled = image.flatten(0, -3)  # every slice a 2D image
    for side in ((window, 1), (1, window)):
        pooled = _pool(pooled, side)
    if image.ndim == 5:  # avg_pool3d would refuse a stack of fewer slices than the window
        pooled = _pool(pooled.view(-1, image.shape[2], image.shape[3] * image.shape[4]), (window, 1))
    return pooled.view(image.shape)


def _pool(image: torch.Tensor, side: tuple[int, int]) -> torch.Tensor:
    pad = (side[0] // 2, side[1] // 2)
    return functional.avg_pool2d(image, side, stride=1, padding=pad, count_include_pad=False)


def local_correlation_loss(
    image: torch.Tensor,
    target: torch.Tensor,
    *,
    window: int,
    flat: float = FLAT,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return 1 - mean local squared correlation coefficient, 0 where both agree up to local gain and offset.

    Windows of both images with a variance below `flat` count as unlike, and give no gradient to speak of.

    Args:
        image: (N, C, *shape).
        target: likewise.
        window: side of the window in voxels, odd.
        flat: variance that counts as none.
        weight: of each voxel in the mean, (1 or N, 1, *shape), not negative; all alike if None.
    """
    mean_image, mean_target = box_mean(image, window), box_mean(target, window)
    variance_image = (box_mean(image * image, window) - mean_image**2).clamp(min=0)
    variance_target = (box_mean(target * target, window) - mean_target**2).clamp(min=0)
    covariance = box_mean(image * target, window) - mean_image * mean_target
    likeness = covariance**2 / ((variance_image + flat) * (variance_target + flat))
    if weight is None:
        return 1 - likeness.mean()
    weight = weight.expand_as(likeness)
    return 1 - (likeness * weight).sum() / weight.sum()


def squared_gradient(field: torch.Tensor, spacing: tuple[float, ...] | torch.Tensor) -> torch.Tensor:
    """Return the mean squared derivative of a field, the diffusion regulariser, as strain in mm per mm.

    Each component's derivatives along all axes are added, all components too; forward differences.

    Args:
        field: (N, D, *shape), voxels.
        spacing: voxel size in mm along each axis, in the order of the axes; (N, D) where every field has its own.
    """
    total = field.new_zeros(())
    sizes = torch.as_tensor(spacing, dtype=field.dtype, device=field.device).view(-1, len(field.shape) - 2)
    for axis in range(sizes.shape[1]):
        if field.shape[axis + 2] < 2:
            continue
        to_strain = sizes / sizes[:, axis : axis + 1]
        difference = field.diff(dim=axis + 2) * to_strain.view(*sizes.shape, *[1] * sizes.shape[1])
        total = total + difference.square().mean() * field.shape[1]
    return total


def folding_loss(displacement: torch.Tensor) -> torch.Tensor:
    """Return mean relu(-det J): how much, and how badly, space folds (NeVF, Eq. 4)."""
    return functional.relu(-jacobian_determinant(displacement)).mean()
