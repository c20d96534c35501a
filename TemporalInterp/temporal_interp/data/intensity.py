"""Intensities: the range that becomes [0, 1], and the way back to a scalar type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError

CONTRAST_FLOOR = 0.1
"""Percentile of the voxels that counts as the darkest where contrast matters and black does not."""


@dataclass(frozen=True)
class IntensityRange:
    """The intensities that become 0 and 1; one range serves a whole sequence, so that frames stay comparable.

    Raises:
        InvalidInputError: the range is empty or not finite (constant images have none).
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.high > self.low):
            raise InvalidInputError(
                f"An intensity range needs two rising finite numbers, got [{self.low}, {self.high}]."
            )

    @classmethod
    def of(
        cls, volumes: Iterable[Volume], *, lower_percentile: float | None = None, upper_percentile: float = 99.9
    ) -> IntensityRange:
        """Return the robust range of a sequence (our choice).

        Args:
            volumes: of the sequence.
            lower_percentile: what becomes 0, of all voxels: for finding motion, where an offset must not squeeze the
                contrast. None takes the lowest voxel, and zero where none is below: for scores and pictures, where
                black must stay black.
            upper_percentile: what becomes 1.

        Raises:
            InvalidInputError: every voxel is the same, or there is no volume.
        """
        arrays = [v.array.ravel() for v in volumes]
        if not arrays:
            raise InvalidInputError("An intensity range needs at least one volume.")
        values = np.concatenate(arrays)
        lowest, highest = float(values.min()), float(values.max())
        if lowest == highest:
            raise InvalidInputError(f"Every voxel is {lowest:g}: there is nothing to see in a constant image.")
        low = min(lowest, 0.0) if lower_percentile is None else float(np.percentile(values, lower_percentile))
        high = float(np.percentile(values, upper_percentile))
        return cls(low, high) if high > low else cls(lowest, highest)

    def normalise(self, array: np.ndarray) -> np.ndarray:
        """Return float32 with `low` at 0 and `high` at 1, clipped to [0, 1]."""
        return np.clip(self.scale(array), 0.0, 1.0)

    def scale(self, array: np.ndarray) -> np.ndarray:
        """Return float32 with `low` at 0 and `high` at 1; what lies beyond them lies beyond 0 and 1."""
        return (array.astype(np.float32) - np.float32(self.low)) / np.float32(self.high - self.low)
