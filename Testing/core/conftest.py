"""Small data sets in the layout in which they are distributed."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom.uid import CTImageStorage, RTStructureSetStorage

from dicom_files import write_dicom


def write_4d_nifti(array: np.ndarray, path: Path) -> None:
    """Write (frame, K, J, I) the way ACDC's files are: spacing, and a time step of 1, but no unit of time."""
    image = sitk.GetImageFromArray(array, isVector=False)
    image.SetSpacing((1.5, 1.5, 10.0, 1.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))


@pytest.fixture
def save_nifti() -> Callable[[np.ndarray, Path], None]:
    return write_4d_nifti


@pytest.fixture
def acdc(tmp_path) -> Callable[..., Path]:
    """Function that writes patients as ACDC is distributed; without voxels the cine is an empty file."""

    def write(patients, *, ed=1, es=5, group="DCM", array=None, root=tmp_path / "ACDC" / "database") -> Path:
        for number in patients:
            name = f"patient{number:03d}"
            folder = root / ("training" if number <= 100 else "testing") / name
            folder.mkdir(parents=True)
            lines = [f"ED: {ed}", f"ES: {es}", f"Group: {group}", "Height: 184.0", "NbFrame: 8", "Weight: 95.0"]
            (folder / "Info.cfg").write_text("\n".join(lines))
            (folder / "MANDATORY_CITATION.md").write_text("Cite.")
            cine = folder / f"{name}_4d.nii.gz"
            if array is None:
                cine.touch()
            else:
                write_4d_nifti(array, cine)
                for frame in (ed, es):
                    for end in ("", "_gt"):
                        write_4d_nifti(array[frame - 1], folder / f"{name}_frame{frame:02d}{end}.nii.gz")
        (root / "MANDATORY_CITATION.md").write_text("Cite.")
        return root

    return write


def ct_image(
    patient: str, study: str, date: str, description: str, frame_of_reference: str, pixels: np.ndarray, k: int
) -> pydicom.Dataset:
    """One CT slice, 3 mm from the next; stored values are HU + 1000."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = CTImageStorage
    series = f"1.2.{study}.{zlib.crc32((description + frame_of_reference).encode())}"
    dataset.SOPInstanceUID = f"{series}.{k}"
    dataset.Modality = "CT"
    dataset.PatientID, dataset.StudyDate = patient, date
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.{study}", series
    dataset.FrameOfReferenceUID = frame_of_reference
    dataset.SeriesDescription = description
    dataset.SeriesNumber, dataset.InstanceNumber = 1, k + 1
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [-8, -8, 3 * k]
    dataset.PixelSpacing, dataset.SliceThickness = [1, 1], 3
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1000
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = pixels.astype(np.uint16).tobytes()
    return dataset


def structure_set(study: str) -> pydicom.Dataset:
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = RTStructureSetStorage
    dataset.SOPInstanceUID = f"1.2.{study}.99"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.{study}", f"1.2.{study}.98"
    dataset.SeriesDescription = "P4^P100^S300^I00003, Gated, 0.0%A"
    return dataset


def lung_pixels(percent: float, slices: int = 3) -> np.ndarray:
    """Stored values (K, J, I) of a body (1050, 50 HU) in air (0); the lung in it tells the phase."""
    pixels = np.zeros((slices, 16, 16))
    pixels[:, 3:13, 3:13] = 1050
    pixels[:, 6:10, 6:10] = 100 + percent
    return pixels


@pytest.fixture
def lung_scan(tmp_path) -> Callable[..., Path]:
    """Function that writes one 4D scan as the archive's downloader does, a structure set with it."""

    def write(
        patient="100_HM10395",
        date="20030702",
        study="14571",
        percents=range(0, 100, 10),
        letter="A",
        flat_names=False,
        frame_of_reference="1.5.1",
    ) -> Path:
        root = tmp_path / "manifest-1" / "4D-Lung"
        kind = "S300^I00003" if letter else "S100^I0"
        home = root / patient / f"{date[4:6]}-{date[6:]}-{date[:4]}-NA-p4-{study[-5:]}"
        for percent in percents:
            description = f"P4^P100^{kind}, Gated, {percent:.1f}%{letter}"
            name = f"1.000000-P4P100 Gated {percent:.1f}{letter}-{frame_of_reference[-1]}"
            name = f"series{(percent * 7) % 101}" if flat_names else name
            for k, section in enumerate(lung_pixels(percent)):
                dataset = ct_image(patient, study, date, description, frame_of_reference, section, k)
                write_dicom(dataset, home / name / f"1-{k + 1:03d}.dcm")
        write_dicom(structure_set(study), home / "0.000000-NA-1" / "1-001.dcm")
        (root.parent / "metadata.csv").write_text("Series UID,Collection\n")
        return root

    return write
