"""A vector field on a voxel grid, in LPS mm: sampling it anywhere, and its derivatives."""

from __future__ import annotations

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError


def require_field(field: np.ndarray, geometry: Geometry, name: str) -> None:
    """Raise InvalidInputError, naming the field, unless it is (K, J, I, 3) on the grid of `geometry`."""
    if field.shape != (*geometry.shape, 3):
        raise InvalidInputError(
            f"{name} must have shape (K, J, I, 3) = {(*geometry.shape, 3)}, got {field.shape}."
        )  # fmt: skip


def require_points(points_mm: np.ndarray, name: str) -> np.ndarray:
    """Return points as (P, 3) float64, or raise InvalidInputError, naming them, unless they are P finite points."""
    points = np.asarray(points_mm, dtype=float)
    if points.ndim != 2 or points.shape[1] != 3:
        raise InvalidInputError(f"{name} must have shape (points, 3), x, y, z in LPS mm, got {points.shape}.")
    if not np.isfinite(points).all():
        raise InvalidInputError(f"{name}: {int((~np.isfinite(points)).any(axis=1).sum())} are NaN or infinite.")
    return points


def voxel_points(geometry: Geometry) -> np.ndarray:
    """Return the LPS points in mm of all voxel centres, (K, J, I, 3) float64."""
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)[..., ::-1]
    return index @ geometry.voxel_to_physical.T + np.asarray(geometry.origin)


def voxel_index(points_mm: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the (fractional) voxel index (I, J, K) of LPS points in mm, both (..., 3)."""
    return (points_mm - np.asarray(geometry.origin)) @ np.linalg.inv(geometry.voxel_to_physical).T


def sample_field(field: np.ndarray, geometry: Geometry, points_mm: np.ndarray) -> np.ndarray:
    """Return a field at any points, linearly interpolated; beyond the outermost voxel centres they are repeated.

    Args:
        field: (K, J, I, 3), components in LPS.
        geometry: its grid.
        points_mm: (..., 3), LPS.

    Returns:
        (..., 3) float64.
    """
    from scipy.ndimage import map_coordinates  # takes long to import, and Slicer's panel imports this module

    index = np.moveaxis(voxel_index(points_mm, geometry)[..., ::-1], -1, 0)
    return np.stack([map_coordinates(field[..., c], index, float, order=1, mode="nearest") for c in range(3)], axis=-1)


def image_axis_derivatives(field: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the derivatives of a field in the frame of the image's axes, (K, J, I, 3, 3) float32, per mm.

    Element [a, b] is the derivative along image axis b of the component along image axis a; the axes are I, J, K, as
    unit vectors in mm. Central differences, one-sided at the border; zero along an axis of one voxel.

    Args:
        field: (K, J, I, 3), components in LPS.
        geometry: its grid.
    """
    along_axes = field @ np.asarray(geometry.direction, np.float32)
    derivatives = np.zeros((*field.shape, 3), np.float32)
    for b, spacing in enumerate(geometry.spacing):
        axis = 2 - b
        if field.shape[axis] > 1:
            derivatives[..., b] = np.gradient(along_axes, spacing, axis=axis)
    return derivatives
