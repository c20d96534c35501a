"""Geometry on tensors: warping, integrating, composing and measuring fields, in 2D and 3D.

Shapes are (N, C, K, J, I) for images and (N, 3, K, J, I) for fields; without the K axis and with two channels in 2D.
A field's channels follow the array's axes, (K, J, I) or (J, I), and its vectors are in **voxels** of its own grid.
Every displacement u is a *resampling* field: the warped image at voxel p is the image at p + u(p).
Only `to_physical` and `from_physical` leave voxels for mm.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from temporal_interp.errors import InvalidInputError

SQUARING_STEPS = 7
"""Doublings in scaling and squaring, as in the papers this project follows."""


CHANNELS_LAST_FROM = 8
"""With this many channels or more, sampling is much faster when a voxel's channels are neighbours in memory."""


def _require_field(field: torch.Tensor, name: str) -> None:
    if field.ndim not in (4, 5) or field.shape[1] != field.ndim - 2:
        raise InvalidInputError(
            f"{name} must have shape (N, 2, J, I) or (N, 3, K, J, I), got {tuple(field.shape)}."
        )  # fmt: skip


def identity_grid(shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """Return the voxel indices of a grid of `shape`, (1, D, *shape), with the type and device of `like`."""
    axes = [torch.arange(n, dtype=like.dtype, device=like.device) for n in shape]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).unsqueeze(0)


def sample(
    image: torch.Tensor, points: torch.Tensor, *, mode: str = "bilinear", padding: str = "border"
) -> torch.Tensor:
    """Return the image at given points.

    Args:
        image: (N, C, *shape).
        points: (N or 1, D, *output shape), voxel coordinates in `image`, channels in the order of its axes.
        mode: "bilinear" (linear along every axis) or "nearest".
        padding: beyond the border, "border" repeats the edge voxel and "zeros" is zero.

    Returns:
        (N, C, *output shape), in the type of `image`. Coordinates are always computed in float32: a coarser type
        misplaces them by a quarter of a voxel near voxel 128.
    """
    extent = torch.tensor(image.shape[2:], dtype=torch.float32, device=image.device)
    extent = extent.view(1, -1, *[1] * (points.ndim - 2))
    # grid_sample without align_corners puts the centres of voxels 0 and n - 1 at -1 + 1/n and 1 - 1/n
    unit = (points.float() * 2 + 1) / extent - 1
    grid = unit.flip(1).movedim(1, -1).expand(image.shape[0], *[-1] * (points.ndim - 1))
    if image.ndim == 5 and image.shape[1] >= CHANNELS_LAST_FROM:
        image = image.contiguous(memory_format=torch.channels_last_3d)
    exact = torch.promote_types(image.dtype, torch.float32)  # grid_sample wants image and points in one type
    return functional.grid_sample(image.to(exact), grid.to(exact), mode, padding, align_corners=False).to(image.dtype)


def warp(
    image: torch.Tensor, displacement: torch.Tensor, *, mode: str = "bilinear", padding: str = "border"
) -> torch.Tensor:
    """Return the image resampled by a displacement: result(p) = image(p + displacement(p)).

    Args:
        image: (N, C, *shape).
        displacement: (N or 1, D, *shape), voxels.
        mode: as in `sample`.
        padding: as in `sample`.

    Raises:
        InvalidInputError: the shapes do not fit.

    Example:
        A displacement of one voxel along I reads every voxel from its right neighbour:

        >>> image = torch.tensor([[[[0.0, 1.0, 2.0]]]])
        >>> displacement = torch.tensor([0.0, 1.0]).view(1, 2, 1, 1).expand(1, 2, 1, 3)
        >>> warp(image, displacement)
        tensor([[[[1., 2., 2.]]]])
    """
    _require_field(displacement, "warp() 'displacement'")
    if image.shape[2:] != displacement.shape[2:] or displacement.shape[0] not in (1, image.shape[0]):
        raise InvalidInputError(
            f"warp() needs image and displacement on one grid, and one displacement for every image or for all, got "
            f"{tuple(image.shape)} and {tuple(displacement.shape)}."
        )
    points = identity_grid(image.shape[2:], displacement.float()) + displacement.float()
    return sample(image, points, mode=mode, padding=padding)


def integrate_velocity(velocity: torch.Tensor, *, steps: int = SQUARING_STEPS) -> torch.Tensor:
    """Return the displacement of exp(velocity), by scaling and squaring in float32.

    The inverse is `integrate_velocity(-velocity)`; the displacement up to time t is `integrate_velocity(t * velocity)`.

    Args:
        velocity: (N, D, *shape), stationary, voxels per unit of time.
        steps: number of squarings.

    Source: Arsigny et al. 2006; 7 steps as in Dalca et al. 2019.

    Example:
        >>> velocity = torch.full((1, 2, 4, 4), 0.5)
        >>> bool((integrate_velocity(velocity) == velocity).all())  # a constant field is its own integral
        True
    """
    _require_field(velocity, "integrate_velocity() 'velocity'")
    displacement = velocity.float() / 2**steps
    for _ in range(steps):
        displacement = compose(displacement, displacement)
    return displacement


def compose(first: torch.Tensor, then: torch.Tensor) -> torch.Tensor:
    """Return the one displacement that does `warp(warp(image, first), then)`.

    For resampling fields that is then(p) + first(p + then(p)). Both are (N, D, *shape), in voxels.

    Raises:
        InvalidInputError: the shapes do not fit.

    Example:
        >>> shift = torch.ones(1, 2, 4, 4)
        >>> compose(shift, shift).unique()
        tensor([2.])
    """
    _require_field(first, "compose() 'first'")
    if first.shape != then.shape:
        raise InvalidInputError(
            f"compose() needs two fields of one shape, got {tuple(first.shape)} and {tuple(then.shape)}."
        )
    return then + warp(first, then)


def resize(image: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the image (N, C, *) on a grid of another shape over the same extent, linearly interpolated."""
    if tuple(image.shape[2:]) == tuple(shape):
        return image
    mode = "bilinear" if image.ndim == 4 else "trilinear"
    # a CPU interpolates float32 twice as fast as narrower types, which it would compute in float32 as well
    wide = image.float() if image.device.type == "cpu" else image
    return functional.interpolate(wide, size=tuple(shape), mode=mode, align_corners=False).to(image.dtype)


def resize_field(field: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return a velocity or displacement on a grid of another shape over the same extent, in voxels of that grid.

    Vectors are multiplied by the ratio of the sizes, axis by axis.
    """
    _require_field(field, "resize_field() 'field'")
    if len(shape) != field.ndim - 2:
        raise InvalidInputError(f"resize_field() needs {field.ndim - 2} sizes for this field, got {tuple(shape)}.")
    ratio = [new / old for new, old in zip(shape, field.shape[2:], strict=True)]
    scale = torch.tensor(ratio, dtype=field.dtype, device=field.device).view(1, -1, *[1] * len(ratio))
    return resize(field, shape) * scale


def smooth(image: torch.Tensor, sigma: tuple[float, ...]) -> torch.Tensor:
    """Return the image (N, C, *shape) after a Gaussian of standard deviation `sigma` voxels along each axis.

    The border is repeated. An axis with a sigma under 0.2 voxel stays as it is: its kernel would be a single 1. No
    sigma counts as more than the length of its axis.
    """
    dimensions = image.ndim - 2
    convolve = functional.conv2d if dimensions == 2 else functional.conv3d
    for axis, wanted in enumerate(sigma):
        width = min(wanted, image.shape[2 + axis])
        if width < 0.2:
            continue
        reach = math.ceil(3 * width)
        offsets = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
        kernel = torch.exp(-0.5 * (offsets / width) ** 2)
        kernel = (kernel / kernel.sum()).view(1, 1, *[-1 if a == axis else 1 for a in range(dimensions)])
        pad = [reach if a == axis else 0 for a in reversed(range(dimensions)) for _ in (0, 1)]
        channels = image.flatten(0, 1).unsqueeze(1)
        image = convolve(functional.pad(channels, pad, mode="replicate"), kernel).view(image.shape)
    return image


def gradient(image: torch.Tensor) -> torch.Tensor:
    """Return the derivative along every axis, (N, C, D, *shape), per voxel: central, one-sided at the border.

    Along an axis of one voxel the derivative is zero.
    """
    parts = []
    for axis in range(2, image.ndim):
        if image.shape[axis] == 1:
            parts.append(torch.zeros_like(image))
        else:
            parts.append(torch.gradient(image, dim=axis)[0])
    return torch.stack(parts, dim=2)


def jacobian_determinant(displacement: torch.Tensor) -> torch.Tensor:
    """Return the determinant of the Jacobian of p -> p + displacement(p), (N, *shape).

    It is the local change of volume and has no unit, so the voxel spacing does not enter: 1 keeps volume, 0 or less
    is a fold.

    Example:
        >>> jacobian_determinant(0.5 * identity_grid((4, 4), torch.zeros(())))[0, 0, 0]  # 1.5 along both axes
        tensor(2.2500)
    """
    _require_field(displacement, "jacobian_determinant() 'displacement'")
    dimensions = displacement.shape[1]
    jacobian = gradient(displacement).movedim((1, 2), (-2, -1))
    jacobian = jacobian + torch.eye(dimensions, dtype=displacement.dtype, device=displacement.device)
    # written out: torch.linalg.det factorises every voxel's little matrix, some fifty times slower
    if dimensions == 2:
        return jacobian[..., 0, 0] * jacobian[..., 1, 1] - jacobian[..., 0, 1] * jacobian[..., 1, 0]
    rows = jacobian.unbind(-2)
    return (rows[0] * torch.linalg.cross(rows[1], rows[2])).sum(-1)


def fold_rate(displacement: torch.Tensor) -> float:
    """Return the share of voxels, from 0 to 1, where the displacement folds space (determinant 0 or less)."""
    return float((jacobian_determinant(displacement) <= 0).float().mean())
