"""Slices between slices by registration: each is registered to the next, and both are moved to the place between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from temporal_interp.data.field_of_view import outside_as_nan
from temporal_interp.data.volume import Volume
from temporal_interp.errors import Progress
from temporal_interp.evaluation.pairwise_methods import PairRegistration
from temporal_interp.slices.seen import filled_slices, seen_between
from temporal_interp.slices.slice_grid import closer_slices


@dataclass(frozen=True)
class RegisteredSlices:
    """A registration of neighbouring slices, both ways; the slices are moved by a share of the motion, and blended.

    Attributes:
        name: in tables.
        register: registers two slices.
    """

    name: str
    register: PairRegistration

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two, float32."""
        geometry = closer_slices(given.geometry, factor)
        voxels = filled_slices(given).astype(np.float32)
        made = np.empty(geometry.shape, np.float32)
        made[::factor] = voxels
        for gap in range(len(voxels) - 1):
            progress(gap / (len(voxels) - 1), f"{self.name}: slices {gap} and {gap + 1}")
            first, last = voxels[gap], voxels[gap + 1]
            to_last, to_first = self._way(last, first, given), self._way(first, last, given)
            for step in range(1, factor):
                t = step / factor
                moved = _moved(first, t * to_last), _moved(last, (1 - t) * to_first)
                made[gap * factor + step] = (1 - t) * moved[0] + t * moved[1]
        return Volume(outside_as_nan(made, seen_between(given, factor)), geometry)

    def _way(self, fixed: np.ndarray, moving: np.ndarray, given: Volume) -> np.ndarray:
        """Return what resamples one slice into the other, (2, J, I) in voxels along J and I."""
        if not np.ptp(fixed) or not np.ptp(moving):
            return np.zeros((2, *fixed.shape))
        spacing = given.geometry.spacing[:2]
        return np.moveaxis(self.register(fixed, moving, spacing, None) / spacing, -1, 0)[::-1]


def _moved(image: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    return map_coordinates(image, np.indices(image.shape) + displacement, order=1, mode="nearest")
