"""How rough a field is: what registrations add to their loss."""

from __future__ import annotations

import torch
from torch.nn import functional

from temporal_interp.tensors.spatial import jacobian_determinant

LEAST_SQUARE = 1e-12
"""Added under a root, whose derivative at zero is infinite."""


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


def gradient_norm(field: torch.Tensor) -> torch.Tensor:
    """Return the root of the mean squared derivative of a field along each axis, in voxels, added up over the axes.

    Args:
        field: (N, D, *shape), voxels; an axis of a single voxel is left out.

    Source: NMSR, Eq. 3, with the mean over voxels in place of the sum.

    Example:
        >>> gradient_norm(torch.tensor([[[0.0, 2.0, 4.0]]]))
        tensor(2.)
    """
    total = field.new_zeros(())
    for axis in range(2, field.ndim):
        if field.shape[axis] > 1:
            squares = field.diff(dim=axis).square().sum(1).flatten(1).mean(1)
            total = total + (squares + LEAST_SQUARE).sqrt().mean()
    return total


def diffusion(field: torch.Tensor) -> torch.Tensor:
    """Return the mean squared difference of neighbouring vectors of a field, in voxels whatever their size in mm.

    The mean is over the components, the voxels and the axes, as in the diffusion regulariser that VoxelMorph is trained
    with (its `Grad` with the penalty "l2"). On cubic voxels it is `squared_gradient` over the squared number of axes.

    Args:
        field: (N, D, *shape), voxels; an axis of a single voxel is left out.

    Source: Balakrishnan et al., VoxelMorph, IEEE TMI 2019; its public code has the mean.

    Example:
        >>> rows = torch.arange(4.0).view(1, 1, 4, 1).expand(1, 2, 4, 4)
        >>> diffusion(2 * rows)  # (4 + 0) / 2
        tensor(2.)
    """
    parts = [field.diff(dim=axis).square().mean() for axis in range(2, field.ndim) if field.shape[axis] > 1]
    return torch.stack(parts).mean() if parts else field.new_zeros(())


def bending_energy(field: torch.Tensor, spacing: tuple[float, ...]) -> torch.Tensor:
    """Return the mean squared second derivative of a field, 0 for every linear one, as change of strain per mm.

    Each component's derivatives along all pairs of axes are added, all components too; forward differences.

    Args:
        field: (N, D, *shape), voxels.
        spacing: voxel size in mm along each axis, in the order of the axes.

    Source: Rueckert et al. 1999, "Nonrigid registration using free-form deformations", Eq. 4.
    """
    total = field.new_zeros(())
    in_mm = field * field.new_tensor(spacing).view(1, -1, *[1] * len(spacing))
    for one in range(len(spacing)):
        slope = in_mm.diff(dim=one + 2)
        for other in range(one, len(spacing)):
            change = slope.diff(dim=other + 2)
            if change.numel():
                pairs = 1 if one == other else 2
                share = pairs * field.shape[1] / (change.numel() * (spacing[one] * spacing[other]) ** 2)
                total = total + share * change.square().sum()
    return total


def folding_loss(displacement: torch.Tensor) -> torch.Tensor:
    """Return mean relu(-det J): how much, and how badly, space folds (NeVF, Eq. 4)."""
    return functional.relu(-jacobian_determinant(displacement)).mean()
