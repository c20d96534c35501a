"""Small whole DICOM files of several kinds, to be damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedMRImageStorage,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
)

from dicom_files import dicom_image, dicom_pixels, write_dicom, write_dicom_stack

OF_A_SLICE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "TriggerTime")


def stack(folder: Path) -> Path:
    """Write two slices in three phases, a file each, and return their folder."""
    return write_dicom_stack(folder / "dicom", slices=2, phases=3)


def clip(folder: Path) -> Path:
    """Write an ultrasound clip of three frames with a calibrated region."""
    dataset = dicom_image(0, 0)
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 2, 3, 3
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    for entry in OF_A_SLICE:
        delattr(dataset, entry)
    dataset.PixelData = bytes(range(18))
    dataset.FrameTime, dataset.FrameIncrementPointer = 40, 0x00181063
    region = _item(RegionSpatialFormat=1, PhysicalUnitsXDirection=3, PhysicalUnitsYDirection=3)
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.05, 0.04
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 2, 1
    dataset.SequenceOfUltrasoundRegions = [region]
    write_dicom(dataset, folder / "clip.dcm")
    return folder / "clip.dcm"


def enhanced(folder: Path) -> Path:
    """Write an enhanced MR file of two slices in three phases."""
    dataset = dicom_image(0, 0)
    dataset.SOPClassUID = EnhancedMRImageStorage
    orientation = dataset.ImageOrientationPatient
    for entry in OF_A_SLICE:
        delattr(dataset, entry)
    places = [(number, phase) for number in range(2) for phase in range(3)]
    dataset.NumberOfFrames = len(places)
    dataset.PixelData = b"".join(dicom_pixels(*place).tobytes() for place in places)
    dataset.SharedFunctionalGroupsSequence = [
        _item(
            PlaneOrientationSequence=[_item(ImageOrientationPatient=orientation)],
            PixelMeasuresSequence=[_item(PixelSpacing=[1.5, 1.25], SliceThickness=6)],
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        _item(
            PlanePositionSequence=[_item(ImagePositionPatient=dicom_image(*place).ImagePositionPatient)],
            CardiacSynchronizationSequence=[_item(NominalCardiacTriggerDelayTime=40.0 * place[1])],
            FrameContentSequence=[_item(TemporalPositionIndex=place[1] + 1)],
        )
        for place in places
    ]
    write_dicom(dataset, folder / "enhanced.dcm")
    return folder / "enhanced.dcm"


def deflated(folder: Path) -> Path:
    """Write a stack whose headers are compressed."""
    return _stored(folder, lambda dataset: _as(dataset, DeflatedExplicitVRLittleEndian))


def implicit(folder: Path) -> Path:
    """Write a stack whose headers do not name types."""
    return _stored(folder, lambda dataset: _as(dataset, ImplicitVRLittleEndian))


def run_lengths(folder: Path) -> Path:
    """Write a stack with compressed pixels."""
    return _stored(folder, lambda dataset: dataset.compress(RLELossless, encoding_plugin="pydicom"))


def jpeg_ls(folder: Path) -> Path:
    """Write two files with pixels in JPEG-LS, of pydicom's own examples."""
    from pydicom.data import get_testdata_file

    (folder / "dicom").mkdir()
    for number in range(2):
        dataset = pydicom.dcmread(get_testdata_file("MR_small_jpeg_ls_lossless.dcm", download=False))
        assert dataset.file_meta.TransferSyntaxUID == JPEGLSLossless
        dataset.TriggerTime = 30.0 * number
        dataset.save_as(folder / "dicom" / f"{number}.dcm")
    return folder / "dicom"


def _item(**values: Any) -> pydicom.Dataset:
    dataset = pydicom.Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def _as(dataset: pydicom.Dataset, syntax: str) -> None:
    dataset.file_meta.TransferSyntaxUID = syntax


def _stored(folder: Path, change: Any) -> Path:
    """Write the stack, every file changed after it was read."""
    for path in sorted(stack(folder).rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path, implicit_vr=dataset.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian)
    return folder / "dicom"
