"""The inverse of a displacement field in physical space."""

from __future__ import annotations

import math

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import put_on_grid
from temporal_interp.errors import InvalidInputError

ITERATIONS = 100
"""Fixed-point steps; smooth fields need about ten."""

TOLERANCE = 0.01
"""In voxels: the steps end when no point misses its place by more."""

LARGEST_ERROR = 0.5
"""In voxels of the field: where going there and back misses by more than this, the field is taken to fold (our
choice)."""

LARGEST_GRID = 1 << 28
"""Voxels of the field with what it reaches beyond its edge; a few GB of memory."""


def inverse_displacement(array: np.ndarray, geometry: Geometry) -> tuple[np.ndarray, float]:
    """Return the displacement v with v(x) = -u(x + v(x)), and the largest error of going there and back in mm.

    Outside of its grid the field continues with the vector at the edge, as Slicer's grid transforms do.

    Args:
        array: u, (K, J, I, 3), components (x, y, z) in LPS mm.
        geometry: its voxel grid, and that of the result.

    Raises:
        InvalidInputError: the field folds space, so that it has no inverse, or its vectors are too long.

    Example:
        >>> grid = Geometry((4, 8, 8), spacing=(1.5, 1.5, 3.0))
        >>> shift = np.broadcast_to(np.float32([3, -1, 0]), (*grid.shape, 3))
        >>> inverse, error = inverse_displacement(shift, grid)
        >>> inverse[0, 0, 0].tolist(), error
        ([-3.0, 1.0, 0.0], 0.0)
    """
    import SimpleITK as sitk  # noqa: N813 - takes a while to import

    image = put_on_grid(sitk.GetImageFromArray(np.ascontiguousarray(array, np.float32), isVector=True), geometry)
    along_axes = np.abs(array.reshape(-1, 3) @ np.asarray(geometry.direction)).max(axis=0) / geometry.spacing
    rings = [int(np.ceil(reach)) + 1 for reach in along_axes]
    if math.prod(n + 2 * ring for n, ring in zip(geometry.shape[::-1], rings, strict=True)) > LARGEST_GRID:
        raise InvalidInputError(
            f"the field's vectors are up to {np.linalg.norm(array, axis=-1).max():.3g} mm long, too long to invert it."
        )
    field = sitk.ZeroFluxNeumannPad(image, rings, rings)
    inverse = sitk.InvertDisplacementField(field, ITERATIONS, TOLERANCE, 0.0, enforceBoundaryCondition=False)
    there = sitk.DisplacementFieldTransform(sitk.Cast(inverse, sitk.sitkVectorFloat64))
    back = sitk.Resample(field, field, there, sitk.sitkLinear, 0.0)
    inner = tuple(slice(ring, -ring) for ring in rings[::-1])
    result = sitk.GetArrayFromImage(inverse)[inner]
    error = float(np.linalg.norm(result + sitk.GetArrayFromImage(back)[inner], axis=-1).max())
    if not error <= LARGEST_ERROR * min(geometry.spacing):
        raise InvalidInputError(
            f"the field folds space, so it has no inverse: there and back, points miss their place by {error:.3g} mm."
        )
    return np.ascontiguousarray(result), error
