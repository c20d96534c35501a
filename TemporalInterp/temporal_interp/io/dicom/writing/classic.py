"""Derived series of single images: a file for every slice of every frame."""

from __future__ import annotations

from collections import abc
from pathlib import Path

import numpy as np
import pydicom
from pydicom.valuerep import DSfloat

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress
from temporal_interp.io.dicom.headers import SliceImage
from temporal_interp.io.dicom.marks import write_marks
from temporal_interp.io.dicom.writing.entry_times import CLASSIC, entry_at
from temporal_interp.io.dicom.writing.header import (
    DerivedSeries,
    mark_derived,
    read_source_header,
    save,
    without_acquisition,
)
from temporal_interp.io.dicom.writing.identity import Identity
from temporal_interp.io.dicom.writing.origins import Origin, coded, put_sources
from temporal_interp.io.dicom.writing.source import DicomSource
from temporal_interp.io.dicom.writing.stored import BITS_ALLOCATED, Storage, Stored, put_pixels, stored


def write_classic(
    sequence: Sequence,
    plan: list[Origin],
    source: DicomSource,
    identity: Identity,
    series: DerivedSeries,
    folder: Path,
    progress: Progress,
) -> float:
    """Write the files of a sequence, frame by frame and each from slice to slice, an order that all programs stack.

    Args:
        sequence: the frames.
        plan: where those to be written come from.
        source: images with a place in the patient, one a file.
        identity: what is done to their headers.
        series: what the files have in common.
        folder: where to; it exists.
        progress: receives the progress.

    Returns:
        The greatest difference of a stored voxel from the given one.
    """
    count, error = len(plan) * len(source.slices), 0.0
    for position, origin in enumerate(plan):
        for k, images in enumerate(source.slices):
            number = position * len(source.slices) + k + 1
            progress(number / count, f"image {number} of {count}")
            image = images[origin.phases[0]]
            header = read_source_header(image.path, identity)
            series.unify(header)
            _derive(header, sequence, origin, images, source, identity)
            header.InstanceNumber = number
            header.TemporalPositionIdentifier, header.NumberOfTemporalPositions = position + 1, len(plan)
            counts = {"CardiacNumberOfImages": len(plan), "NumberOfTimeSlices": len(plan), "ImageIndex": number}
            for keyword in counts.keys() & set(header.dir()):
                setattr(header, keyword, counts[keyword])
            pixels = stored_image(sequence.volumes[origin.number].array[k], image, [images[n] for n in origin.phases])
            put_pixels(header, pixels.values, storage_of(image), pixels.bits)
            _put_rescaling(header, pixels, image)
            error = max(error, pixels.error)
            save(header, folder / f"SYN{number:05d}.dcm")
    return error


def storage_of(image: SliceImage) -> Storage:
    """Return how the integers of a source image are stored; those of odd sizes become 16 bits."""
    allocated = image.allocated if image.allocated in BITS_ALLOCATED else 16
    return Storage(allocated, min(image.bits, allocated), image.signed)


def stored_image(voxels: np.ndarray, image: SliceImage, images: abc.Sequence[SliceImage]) -> Stored:
    """Return a slice of a frame as it is stored, by the rescaling of one of the images that it comes from."""
    return stored(voxels, storage_of(image), [(one.slope, one.intercept) for one in images])


def _derive(
    header: pydicom.Dataset,
    sequence: Sequence,
    origin: Origin,
    images: abc.Sequence[SliceImage],
    source: DicomSource,
    identity: Identity,
) -> None:
    """Say in a header how the image came about, and when in the cycle it is."""
    mark_derived(header, is_synthetic=origin.is_synthetic, words=origin.words)
    header.DerivationCodeSequence = [coded(origin.code)]
    instances = [source.instances[images[phase].path] for phase in origin.phases]
    put_sources(header, [(kind, identity.uid(uid), None) for kind, uid in instances])
    write_marks(header, sequence, [origin.number])
    if origin.is_synthetic:
        without_acquisition(header)
        for keyword in CLASSIC:
            value = entry_at(keyword, images, source, sequence.times[origin.number])
            if value is not None and keyword in header:
                setattr(header, keyword, DSfloat(value, auto_format=True) if _is_text(header, keyword) else value)


def _is_text(header: pydicom.Dataset, keyword: str) -> bool:
    return header[keyword].VR == "DS"


def _put_rescaling(header: pydicom.Dataset, pixels: Stored, image: SliceImage) -> None:
    """Write the rescaling where it is not that of the header."""
    if (pixels.slope, pixels.intercept) != (image.slope, image.intercept):
        header.RescaleSlope = DSfloat(pixels.slope, auto_format=True)
        header.RescaleIntercept = DSfloat(pixels.intercept, auto_format=True)
        header.pop("PixelPaddingValue", None)
        header.pop("PixelPaddingRangeLimit", None)
