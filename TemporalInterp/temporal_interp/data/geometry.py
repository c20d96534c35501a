"""A voxel grid in the patient.

Spacing and direction columns are SimpleITK's, in (I, J, K) order; physical space is LPS in mm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from temporal_interp.errors import InvalidInputError

GEOMETRY_TOLERANCE = 1e-3
"""Geometries whose corners differ by less than this share of a voxel are the same."""


@dataclass(frozen=True)
class Geometry:
    """Size and place of a voxel grid.

    Attributes:
        shape: number of voxels, (K, J, I).
        spacing: distance between voxel centres in mm along (I, J, K).
        origin: centre of voxel (0, 0, 0), (x, y, z) in LPS mm.
        direction: 3 x 3 nested tuples; column 0 is the unit vector of the I axis in LPS, then J, then K.

    Raises:
        InvalidInputError: the grid is empty, a spacing is not positive, or the direction is not orthonormal.

    Example:
        >>> grid = Geometry((10, 128, 160), spacing=(1.5, 1.5, 8.0), origin=(-120.0, -96.0, 20.0))
        >>> grid.physical_point((1, 0, 2)).tolist()
        [-117.0, -96.0, 28.0]
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[tuple[float, ...], ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "spacing", tuple(float(s) for s in self.spacing))
        object.__setattr__(self, "origin", tuple(float(o) for o in self.origin))
        matrix = np.asarray(self.direction, dtype=float)
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise InvalidInputError(f"A volume needs at least one voxel along K, J and I, got shape {self.shape}.")
        if len(self.spacing) != 3 or not all(np.isfinite(s) and s > 0 for s in self.spacing):
            raise InvalidInputError(f"Voxel spacing must be three positive numbers in mm, got {self.spacing}.")
        if len(self.origin) != 3 or not np.isfinite(self.origin).all():
            raise InvalidInputError(f"The origin must be three finite numbers in mm, got {self.origin}.")
        if matrix.shape != (3, 3) or not np.allclose(matrix.T @ matrix, np.eye(3), atol=1e-3):
            raise InvalidInputError(f"The direction must be a 3 x 3 orthonormal matrix, got {matrix.tolist()}.")
        object.__setattr__(self, "direction", tuple(tuple(float(x) for x in row) for row in matrix))

    @property
    def spacing_kji(self) -> tuple[float, float, float]:
        """Spacing in mm in the order of the array's axes, (K, J, I)."""
        return self.spacing[::-1]

    @property
    def voxel_to_physical(self) -> np.ndarray:
        """3 x 3 matrix that turns a step in voxels along (I, J, K) into a step in LPS mm."""
        return np.asarray(self.direction) @ np.diag(self.spacing)

    @property
    def affine(self) -> np.ndarray:
        """4 x 4 matrix that takes a voxel index (I, J, K, 1) to a point in LPS mm, (x, y, z, 1).

        NIfTI's affine is the same in RAS: its first two rows have the other sign.
        """
        matrix = np.eye(4)
        matrix[:3, :3] = self.voxel_to_physical
        matrix[:3, 3] = self.origin
        return matrix

    def physical_point(self, index_kji: Iterable[float]) -> np.ndarray:
        """Return the LPS point in mm of a (fractional) voxel index (K, J, I)."""
        return np.asarray(self.origin) + self.voxel_to_physical @ np.asarray(list(index_kji), dtype=float)[::-1]

    def is_close(self, other: Geometry) -> bool:
        """Tell whether both grids have the same voxels at the same places, within a thousandth of a voxel."""
        if self.shape != other.shape:
            return False
        if self == other:  # as the frames of a sequence usually are, and there are many
            return True
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape[::-1]], [1], indexing="ij")).reshape(4, -1)
        apart = np.linalg.norm(((self.affine - other.affine) @ corners)[:3], axis=0)
        return bool((apart <= GEOMETRY_TOLERANCE * min(self.spacing)).all())
