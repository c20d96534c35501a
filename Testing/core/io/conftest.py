"""Small sequences and small DICOM cines for the tests of reading and writing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import MRImageStorage

from dicom_files import write_dicom
from noise_sequences import OBLIQUE, assert_same_sequence, make_noise_sequence
from temporal_interp.data.sequence import Sequence


@pytest.fixture
def make_sequence() -> Callable[..., Sequence]:
    return make_noise_sequence


@pytest.fixture
def assert_same() -> Callable[[Sequence, Sequence], None]:
    return assert_same_sequence


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


@pytest.fixture
def save_dicom() -> Callable[[pydicom.Dataset, Path], None]:
    return write_dicom


@pytest.fixture
def make_image() -> Callable[[int, int], pydicom.Dataset]:
    return dicom_image


@pytest.fixture
def pixels_of() -> Callable[[int, int], np.ndarray]:
    return dicom_pixels


@pytest.fixture
def dicom_folder(tmp_path) -> Callable[..., Path]:
    """Function that writes a stack into a new folder, file names in no useful order; `edit` changes or drops images.

    `edit(dataset, slice_number, phase)` changes the image in place; where it returns False the image is not written.
    """

    def write(edit=lambda dataset, slice_number, phase: None, slices: int = 3, phases: int = 4, name="study") -> Path:
        folder = tmp_path / name
        for slice_number in range(slices):
            for phase in range(phases):
                dataset = dicom_image(slice_number, phase)
                if edit(dataset, slice_number, phase) is not False:
                    scrambled = (37 * (slice_number * phases + phase)) % 101
                    write_dicom(dataset, folder / f"Se{slice_number}" / f"{scrambled:03d}-{dataset.SOPInstanceUID}.dcm")
        return folder

    return write
