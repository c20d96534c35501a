"""The voxels of a stack of DICOM images: decoded file by file into one array, and rescaled."""

from __future__ import annotations

from collections import abc
from pathlib import Path

import numpy as np

from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.errors import InvalidInputError, OutOfMemoryError, Progress
from temporal_interp.io.dicom.entries import odd_values_accepted
from temporal_interp.io.dicom.headers import SliceImage, file_label
from temporal_interp.io.dicom.pixels import decoded_frames

GREATEST_VOXEL = 1e18
"""What is greater is a mistake in the header; its square would not fit into 32 bits."""

REPORTED = 100
"""Files from one report of progress to the next."""


def voxels(slices: abc.Sequence[abc.Sequence[SliceImage]], progress: Progress) -> np.ndarray:
    """Return the rescaled voxels, (phase, slice, row, column), of images in slices and in order of their phase.

    No more than the array and the pixels of one image are in memory, or of one file if it is a classic one.

    Raises:
        UnreadableFileError: the pixels of a file are damaged.
        InvalidInputError: the rescaling leaves the range of real numbers.
        OutOfMemoryError: the voxels do not fit into the memory.
    """
    files: dict[Path, list[tuple[int, int, SliceImage]]] = {}
    for k, images in enumerate(slices):
        for phase, image in enumerate(images):
            files.setdefault(image.path, []).append((phase, k, image))
    images = [image for row in slices for image in row]
    with odd_values_accepted():
        array = _empty((len(slices[0]), len(slices), *images[0].shape), _voxel_type(images))
        for number, path in enumerate(sorted(files)):
            if number % REPORTED == REPORTED - 1:
                progress(number / len(files), f"pixels of file {number} of {len(files)}")
            places = sorted(files[path], key=lambda place: place[2].frame)
            frames = decoded_frames(path, [image.frame for _, _, image in places])
            for (phase, k, image), stored in zip(places, frames, strict=True):
                array[phase, k] = _rescaled(stored, image, array.dtype)
    return array


def _empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError) as error:
        size = " x ".join(map(str, shape))
        raise OutOfMemoryError(f"there is not enough memory for {size} voxels (frame, slice, row, column).") from error


def _is_rescaled(image: SliceImage) -> bool:
    return (image.slope, image.intercept) != (1, 0)


def _rescaled(stored: np.ndarray, image: SliceImage, dtype: np.dtype) -> np.ndarray:
    if not _is_rescaled(image):
        return stored.astype(dtype, copy=False)
    return to_scalar_type(stored * image.slope + image.intercept, dtype)


def _voxel_type(images: abc.Sequence[SliceImage]) -> np.dtype:
    """Return the stored type where nothing is rescaled, else the smallest integer that holds every value, else float32.

    It depends on what the headers allow, not on the values that happen to be there.
    """
    limits = [image.slope * value + image.intercept for image in images for value in image.stored_limits]
    if max(map(abs, limits)) > GREATEST_VOXEL:
        odd = max(images, key=lambda image: abs(image.slope) + abs(image.intercept))
        raise InvalidInputError(
            f"{file_label(odd.path)}: RescaleSlope {odd.slope:g} and RescaleIntercept {odd.intercept:g} make voxels of "
            f"up to {max(map(abs, limits)):.0e}; correct them, or take the file out of the folder."
        )
    if not any(map(_is_rescaled, images)):
        kinds = {(image.allocated, image.signed): image for image in reversed(images)}.values()
        return np.result_type(*(next(decoded_frames(image.path, [image.frame])).dtype for image in kinds))
    if not all(image.slope.is_integer() and image.intercept.is_integer() for image in images):
        return np.dtype(np.float32)
    for integer in (np.int16, np.uint16, np.int32):
        if np.iinfo(integer).min <= min(limits) and max(limits) <= np.iinfo(integer).max:
            return np.dtype(integer)
    return np.dtype(np.float32)
