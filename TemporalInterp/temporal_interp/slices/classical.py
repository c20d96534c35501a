"""Classical interpolation between slices, by SimpleITK: the baseline of slice synthesis."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.field_of_view import outside_as_nan
from temporal_interp.data.volume import Volume
from temporal_interp.slices.seen import filled_slices, seen_between
from temporal_interp.slices.slice_grid import closer_slices


class Classical(StrEnum):
    """Interpolation from neighbouring voxels alone."""

    NEAREST = "nearest"
    LINEAR = "linear"
    CUBIC = "cubic"
    SINC = "sinc"


_INTERPOLATORS = {
    Classical.NEAREST: sitk.sitkNearestNeighbor,
    Classical.LINEAR: sitk.sitkLinear,
    Classical.CUBIC: sitk.sitkBSpline,
    Classical.SINC: sitk.sitkLanczosWindowedSinc,
}


def interpolate_slices(volume: Volume, factor: int, method: Classical) -> Volume:
    """Return a float32 volume with factor - 1 slices between every two; NaN where neither slice is a number.

    Args:
        volume: of two slices or more.
        factor: how many times closer the slices become.
        method: nearest, linear, cubic B-spline, or sinc in a Lanczos window of five voxels.

    Example:
        >>> from temporal_interp.data.geometry import Geometry
        >>> volume = Volume(np.float32([[[0.0]], [[6.0]]]), Geometry((2, 1, 1)))
        >>> interpolate_slices(volume, 3, Classical.LINEAR).array.ravel().round(3).tolist()
        [0.0, 2.0, 4.0, 6.0]
    """
    # In voxels, not in mm, so that rounding of an oblique position cannot put a border voxel outside the image. Each
    # slice is one row: nothing is interpolated within slices, for which sinc in 3D would take ten times as long.
    array = filled_slices(volume).astype(np.float32)
    if method == Classical.CUBIC and len(array) == 2:
        # ITK mirrors once, which for two slices ends outside the image; a third that is the first mirrors the same
        array = array[[0, 1, 0]]
    image = sitk.GetImageFromArray(array.reshape(len(array), -1))
    geometry = closer_slices(volume.geometry, factor)
    size, step = (image.GetWidth(), geometry.shape[0]), (1.0, 1.0 / factor)
    identity = sitk.Transform(2, sitk.sitkIdentity)
    result = sitk.Resample(image, size, identity, _INTERPOLATORS[method], (0.0, 0.0), step)
    made = sitk.GetArrayFromImage(result).reshape(geometry.shape)
    return Volume(outside_as_nan(made, seen_between(volume, factor)), geometry)
