"""DICOM files of made-up images."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian


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
