"""A volume: voxels and where they lie in the patient.

Arrays are (K, J, I) = (slice, row, column). Geometry is SimpleITK's: spacing and direction columns in (I, J, K)
order, physical space LPS in mm. A 2D image is a volume of one slice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

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

    def physical_point(self, index_kji: Iterable[float]) -> np.ndarray:
        """Return the LPS point in mm of a (fractional) voxel index (K, J, I)."""
        return np.asarray(self.origin) + self.voxel_to_physical @ np.asarray(list(index_kji), dtype=float)[::-1]

    def is_close(self, other: Geometry) -> bool:
        """Tell whether both grids have the same voxels at the same places, within a thousandth of a voxel."""
        if self.shape != other.shape:
            return False
        reach = GEOMETRY_TOLERANCE * min(self.spacing)
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], indexing="ij")).reshape(3, -1).T
        return all(
            np.linalg.norm(self.physical_point(c) - other.physical_point(c)) <= reach
            for c in corners
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels, (K, J, I), and their geometry.

    Raises:
        InvalidInputError: the array is not a (K, J, I) array of real numbers of the geometry's shape.
    """

    array: np.ndarray
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise InvalidInputError(
                f"The voxel array has shape {self.array.shape}, its geometry says {self.geometry.shape}."
            )
        if self.array.dtype.kind not in "iuf" or self.array.dtype.itemsize > 8:
            raise InvalidInputError(
                f"Voxels must be integers or real numbers of at most 64 bits, got {self.array.dtype}."
            )

    def with_array(self, array: np.ndarray) -> Volume:
        """Return a volume with other voxels at the same places."""
        return replace(self, array=array)

    def require_finite(self, name: str) -> None:
        """Raise InvalidInputError, naming the volume, if a voxel is NaN or infinite."""
        if self.array.dtype.kind == "f" and not np.isfinite(self.array).all():
            count = int((~np.isfinite(self.array)).sum())
            raise InvalidInputError(f"{name} has {count} voxels that are NaN or infinite; mask or replace them first.")


def require_same_geometry(first: Volume, other: Volume, first_name: str, other_name: str) -> None:
    """Raise InvalidInputError, naming both volumes, unless their voxels lie at the same places."""
    if not first.geometry.is_close(other.geometry):
        raise InvalidInputError(
            f"{first_name} and {other_name} do not lie on the same voxel grid: "
            f"{first.geometry} against {other.geometry}. Resample one onto the other first."
        )


def to_sitk(volume: Volume) -> sitk.Image:
    """Return the volume as a SimpleITK image (voxels are copied)."""
    native = volume.array.dtype.newbyteorder("=")
    image = sitk.GetImageFromArray(volume.array.astype(np.float32 if native == np.float16 else native, copy=False))
    image.SetSpacing(volume.geometry.spacing)
    image.SetOrigin(volume.geometry.origin)
    image.SetDirection(np.asarray(volume.geometry.direction).ravel().tolist())
    return image


def from_sitk(image: sitk.Image) -> Volume:
    """Return a 2D or 3D scalar SimpleITK image as a volume; a 2D image becomes one slice.

    Raises:
        InvalidInputError: the image is not scalar, or not 2D or 3D.
    """
    if image.GetNumberOfComponentsPerPixel() != 1 or image.GetDimension() not in (2, 3):
        raise InvalidInputError(
            f"Expected a scalar 2D or 3D image, got {image.GetDimension()}D with "
            f"{image.GetNumberOfComponentsPerPixel()} components per voxel."
        )
    if image.GetDimension() == 2:
        image = sitk.JoinSeries(image)
    geometry = Geometry(
        shape=image.GetSize()[::-1],
        spacing=image.GetSpacing(),
        origin=image.GetOrigin(),
        direction=tuple(map(tuple, np.reshape(image.GetDirection(), (3, 3)))),
    )
    return Volume(sitk.GetArrayFromImage(image), geometry)


def resample(volume: Volume, geometry: Geometry, *, linear: bool = True) -> Volume:
    """Return the volume on another grid, by linear or nearest interpolation; outside it is zero.

    The physical space is shared: a voxel of the result has the value found at its own LPS point, in the scalar type of
    the volume.
    """
    image = to_sitk(volume)
    reference = sitk.Image(geometry.shape[::-1], sitk.sitkUInt8)
    reference.SetSpacing(geometry.spacing)
    reference.SetOrigin(geometry.origin)
    reference.SetDirection(np.asarray(geometry.direction).ravel().tolist())
    interpolator = sitk.sitkLinear if linear else sitk.sitkNearestNeighbor
    scalar_type = sitk.sitkFloat64 if linear else image.GetPixelID()  # into integers, ITK cuts off instead of rounding
    resampled = from_sitk(sitk.Resample(image, reference, sitk.Transform(), interpolator, 0.0, scalar_type))
    return resampled.with_array(to_scalar_type(resampled.array, volume.array.dtype))


@dataclass(frozen=True)
class CropPad:
    """Voxels to add (positive) or cut (negative) before and after each axis, (K, J, I), and the way back.

    What lies where in the patient does not change.
    """

    before: tuple[int, int, int]
    after: tuple[int, int, int]

    @classmethod
    def to_shape(cls, shape: tuple[int, int, int], target: tuple[int, int, int]) -> CropPad:
        """Return the centred crop or pad from `shape` to `target`; an odd voxel goes after."""
        total = [wanted - have for have, wanted in zip(shape, target, strict=True)]
        before = tuple(int(np.trunc(n / 2)) for n in total)
        return cls(before, tuple(n - b for n, b in zip(total, before, strict=True)))

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


def to_scalar_type(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return real values in the scalar type of the source: rounded and clipped where that is an integer."""
    if dtype.kind == "f":
        return array.astype(dtype)
    limits = np.iinfo(dtype)
    rounded = np.rint(array)
    highest = rounded.dtype.type(limits.max)
    if float(highest) > limits.max:  # wide integers: the nearest real number is one too many and would wrap
        highest = np.nextafter(highest, rounded.dtype.type(0))
    return np.clip(rounded, limits.min, highest).astype(dtype)
