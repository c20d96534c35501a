"""DICOM files of made-up images."""

from pathlib import Path

import pydicom
from pydicom.uid import ExplicitVRLittleEndian


def write_dicom(dataset: pydicom.Dataset, path: Path) -> None:
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
