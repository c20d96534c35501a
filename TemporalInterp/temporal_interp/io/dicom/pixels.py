"""The stored pixels of a DICOM file, frame by frame."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813 - the name everybody uses
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import apply_color_lut, iter_pixels
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    SecondaryCaptureImageStorage,
)

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.dicom.deflated import opened
from temporal_interp.io.dicom.entries import entry, integer, text
from temporal_interp.io.dicom.headers import file_label
from temporal_interp.io.dicom.jpeg_header import is_whole_jpeg
from temporal_interp.io.luminance import luminance

_PIXEL_MODULE = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)

JPEG_SYNTAXES = (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes)


def decoded_frames(path: Path, frames: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield frames of a DICOM file, each (row, column), before rescaling; colour becomes luminance.

    Raises:
        UnreadableFileError: the file is cut short or damaged, or compressed in a way that nothing here decodes.
    """
    try:
        with path.open("rb") as file:
            plain = opened(file)
            is_deflated = plain is not file
            dataset = pydicom.dcmread(
                plain if is_deflated else path, force=True, defer_size=None if is_deflated else "1 MB"
            )
        is_complete = _completed(dataset)
        is_palette = text(dataset, "PhotometricInterpretation") == "PALETTE COLOR"
        shape = (dataset.Rows, dataset.Columns)
        many = (integer(dataset, "NumberOfFrames") or 1) > 1
        # from the disk, frames are in memory one by one
        for frame in _decoded(path if many and is_complete and not is_deflated else dataset, path, dataset, frames):
            array = apply_color_lut(frame, dataset) if is_palette else frame
            if array.shape == (*shape, 3):
                array = luminance(array)
            if array.shape != shape:
                raise ValueError(f"{shape} pixels were announced, they are {array.shape}")
            yield array
    except UnreadableFileError:
        raise
    except Exception as error:  # decoders raise whatever goes wrong on pixels that are damaged
        why = " ".join(str(error).split())
        raise UnreadableFileError(f"{file_label(path)}: its pixels are cut short or damaged ({why}).") from error


def _completed(dataset: pydicom.Dataset) -> bool:
    """Add what old files lack, the transfer syntax and the photometric interpretation; tell whether all was there."""
    missing = 0
    if not dataset.file_meta.get("TransferSyntaxUID"):
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        missing += 1
    for keyword, default in (("SamplesPerPixel", 1), ("PhotometricInterpretation", "MONOCHROME2")):
        if entry(dataset, keyword) is None:
            setattr(dataset, keyword, default)
            missing += 1
    return missing == 0


def _decoded(
    source: Path | pydicom.Dataset, path: Path, dataset: pydicom.Dataset, frames: Sequence[int]
) -> Iterator[np.ndarray]:
    done = 0
    try:
        for frame in iter_pixels(source, indices=frames):
            yield frame
            done += 1
        return
    except (NotImplementedError, RuntimeError):
        syntax = dataset.file_meta.TransferSyntaxUID
        if not syntax.is_compressed or "RLE" in syntax.name:  # pydicom decodes these; what it refuses is damaged
            raise
    yield from _decoded_by_simpleitk(path, dataset, frames[done:])


def _size(dataset: pydicom.Dataset) -> tuple[int, int, int]:
    """Return rows, columns and values of a pixel."""
    rows, columns, samples = (integer(dataset, name) or 0 for name in ("Rows", "Columns", "SamplesPerPixel"))
    return rows, columns, samples


def _decoded_by_simpleitk(path: Path, dataset: pydicom.Dataset, frames: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield frames whose compression pydicom cannot decode here, such as lossless JPEG.

    Each goes through a file of its own, without rescaling: SimpleITK rescales on reading, all frames like the first.
    """
    one = pydicom.Dataset()
    for keyword in _PIXEL_MODULE:
        if keyword in dataset:
            setattr(one, keyword, dataset[keyword].value)
    one.SOPClassUID, one.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    one.file_meta = pydicom.dataset.FileMetaDataset()
    one.file_meta.TransferSyntaxUID = syntax = dataset.file_meta.TransferSyntaxUID
    count = integer(dataset, "NumberOfFrames") or 1
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
        file = Path(folder) / "frame.dcm"
        for number in frames:
            stream = get_frame(dataset.PixelData, number, number_of_frames=count)
            if syntax in JPEG_SYNTAXES and not is_whole_jpeg(stream, *_size(dataset)):
                raise UnreadableFileError(
                    f"{file_label(path)}: its pixels are damaged (the header of the JPEG stream)."
                )
            one.PixelData = encapsulate([stream])
            one["PixelData"].is_undefined_length = True
            one.save_as(file, enforce_file_format=True)
            try:
                image = sitk.ReadImage(str(file))
            except RuntimeError as error:
                raise UnreadableFileError(
                    f"{file_label(path)}: its pixels ({one.file_meta.TransferSyntaxUID.name}) are damaged, or "
                    f"compressed in a way that is not supported."
                ) from error
            yield sitk.GetArrayFromImage(image)[0]
