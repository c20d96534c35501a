"""Where an image shows tissue, and how far it moves there: on arrays, without a scene."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the usual name

from temporal_interp.data.field_of_view import background
from temporal_interp.data.volume import Volume

ABOVE_BACKGROUND = 0.2
"""Place of the threshold between the background and Otsu's threshold: muscle is dark in many images, and counts (our
choice)."""

SURROUNDINGS = 2.0
"""Standard deviation, in voxels of the finest axis, of the Gaussian over the surroundings of a voxel. A fitted field is
known at points some four voxels apart, and between them only as their mean; wider ones pale the wall of a heart."""

HALF = 0.5
"""Voxels: axes along which the Gaussian is narrower are left out, so that slices far apart do not mix."""

KERNEL = 64
"""Voxels that the Gaussian may be wide."""

ACROSS = 14
"""Arrows or grid lines across the region that moves."""


def tissue_level(volume: Volume) -> float:
    """Return the intensity from which a voxel is tissue, for `tissue_of`; NaN where the image shows but one."""
    array = np.asarray(volume.array, np.float32)
    seen = array[np.isfinite(array)]
    if seen.size == 0 or seen.min() == seen.max():
        return float("nan")
    otsu = sitk.OtsuThresholdImageFilter()
    otsu.Execute(sitk.GetImageFromArray(seen.reshape(1, -1)))
    dark = background(volume)
    dark = dark if np.isfinite(dark) else float(seen.min())
    return dark + ABOVE_BACKGROUND * (otsu.GetThreshold() - dark)


def tissue_of(array: np.ndarray, level: float) -> np.ndarray:
    """Return where a frame, (K, J, I), shows tissue, as a mask of its shape; single bright voxels are none.

    All of it is tissue where `level` is NaN.
    """
    if np.isnan(level):
        return np.ones(array.shape, bool)
    image = sitk.GetImageFromArray(np.nan_to_num(np.asarray(array, np.float32), nan=-np.inf, neginf=level - 1))
    return sitk.GetArrayFromImage(sitk.Median(image, (1, 1, 0))) > level


def mean_of_tissue(values: np.ndarray, tissue: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Return the mean of the tissue around every voxel, (K, J, I) float32; the values themselves outside of tissue.

    Of Jacobian determinants it says how much of the other frame the tissue around a voxel takes as a whole.

    Args:
        values: (K, J, I).
        tissue: mask of the same shape; what is outside of it counts nowhere.
        spacing: of the voxels in mm, (x, y, z): the surroundings are round in mm.

    Example:
        >>> tissue = np.array([[[True, True, False]]])
        >>> mean_of_tissue(np.array([[[2.0, 2.0, 9.0]]]), tissue, (1.0, 1.0, 1.0)).tolist()
        [[[2.0, 2.0, 9.0]]]
    """
    widths = [SURROUNDINGS * min(spacing) / along for along in spacing]
    variance = [width**2 if width > HALF else 0.0 for width in widths]

    def spread(array: np.ndarray) -> np.ndarray:
        image = sitk.GetImageFromArray(array.astype(np.float32))
        return sitk.GetArrayFromImage(sitk.DiscreteGaussian(image, variance, KERNEL, 0.01, False))

    share = spread(tissue)
    mean = spread(np.where(tissue, values, 0)) / np.where(tissue, share, 1)
    return np.where(tissue, mean, values).astype(np.float32)


def spacing_across(region: np.ndarray, spacing: tuple[float, float, float]) -> float:
    """Return the distance of arrows in mm that puts about ACROSS of them across a region.

    Args:
        region: mask, (K, J, I); with nothing in it all of the grid is meant.
        spacing: of its voxels in mm, (x, y, z).
    """
    extents = []
    for axis, step in ((1, spacing[1]), (2, spacing[0])):
        there = np.flatnonzero(region.any(axis=tuple({0, 1, 2} - {axis})))
        # the middle of it: a few voxels that move elsewhere must not widen the region
        low, high = np.quantile(there, (0.05, 0.95)) if there.size else (0, region.shape[axis] - 1)
        extents.append((high - low + 1) * step)
    return max(round(2 * max(extents) / ACROSS) / 2, 1.0)
