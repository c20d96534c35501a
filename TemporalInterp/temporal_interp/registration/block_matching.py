"""The displacement between two images from an exhaustive search: rough, but not bound to small motions."""

from __future__ import annotations

import itertools

import torch
from torch.nn import functional

from temporal_interp.tensors.similarity import box_mean
from temporal_interp.tensors.spatial import smooth

_WINDOW = 3
"""Side of the compared windows, in voxels."""

_COUPLING = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Weight, pass by pass, of the squared distance of a window's displacement from that of its neighbourhood."""

_LEAST_WEIGHT = 0.02
"""Weight of a window that matches everywhere alike, where the mean weight is 1."""


def match_windows(fixed: torch.Tensor, moving: torch.Tensor, spacing: tuple[float, ...], reach: int) -> torch.Tensor:
    """Return the displacement u for which fixed(p) = moving(p + u(p)), (N, D, *shape), in voxels.

    Every window looks for the whole displacement, up to `reach` voxels along each axis, with the least mean squared
    difference, and passes in turn smooth these displacements and draw each window towards its neighbourhood. Windows
    count by how much their best displacement beats the mean one. The search goes both ways; half of the difference is
    returned, so that swapped images give -u.

    Args:
        fixed: (N, 1, *shape), N problems in 2D or 3D, of one contrast.
        moving: likewise.
        spacing: voxel size in mm along each axis, in the order of the axes.
        reach: of the search.

    Source: the convex optimisation of Heinrich et al. 2014 (MICCAI); the weights of windows are our choice.

    Example:
        >>> image = torch.rand(1, 1, 24, 24)
        >>> found = match_windows(image.roll(3, dims=3), image, (1.0, 1.0), reach=4)
        >>> found[0, :, 12, 12].round().tolist()
        [0.0, -3.0]
    """
    there, back = (_one_way(*pair, spacing, reach) for pair in ((fixed, moving), (moving, fixed)))
    return 0.5 * (there - back)


def _one_way(fixed: torch.Tensor, moving: torch.Tensor, spacing: tuple[float, ...], reach: int) -> torch.Tensor:
    axes = len(spacing)
    shape = tuple(fixed.shape[2:])
    padded = functional.pad(moving, (reach,) * (2 * axes), mode="replicate")
    candidates = list(itertools.product(range(2 * reach + 1), repeat=axes))
    differences = []
    for candidate in candidates:
        part = tuple(slice(start, start + n) for start, n in zip(candidate, shape, strict=True))
        differences.append((fixed - padded[:, :, *part]).square())
    cost = box_mean(torch.cat(differences, dim=1), _WINDOW)
    mean = cost.mean(dim=1, keepdim=True)
    weight = mean - cost.amin(dim=1, keepdim=True)
    every = tuple(range(1, axes + 2))
    tiny = torch.finfo(cost.dtype).tiny
    weight = weight / weight.mean(dim=every, keepdim=True).clamp(min=tiny) + _LEAST_WEIGHT
    cost = cost / mean.mean(dim=every, keepdim=True).clamp(min=tiny)
    displacements = torch.tensor(candidates, dtype=cost.dtype, device=cost.device) - reach
    # distances are in units of the smallest voxel
    metric = torch.tensor([along / min(spacing) for along in spacing], device=cost.device).square()
    squares = (displacements.square() @ metric).view(1, -1, *[1] * axes)
    sigma = tuple(min(spacing) / along for along in spacing)
    total = smooth(weight, sigma)
    found = torch.zeros_like(fixed).repeat(1, axes, *[1] * axes)
    for coupling in _COUPLING:
        towards = torch.tensordot(found * metric.view(1, -1, *[1] * axes), displacements, dims=([1], [1]))
        best = (cost + coupling * (squares - 2 * towards.movedim(-1, 1))).argmin(dim=1)
        found = smooth(displacements[best].movedim(-1, 1) * weight, sigma) / total
    return found
