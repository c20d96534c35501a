"""Small sequences and small DICOM cines for the tests of reading and writing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_files import dicom_image, dicom_pixels, write_dicom, write_dicom_stack
from noise_sequences import assert_same_sequence, make_noise_sequence
from temporal_interp.data.sequence import Sequence


@pytest.fixture
def make_sequence() -> Callable[..., Sequence]:
    return make_noise_sequence


@pytest.fixture
def assert_same() -> Callable[[Sequence, Sequence], None]:
    return assert_same_sequence


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
        return write_dicom_stack(tmp_path / name, edit, slices, phases)

    return write
