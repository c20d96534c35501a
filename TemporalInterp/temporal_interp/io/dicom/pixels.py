"""The stored pixels of a DICOM file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813 - the name everybody uses
from pydicom.pixels import apply_color_lut

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.dicom.headers import file_label
from temporal_interp.io.luminance import luminance


def stored_pixels(path: Path) -> np.ndarray:
    """Return the pixels of a DICOM file, (frame, row, column), before rescaling; colour becomes luminance.

    Raises:
        UnreadableFileError: the file is cut short or damaged, or compressed in a way that nothing here decodes.
    """
    dataset = pydicom.dcmread(path, force=True)
    frames = int(dataset.get("NumberOfFrames") or 1)
    try:
        array = dataset.pixel_array
    except (NotImplementedError, RuntimeError):
        array = _decoded_by_simpleitk(path, dataset)
    except (ValueError, AttributeError, KeyError, TypeError, EOFError, OSError) as error:
        raise UnreadableFileError(f"{file_label(path)}: its pixels are cut short or damaged ({error}).") from error
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        array = apply_color_lut(array, dataset)
    shape = (frames, dataset.Rows, dataset.Columns)
    if array.size == 3 * np.prod(shape):
        array = luminance(array)
    if array.size != np.prod(shape):
        raise UnreadableFileError(f"{file_label(path)}: {frames} frames were announced, its pixels are {array.shape}.")
    return array.reshape(shape)


def _decoded_by_simpleitk(path: Path, dataset: pydicom.Dataset) -> np.ndarray:
    """Return the stored pixels of a file whose compression pydicom cannot decode here, such as lossless JPEG.

    SimpleITK rescales on reading, which is undone here.
    """
    name = dataset.file_meta.TransferSyntaxUID.name
    try:
        array = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError as error:
        raise UnreadableFileError(
            f"{file_label(path)}: its pixels ({name}) are damaged, or compressed in a way that is not supported."
        ) from error
    if "PerFrameFunctionalGroupsSequence" in dataset:  # SimpleITK scales all frames like the first
        raise UnreadableFileError(
            f"{file_label(path)}: the compression {name} is not supported here; decompress it with gdcmconv --raw."
        )
    slope, intercept = float(dataset.get("RescaleSlope") or 1), float(dataset.get("RescaleIntercept") or 0)
    return array if (slope, intercept) == (1, 0) else np.rint((array - intercept) / slope).astype(int)
