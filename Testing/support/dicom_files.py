"""DICOM files of made-up images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from noise_sequences import OBLIQUE


def write_dicom(dataset: pydicom.Dataset, path: Path) -> None:
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def assert_is_the_stack(sequence, pixels_of, slices=3, phases=4):
    assert len(sequence) == phases
    for phase, volume in enumerate(sequence.volumes):
        expected = np.stack([pixels_of(number, phase) for number in range(slices)])
        np.testing.assert_array_equal(volume.array, expected)


def dicom_pixels(slice_number: int, phase: int) -> np.ndarray:
    """Pixels of 4 rows and 5 columns that tell which slice and phase they are of."""
    return (1000 * slice_number + 100 * phase + np.arange(20).reshape(4, 5)).astype(np.uint16)


def dicom_image(slice_number: int, phase: int) -> pydicom.Dataset:
    """An oblique MR image of a stack with one series per slice, 8 mm apart and 6 mm thick, a phase every 40 ms."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = f"1.2.3.{slice_number}.{phase}"
    dataset.StudyInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID = f"1.2.3.{slice_number}"
    dataset.SeriesNumber = 10 + slice_number
    dataset.SeriesDescription = "cine_sax"
    dataset.InstanceNumber = phase + 1
    dataset.TriggerTime = 40.0 * phase
    dataset.ImageOrientationPatient = [round(x, 9) for x in OBLIQUE.T[:2].ravel()]
    dataset.ImagePositionPatient = [round(x, 9) for x in [5.0, -7.0, 9.0] + 8.0 * slice_number * OBLIQUE[:, 2]]
    dataset.PixelSpacing = [1.5, 1.25]
    dataset.SliceThickness = 6
    dataset.Rows, dataset.Columns = 4, 5
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = dicom_pixels(slice_number, phase).tobytes()
    return dataset


def write_dicom_stack(
    folder: Path,
    edit: Callable[[pydicom.Dataset, int, int], object] = lambda dataset, slice_number, phase: None,
    slices: int = 3,
    phases: int = 4,
) -> Path:
    """Write a stack into a folder, file names in no useful order, and return the folder; see `dicom_folder`."""
    for slice_number in range(slices):
        for phase in range(phases):
            dataset = dicom_image(slice_number, phase)
            if edit(dataset, slice_number, phase) is not False:
                scrambled = (37 * (slice_number * phases + phase)) % 101
                write_dicom(dataset, folder / f"Se{slice_number}" / f"{scrambled:03d}-{dataset.SOPInstanceUID}.dcm")
    return folder
