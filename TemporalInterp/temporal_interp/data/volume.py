"""A volume: voxels and where they lie in the patient.

Arrays are (K, J, I) = (slice, row, column). Geometry is SimpleITK's: spacing and direction columns in (I, J, K)
order, physical space LPS in mm. A 2D image is a volume of one slice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from temporal_interp.data.field_of_view import background
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.errors import InvalidInputError

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813 - the name everybody uses


@dataclass(frozen=True, eq=False, repr=False)
class Volume:
    """Voxels, (K, J, I), and their geometry.

    Raises:
        InvalidInputError: the array is not a (K, J, I) array of real numbers of the geometry's shape.

    Example:
        >>> volume = Volume(np.zeros((1, 4, 5), np.int16), Geometry((1, 4, 5), spacing=(1.5, 1.5, 8.0)))
        >>> volume
        <Volume: 1 x 4 x 5 (K, J, I), 1.5 x 1.5 x 8 mm (I, J, K), int16>
        >>> volume.affine.diagonal().tolist()
        [1.5, 1.5, 8.0, 1.0]
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

    def __repr__(self) -> str:
        size = " x ".join(str(n) for n in self.geometry.shape)
        spacing = " x ".join(f"{s:g}" for s in self.geometry.spacing)
        return f"<Volume: {size} (K, J, I), {spacing} mm (I, J, K), {self.array.dtype}>"

    @property
    def affine(self) -> np.ndarray:
        """4 x 4 matrix that takes a voxel index (I, J, K, 1) to LPS mm, see `Geometry.affine`."""
        return self.geometry.affine

    def with_array(self, array: np.ndarray) -> Volume:
        """Return a volume with other voxels at the same places."""
        return replace(self, array=array)

    @property
    def is_finite(self) -> bool:
        """Whether no voxel is NaN or infinite."""
        return self.array.dtype.kind != "f" or bool(np.isfinite(self.array).all())

    def require_finite(self, name: str) -> None:
        """Raise InvalidInputError, naming the volume, if a voxel is NaN or infinite."""
        if not self.is_finite:
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
    import SimpleITK as sitk  # noqa: N813 - takes a while to import

    native = volume.array.dtype.newbyteorder("=")
    image = sitk.GetImageFromArray(volume.array.astype(np.float32 if native == np.float16 else native, copy=False))
    return put_on_grid(image, volume.geometry)


def put_on_grid(image: sitk.Image, geometry: Geometry) -> sitk.Image:
    """Return the image, whose voxels now lie on a grid of its own shape."""
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(np.asarray(geometry.direction).ravel().tolist())
    return image


def from_sitk(image: sitk.Image) -> Volume:
    """Return a 2D or 3D scalar SimpleITK image as a volume; a 2D image becomes one slice.

    Raises:
        InvalidInputError: the image is not scalar, or not 2D or 3D.
    """
    import SimpleITK as sitk  # noqa: N813 - takes a while to import

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


def resample(
    volume: Volume, geometry: Geometry, *, linear: bool = True, transform: sitk.Transform | None = None
) -> Volume:
    """Return the volume on another grid, by linear or nearest interpolation.

    The physical space is shared: a voxel of the result has the value found at its own LPS point, in the scalar type of
    the volume. Outside of it are its own background, see `field_of_view.background`, and zero around labels, which are
    not interpolated. A transform of points in LPS mm says where in the volume the place of a voxel lies.
    """
    import SimpleITK as sitk  # noqa: N813 - takes a while to import

    image = to_sitk(volume)
    reference = put_on_grid(sitk.Image(geometry.shape[::-1], sitk.sitkUInt8), geometry)
    interpolator = sitk.sitkLinear if linear else sitk.sitkNearestNeighbor
    scalar_type = sitk.sitkFloat64 if linear else image.GetPixelID()  # into integers, ITK cuts off instead of rounding
    outside = background(volume) if linear else 0.0
    moved = sitk.Transform() if transform is None else transform
    resampled = from_sitk(sitk.Resample(image, reference, moved, interpolator, outside, scalar_type))
    return resampled.with_array(to_scalar_type(resampled.array, volume.array.dtype))
