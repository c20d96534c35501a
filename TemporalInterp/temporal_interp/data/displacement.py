"""A displacement field in physical space. Needs no PyTorch, so that the scene can hold what engines gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class DisplacementField:
    """A resampling field in physical space: frame(x) = source(x + displacement(x)).

    Attributes:
        array: (K, J, I, 3), float32, components (x, y, z) in LPS mm, on the voxel grid of the frame.
        jacobian: (K, J, I) float32, determinant of x -> x + displacement(x); 1 keeps volume.
    """

    array: np.ndarray
    jacobian: np.ndarray

    @property
    def fold_rate(self) -> float:
        """Share of voxels, from 0 to 1, where the field folds space (determinant 0 or less)."""
        return float((self.jacobian <= 0).mean())
