"""A displacement field in physical space. It needs no PyTorch, so the scene can hold the results of engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from temporal_interp.data.geometry import Geometry

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class DisplacementField:
    """A resampling field in physical space: frame(x) = source(x + displacement(x)).

    Attributes:
        array: (K, J, I, 3), float32, components (x, y, z) in LPS mm, on the voxel grid of the frame.
        jacobian: (K, J, I) float32, determinant of x -> x + displacement(x); 1 keeps volume.
        geometry: the voxel grid of the frame.

    Example:
        >>> grid = Geometry((1, 4, 4))
        >>> zero = DisplacementField(np.zeros((1, 4, 4, 3), np.float32), np.ones((1, 4, 4), np.float32), grid)
        >>> zero.fold_rate
        0.0
    """

    array: np.ndarray
    jacobian: np.ndarray
    geometry: Geometry

    @classmethod
    def from_voxels(cls, displacement: torch.Tensor, geometry: Geometry) -> DisplacementField:
        """Convert a displacement of a network or registration to mm on the voxel grid of a frame.

        Args:
            displacement: (1, 3, k, j, i), channels (K, J, I), voxels of its own grid, over the extent of `geometry`.
            geometry: the grid of the result.
        """
        from temporal_interp.data.physical_displacement import in_physical_space

        return cls(*in_physical_space(displacement, geometry), geometry)

    @property
    def fold_rate(self) -> float:
        """Share of voxels, from 0 to 1, where the field folds space (determinant 0 or less)."""
        return float((self.jacobian <= 0).mean())
