"""Masks, which select a part of an image, from a label volume or a segmentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume, from_sitk, resample
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.files import require_exists
from temporal_interp.io.guard import reading
from temporal_interp.io.images import read_image
from temporal_interp.io.metaimage_header import is_metaimage
from temporal_interp.io.nifti import is_nifti, read_nifti
from temporal_interp.io.nrrd_file import is_nrrd
from temporal_interp.io.seq_nrrd import read_layers


def read_mask(path: Path | str, geometry: Geometry) -> np.ndarray:
    """Return where a label volume or segmentation is not zero, on a given voxel grid.

    Args:
        path: a .nrrd, .nii.gz, .nii or .mha file of labels, or a .seg.nrrd of 3D Slicer, of which all segments count,
            also those that overlap and are kept in layers.
        geometry: the grid of the result. A mask on another one is resampled to the nearest voxel by its place in the
            patient, and is False outside its own extent.

    Returns:
        (K, J, I) bool with at least one True.

    Raises:
        UnreadableFileError: there is no such file, or it is damaged.
        InvalidInputError: it is not one 2D or 3D volume, has NaN, or marks nothing on that grid.

    Example:
        >>> import tempfile
        >>> from temporal_interp.io import write_volume
        >>> grid = Geometry((1, 2, 3))
        >>> path = Path(tempfile.mkdtemp()) / "labels.nrrd"
        >>> write_volume(Volume(np.array([[[0, 2, 0], [0, 1, 1]]], np.uint8), grid), path)
        >>> int(read_mask(path, grid).sum())
        3
    """
    path = Path(path)
    with reading(path):
        mask = _any_label(path)
        if not mask.array.any():
            raise InvalidInputError("the mask is empty: no voxel of it is other than zero.")
        if not mask.geometry.is_close(geometry):
            mask = resample(mask, geometry, linear=False)
        if not mask.array.any():
            raise InvalidInputError(
                "the mask lies outside of the images: it marks none of their voxels. Draw it on these images."
            )
        return mask.array != 0


def _any_label(path: Path) -> Volume:
    """Return a uint8 volume that is 1 where any layer is not zero."""
    layers = _layers(path)
    for layer in layers:
        layer.require_finite("The mask")
    return layers[0].with_array(np.any([layer.array != 0 for layer in layers], axis=0).astype(np.uint8))


def _layers(path: Path) -> list[Volume]:
    """Return the volumes of a file that mark together: of a label volume one, of a segmentation or a picture several.

    Raises:
        InvalidInputError: the volumes are frames.
    """
    require_exists(path)
    if is_nifti(path):
        volumes = list(read_nifti(path).volumes)
        if len(volumes) > 1:
            raise InvalidInputError(f"a mask is one volume, this file has {len(volumes)} frames.")
        return volumes
    if is_nrrd(path):
        return read_layers(path)
    image = read_image(path, "MetaImageIO" if is_metaimage(path) else "")
    if image.GetDimension() not in (2, 3):
        raise InvalidInputError(f"a mask is one 2D or 3D volume, this file has {image.GetDimension()} dimensions.")
    count = image.GetNumberOfComponentsPerPixel()
    return [from_sitk(sitk.VectorIndexSelectionCast(image, layer) if count > 1 else image) for layer in range(count)]
