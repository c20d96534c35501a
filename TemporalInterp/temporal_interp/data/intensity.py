"""Intensities: the range that becomes [0, 1], and the voxels of a sequence scaled to it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from temporal_interp.data.field_of_view import Filling, field_of_view, outside_as_nan
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError

CONTRAST_FLOOR = 0.1
"""Percentile of the voxels that counts as the darkest where contrast matters and black does not."""

SMALLEST, LARGEST = 1e-34, 1e32
"""The smallest range and the largest value whose differences and products with weights float32 still holds."""

SAMPLED_VOXELS = 2**25
"""Voxels of a sequence, evenly spread, that its percentiles are taken of: more would hardly change them."""

KEPT_BYTES = 2**28
"""Scaled voxels that are kept at a time; those of the two frames asked for last are kept however large they are."""


@dataclass(frozen=True)
class IntensityRange:
    """The intensities that become 0 and 1; one range serves a whole sequence, so that frames stay comparable.

    Raises:
        InvalidInputError: the range is empty or not finite (constant images have none), or beyond single precision.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.high > self.low):
            raise InvalidInputError(
                f"An intensity range needs two rising finite numbers, got [{self.low}, {self.high}]."
            )
        if self.high - self.low < SMALLEST or max(-self.low, self.high) > LARGEST:
            raise InvalidInputError(
                f"The intensities go from {self.low:.3g} to {self.high:.3g}; the program computes in single precision, "
                f"with ranges from {SMALLEST:g} and values up to {LARGEST:g}. Scale the images first."
            )

    @classmethod
    def of(
        cls, volumes: Iterable[Volume], *, lower_percentile: float | None = None, upper_percentile: float = 99.9
    ) -> IntensityRange:
        """Return the robust range of a sequence, for scores and pictures, where black must stay black (our choice).

        Args:
            volumes: of the sequence; voxels that are NaN or infinite do not count.
            lower_percentile: what becomes 0, of all voxels. None takes the lowest voxel, and zero where none is below.
            upper_percentile: what becomes 1.

        Raises:
            InvalidInputError: every voxel is the same, or there is no volume.
        """
        arrays = [_finite(v.array) for v in volumes]
        if not any(a.size for a in arrays):
            raise InvalidInputError("An intensity range needs a volume with voxels that are neither NaN nor infinite.")
        lowest = float(min(a.min() for a in arrays if a.size))
        highest = float(max(a.max() for a in arrays if a.size))
        if lowest == highest:
            raise InvalidInputError(f"Every voxel is {lowest:g}: there is nothing to see in a constant image.")
        step = -(-sum(a.size for a in arrays) // SAMPLED_VOXELS)
        values = np.concatenate([a.ravel()[::step] for a in arrays])
        low = min(lowest, 0.0) if lower_percentile is None else float(np.percentile(values, lower_percentile))
        high = float(np.percentile(values, upper_percentile))
        return cls(low, high) if high > low else cls(lowest, highest)

    @classmethod
    def of_contrast(cls, volumes: Iterable[Volume]) -> IntensityRange:
        """Return the robust range for finding motion, where an offset must not squeeze the contrast (our choice).

        Raises:
            InvalidInputError: every voxel is the same, or there is no volume.
        """
        return cls.of(volumes, lower_percentile=CONTRAST_FLOOR)

    def normalise(self, array: np.ndarray) -> np.ndarray:
        """Return float32 with `low` at 0 and `high` at 1, clipped to [0, 1]; what is not a number becomes NaN."""
        return outside_as_nan(np.clip(self.scale(array), 0.0, 1.0), field_of_view(array))

    def scale(self, array: np.ndarray) -> np.ndarray:
        """Return float32 with `low` at 0 and `high` at 1; what lies beyond them lies beyond 0 and 1."""
        return (array.astype(np.float32) - np.float32(self.low)) / np.float32(self.high - self.low)

    def centre(self, array: np.ndarray) -> np.ndarray:
        """Return float32 with `low` at 0, in the unit of the array.

        float32 holds contrasts well, but not on top of a large offset.
        """
        return (array - np.float64(self.low)).astype(np.float32)


class ScaledVoxels:
    """The voxels of the frames of a sequence, scaled by its intensity range; computed on first use and kept.

    Args:
        volumes: the frames that the range is taken of, or the range itself.
    """

    def __init__(self, volumes: Sequence[Volume] | IntensityRange) -> None:
        self._source = volumes
        self._range = volumes if isinstance(volumes, IntensityRange) else None
        self._kept: OrderedDict[tuple[str, int], tuple[Volume, np.ndarray]] = OrderedDict()
        self._fill = Filling()
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, object]:
        """Leave out what can be made again: another process gets the range, or what it is taken of."""
        return {"volumes": self._source if self._range is None else self._range}

    def __setstate__(self, state: dict[str, Sequence[Volume] | IntensityRange]) -> None:
        ScaledVoxels.__init__(self, state["volumes"])

    @property
    def range(self) -> IntensityRange:
        """The range for finding motion, `IntensityRange.of_contrast`, or the one that was given.

        Raises:
            InvalidInputError: every voxel of every frame is the same.
        """
        with self._lock:
            if self._range is None:
                assert not isinstance(self._source, IntensityRange)
                self._range = IntensityRange.of_contrast(self._source)
            return self._range

    def normalised(self, volume: Volume) -> np.ndarray:
        """Return the voxels of a frame, (K, J, I) float32, scaled and clipped to [0, 1]; not to be written to.

        What the frame does not show is filled, see `field_of_view`.
        """
        return self._made("normalised", volume, self.range.normalise)

    def centred(self, volume: Volume) -> np.ndarray:
        """Return the voxels of a frame, (K, J, I) float32, `range.low` at 0, filled likewise; not to be written to."""
        return self._made("centred", volume, self.range.centre)

    def _made(self, kind: str, volume: Volume, make: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        with self._lock:
            key = (kind, id(volume))
            if key not in self._kept:
                array = make(self._fill(volume))
                array.flags.writeable = False
                self._kept[key] = (volume, array)  # the volume is kept, too, so that its id stays its own
            self._kept.move_to_end(key)
            while len(self._kept) > 4 and sum(a.nbytes for _, a in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)
            return self._kept[key][1]


def _finite(array: np.ndarray) -> np.ndarray:
    """Return the voxels that are neither NaN nor infinite: the array itself where all are."""
    seen = field_of_view(array)
    return array if seen is None else array[seen]
