"""Sequences without DICOM headers as Secondary Capture: one multi-frame file, of nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import (
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    generate_uid,
)
from pydicom.valuerep import DSfloat

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.marks import write_marks
from temporal_interp.io.dicom.writing.clip import put_frame_times
from temporal_interp.io.dicom.writing.frame_groups import group, put_dimensions, put_origin, put_place, put_summary
from temporal_interp.io.dicom.writing.header import LONGEST_TEXT, DerivedSeries, mark_derived, save
from temporal_interp.io.dicom.writing.origins import Origin
from temporal_interp.io.dicom.writing.stored import Storage, put_pixels

NOTE = (
    "The source has no DICOM headers: it was written as Secondary Capture, without patient and study, in a study of "
    "its own. Many programs take no geometry from such files."
)
"""What to tell the user."""


def capture_header() -> pydicom.Dataset:
    """Return the header of a Secondary Capture of nobody."""
    header = pydicom.Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.Modality, header.ConversionType = "OT", "WSD"
    header.StudyInstanceUID, header.FrameOfReferenceUID = generate_uid(None), generate_uid(None)
    for keyword in [
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "AccessionNumber",
        "ReferringPhysicianName",
        "PositionReferenceIndicator",
        "Manufacturer",
        "Laterality",
        "PatientOrientation",
    ]:
        setattr(header, keyword, "")
    return header


def write_capture(sequence: Sequence, plan: list[Origin], series: DerivedSeries, folder: Path) -> float:
    """Write the file of a sequence, frame by frame and each from slice to slice.

    The place of every frame is in functional groups, as in enhanced files. All voxels have one rescaling.

    Args:
        sequence: the frames.
        plan: where those to be written come from.
        series: made from a `capture_header`.
        folder: where to; it exists.

    Returns:
        The greatest difference of a stored voxel from the given one.

    Raises:
        InvalidInputError: a voxel is NaN or infinite.
    """
    header, made = series.first, any(origin.is_synthetic for origin in plan)
    array = np.concatenate([sequence.volumes[origin.number].array for origin in plan])
    values, storage, slope, intercept = _integers(array)
    is_byte = storage.allocated == 8
    header.SOPClassUID = (
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage
        if is_byte
        else MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    )
    series.unify(header)
    mark_derived(header, is_synthetic=made, words=NOTE)
    slices = sequence.geometry.shape[0]
    put_summary(header, plan, slices)
    header.DerivationDescription = header.get("ImageComments", NOTE)[:LONGEST_TEXT]
    header.ImageType = ["DERIVED", "SECONDARY"]
    # one slice in 8 bits may be a recording of a screen, with a name on it
    header.BurnedInAnnotation = "YES" if is_byte and slices == 1 else "NO"
    header.RecognizableVisualFeatures = "NO"
    header.InstanceNumber, header.NumberOfFrames = 1, len(array)
    header.PhotometricInterpretation, header.PresentationLUTShape = "MONOCHROME2", "IDENTITY"
    header.RescaleSlope, header.RescaleIntercept = (DSfloat(number, auto_format=True) for number in (slope, intercept))
    header.RescaleType = "US"
    header.FrameIncrementPointer = PER_FRAME_GROUPS
    if slices == 1:
        put_frame_times(header, [sequence.times[origin.number] for origin in plan], sequence.unit)
    put_dimensions(header)
    header.SharedFunctionalGroupsSequence = [_shared(sequence, slope, intercept)]
    header.PerFrameFunctionalGroupsSequence = [
        _frame(sequence, origin, position, k) for position, origin in enumerate(plan) for k in range(slices)
    ]
    put_pixels(header, values, storage, storage.bits)
    save(header, folder / "SYN00001.dcm")
    return float(np.abs(values * slope + intercept - array.astype(np.float64)).max())


def _integers(array: np.ndarray) -> tuple[np.ndarray, Storage, float, float]:
    """Return voxels as unsigned integers, how they are stored, and slope and intercept of their rescaling."""
    if not np.isfinite(array).all():
        raise InvalidInputError("a voxel is NaN or infinite, which the integers of DICOM cannot hold.")
    if array.dtype == np.uint8:
        return array, Storage(8, 8, False), 1.0, 0.0
    storage = Storage(16, 16, False)
    lowest, span = float(array.min()), float(array.max()) - float(array.min())
    if array.dtype.kind in "iu" and span <= storage.limits(16)[1]:
        intercept = min(lowest, 0.0) if float(array.max()) - min(lowest, 0.0) <= storage.limits(16)[1] else lowest
        return (array.astype(np.float64) - intercept).astype(np.uint16), storage, 1.0, intercept
    slope = span / storage.limits(16)[1] or 1.0
    return np.rint((array.astype(np.float64) - lowest) / slope).astype(np.uint16), storage, slope, lowest


def _shared(sequence: Sequence, slope: float, intercept: float) -> pydicom.Dataset:
    groups, geometry = pydicom.Dataset(), sequence.geometry
    measures = group(groups, "PixelMeasuresSequence")
    columns, rows, between = geometry.spacing
    measures.PixelSpacing = [DSfloat(rows, auto_format=True), DSfloat(columns, auto_format=True)]
    thickness = between if geometry.shape[0] == 1 else sequence.slice_thickness
    if thickness is not None:
        measures.SliceThickness = DSfloat(thickness, auto_format=True)
    measures.SpacingBetweenSlices = DSfloat(between, auto_format=True)
    axes = [value for column in (0, 1) for value in (row[column] for row in geometry.direction)]
    orientation = [DSfloat(value, auto_format=True) for value in axes]
    group(groups, "PlaneOrientationSequence").ImageOrientationPatient = orientation
    transformation = group(groups, "PixelValueTransformationSequence")
    transformation.RescaleSlope = DSfloat(slope, auto_format=True)
    transformation.RescaleIntercept = DSfloat(intercept, auto_format=True)
    transformation.RescaleType = "US"
    return groups


def _frame(sequence: Sequence, origin: Origin, position: int, k: int) -> pydicom.Dataset:
    frame, time = pydicom.Dataset(), sequence.times[origin.number]
    put_place(frame, position, k)
    corner = sequence.geometry.physical_point((k, 0, 0))
    group(frame, "PlanePositionSequence").ImagePositionPatient = [DSfloat(float(x), auto_format=True) for x in corner]
    if sequence.unit in SECONDS:
        offset = (time - sequence.times[0]) * SECONDS[sequence.unit]
        group(frame, "TemporalPositionSequence").TemporalPositionTimeOffset = offset
    put_origin(frame, origin)
    write_marks(frame, sequence, [origin.number])
    return frame


PER_FRAME_GROUPS = 0x52009230
"""Where frames are told apart that are not frames in time alone."""

SECONDS = {"ms": 1e-3, "s": 1.0}
"""Units of times, in seconds."""
