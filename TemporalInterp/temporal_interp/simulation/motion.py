"""What all phantoms share: a map of material points in time, and the exact fields that follow from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError

SLAB_VOXELS = 2**18
"""Voxels of one slab. The temporaries of a slab stay small, whatever the size of the volume."""


def require_phase(phase: float) -> float:
    """Return the phase as a float, or raise InvalidInputError unless it is a number from 0 to 1."""
    phase = float(phase)
    if not 0.0 <= phase <= 1.0:  # also refuses NaN
        raise InvalidInputError(f"A phase of the cycle must be a number from 0 to 1, got {phase}.")
    return phase


def smoothstep(x: np.ndarray) -> np.ndarray:
    """Return 3 x² - 2 x³ with x clipped to [0, 1], (...): a smooth rise from 0 to 1, steepest (1.5) in the middle."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def smoothstep_slope(x: np.ndarray) -> np.ndarray:
    """Return the derivative of `smoothstep`, (...)."""
    x = np.clip(x, 0.0, 1.0)
    return 6.0 * x * (1.0 - x)


def slabs(shape: tuple[int, int, int]) -> Iterator[slice]:
    """Yield slabs of a (K, J, I) grid along K, each of about `SLAB_VOXELS` voxels."""
    thickness = max(1, SLAB_VOXELS // (shape[1] * shape[2]))
    for start in range(0, shape[0], thickness):
        yield slice(start, min(start + thickness, shape[0]))


def slab_points(geometry: Geometry, slab: slice) -> np.ndarray:
    """Return the LPS points in mm of the voxel centres of a slab, (slices, J, I, 3) float64."""
    steps = geometry.voxel_to_physical.T  # rows: one voxel along I, J, K
    k = np.arange(slab.start, slab.stop)[:, None, None, None] * steps[2]
    j = np.arange(geometry.shape[1])[:, None, None] * steps[1]
    i = np.arange(geometry.shape[2])[:, None] * steps[0]
    return np.asarray(geometry.origin) + k + j + i


class MovingBody(ABC):
    """A body of which the position of every point is known at every phase of a cycle.

    Points are (..., 3) float64, LPS mm. A *material* point is the position of a piece of tissue at rest, that is, at
    the phase for which the body is drawn. A *spatial* point is its position at a phase, a number from 0 to 1.
    """

    name: str
    """Name of the body for the user."""

    @property
    @abstractmethod
    def cycle_ms(self) -> float:
        """Length of a cycle, ms."""

    @abstractmethod
    def forward(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the spatial points at `phase` of material points."""

    @abstractmethod
    def inverse(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the material points that lie at spatial points at `phase`: the inverse of `forward`."""

    @abstractmethod
    def material_jacobian(self, points_mm: np.ndarray, phase: float) -> np.ndarray:
        """Return the determinant of the derivative of `forward` at material points, (...), from a formula."""

    def region_of_interest(self, geometry: Geometry, phase: float) -> np.ndarray | None:
        """Return the voxels in which errors of a motion count, (K, J, I) bool; None for all voxels.

        Raises:
            InvalidInputError: the phase is not a number from 0 to 1.
        """
        return None

    def displacement(self, geometry: Geometry, from_phase: float, to_phase: float) -> np.ndarray:
        """Return the exact resampling field between two phases.

        For a voxel x of the frame at `to_phase`, x + displacement(x) is the position of its tissue at `from_phase`. So
        frame_to(x) = frame_from(x + displacement(x)) wherever the intensity moves with the tissue.

        Returns:
            (K, J, I, 3) float32, components (x, y, z) in LPS mm (computed in float64).

        Raises:
            InvalidInputError: a phase is not a number from 0 to 1.
        """
        field = np.empty((*geometry.shape, 3), np.float32)
        for slab in slabs(geometry.shape):
            points = slab_points(geometry, slab)
            field[slab] = self.forward(self.inverse(points, to_phase), from_phase) - points
        return field

    def jacobian_determinant(self, geometry: Geometry, from_phase: float, to_phase: float) -> np.ndarray:
        """Return the exact determinant of x -> x + displacement(x), (K, J, I) float32; 1 keeps volume.

        Raises:
            InvalidInputError: a phase is not a number from 0 to 1.
        """
        determinant = np.empty(geometry.shape, np.float32)
        for slab in slabs(geometry.shape):
            material = self.inverse(slab_points(geometry, slab), to_phase)
            determinant[slab] = self.material_jacobian(material, from_phase) / self.material_jacobian(
                material, to_phase
            )
        return determinant
