"""Labels carried along by a registration, and how well they overlap afterwards."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume, from_sitk, put_on_grid, to_sitk
from temporal_interp.errors import InvalidInputError


def warp_labels(
    labels: Volume,
    geometry: Geometry,
    displacement: np.ndarray | None = None,
    *,
    before: sitk.Transform | None = None,
    linear: bool = False,
) -> Volume:
    """Return labels on another grid: result(x) = labels(A(x + displacement(x))), in their own scalar type.

    Args:
        labels: whole numbers, on any grid in the same physical space; 0 is the background and lies around them.
        geometry: of the result.
        displacement: (K, J, I, 3), a resampling field in LPS mm on that grid; nothing moves if None.
        before: A, a transform of points in LPS mm that brought the labels close before the field was found, such as an
            affine one; none if None.
        linear: interpolate every label for itself and take the strongest, which gives smoother borders; else take the
            nearest voxel.

    Raises:
        InvalidInputError: the field does not lie on the grid.

    Example:
        >>> labels = Volume(np.array([[[0, 7, 0, 0]]], np.int16), Geometry((1, 1, 4)))
        >>> field = np.zeros((1, 1, 4, 3), np.float32)
        >>> field[..., 0] = -1.0
        >>> warp_labels(labels, labels.geometry, field).array.tolist()
        [[[0, 0, 7, 0]]]
    """
    transforms: list[sitk.Transform] = [] if before is None else [before]
    if displacement is not None:
        transforms.append(_field_transform(displacement, geometry))
    reference = put_on_grid(sitk.Image(geometry.shape[::-1], sitk.sitkUInt8), geometry)
    interpolator = sitk.sitkLabelLinear if linear else sitk.sitkNearestNeighbor
    image = to_sitk(labels)
    # of a composite transform, the last part is applied first
    moved = sitk.Resample(image, reference, sitk.CompositeTransform(transforms or [sitk.Transform()]), interpolator, 0)
    return Volume(from_sitk(moved).array.astype(labels.array.dtype, copy=False), geometry)


def _field_transform(displacement: np.ndarray, geometry: Geometry) -> sitk.Transform:
    if displacement.shape != (*geometry.shape, 3):
        raise InvalidInputError(
            f"warp_labels() needs a field of shape {(*geometry.shape, 3)}, the grid's voxels with three components, "
            f"got {displacement.shape}."
        )
    field = put_on_grid(sitk.GetImageFromArray(displacement.astype(np.float64), isVector=True), geometry)
    return sitk.DisplacementFieldTransform(field)


def dice(reference: np.ndarray, warped: np.ndarray) -> dict[int, float]:
    """Return the Dice score of every label of the reference, 2 |A and B| / (|A| + |B|), by label.

    The background, 0, is not scored, and a label of `warped` alone is not looked at. A label that `warped` lacks has 0.

    Args:
        reference: whole numbers from 0.
        warped: likewise, of the same shape.

    Raises:
        InvalidInputError: the shapes differ, or the reference has no label.

    Example:
        >>> dice(np.array([0, 1, 1, 2]), np.array([1, 1, 0, 2]))
        {1: 0.5, 2: 1.0}
    """
    if reference.shape != warped.shape:
        raise InvalidInputError(f"Label maps of {reference.shape} and {warped.shape} voxels cannot be compared.")
    there, here, common = (_sizes(array) for array in (reference, warped, reference[reference == warped]))
    if not there.keys() - {0}:
        raise InvalidInputError("The label map is empty: every voxel is 0, so there is nothing to score.")
    return {
        label: 2 * common.get(label, 0) / (size + here.get(label, 0)) for label, size in there.items() if label != 0
    }


def mean_dice(scores: Mapping[int, float]) -> float:
    """Return the mean over labels, each of which counts the same."""
    return float(np.mean(list(scores.values())))


def _sizes(labels: np.ndarray) -> dict[int, int]:
    found, counts = np.unique(labels, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
