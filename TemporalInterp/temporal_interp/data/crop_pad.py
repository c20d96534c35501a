"""Crops and pads volumes, and puts voxels back where they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class CropPad:
    """Voxels to add (positive) or cut (negative) before and after each axis, (K, J, I); it can be undone.

    The place of the voxels in the patient does not change.
    """

    before: tuple[int, int, int]
    after: tuple[int, int, int]

    @classmethod
    def to_shape(cls, shape: tuple[int, int, int], target: tuple[int, int, int]) -> CropPad:
        """Return the centred crop or pad from `shape` to `target`; an odd voxel goes after."""
        total = [wanted - have for have, wanted in zip(shape, target, strict=True)]
        k, j, i = (int(np.trunc(n / 2)) for n in total)
        return cls((k, j, i), (total[0] - k, total[1] - j, total[2] - i))

    @classmethod
    def to_box(cls, shape: tuple[int, int, int], box: tuple[slice, slice, slice]) -> CropPad:
        """Return the crop of `shape` to a box of slices with explicit start and stop."""
        return cls(
            tuple(-s.start for s in box), tuple(s.stop - n for s, n in zip(box, shape, strict=True))
        )  # fmt: skip

    def _cut_and_grow(self) -> tuple[tuple[slice, ...], tuple[tuple[int, int], ...]]:
        cut = tuple(
            slice(max(0, -b), -max(0, -a) or None) for b, a in zip(self.before, self.after, strict=True)
        )  # fmt: skip
        grow = tuple((max(0, b), max(0, a)) for b, a in zip(self.before, self.after, strict=True))
        return cut, grow

    def apply(self, volume: Volume, *, value: float = 0) -> Volume:
        """Return the cropped or padded volume; added voxels are `value`."""
        cut, grow = self._cut_and_grow()
        array = np.pad(volume.array[cut], grow, constant_values=value)
        old = volume.geometry
        origin = old.physical_point([-b for b in self.before])
        return Volume(array, replace(old, shape=array.shape, origin=tuple(origin)))

    def undo(self, volume: Volume, original: Volume) -> Volume:
        """Return `original` with the voxels of `volume` put back where they came from.

        Exact: `undo(apply(v), v)` equals v. What `apply` had cut off is taken from `original`.
        """
        cut, grow = self._cut_and_grow()
        shape = tuple(n + b + a for n, b, a in zip(original.array.shape, self.before, self.after, strict=True))
        if volume.array.shape != shape:
            raise InvalidInputError(f"Expected a volume of shape {shape} to put back, got {volume.array.shape}.")
        inner = tuple(slice(b, n - a) for (b, a), n in zip(grow, volume.array.shape, strict=True))
        array = original.array.astype(volume.array.dtype, copy=True)
        array[cut] = volume.array[inner]
        return original.with_array(array)
