"""Small sequences and small DICOM cines for the tests of reading and writing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume


def rotation(axis: int, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.insert(np.insert([[c, -s], [s, c]], axis, 0, axis=0), axis, np.eye(3)[axis], axis=1)


OBLIQUE = rotation(2, 20) @ rotation(0, -35) @ rotation(1, 10)


@pytest.fixture
def make_sequence() -> Callable[..., Sequence]:
    """Function that makes an oblique sequence of noise; every second frame is marked as synthetic."""

    def make(shape=(2, 3, 4), dtype="int16", values=(0.0, 33.3, 70.0), direction=OBLIQUE, **changes) -> Sequence:
        geometry = Geometry(shape, (1.4, 1.5, 8.1), (-31.25, 12.5, 7.1), tuple(map(tuple, direction)))
        random = np.random.default_rng(1)
        noise = random.normal(0, 100, (len(values), *shape))
        if np.dtype(dtype).kind in "iu":
            limits = np.iinfo(dtype)
            noise = random.integers(limits.min, limits.max, noise.shape, dtype=dtype, endpoint=True)
        attributes = [
            Provenance("linear_blend", 0.0, 70.0, 0.5, "gain=2").as_attributes()
            if number % 2
            else {"Phase": f"{value}"}
            for number, value in enumerate(values)
        ]
        settings = {"item_attributes": attributes, "index_name": "trigger time", "slice_thickness": 6.0} | changes
        volumes = [Volume(frame.astype(dtype), geometry) for frame in noise]
        return Sequence(volumes, values, **settings)

    return make


@pytest.fixture
def assert_same() -> Callable[[Sequence, Sequence], None]:
    """Function that asserts that a sequence came back: voxels, type, index and attributes exactly."""

    def check(got: Sequence, wanted: Sequence) -> None:
        assert len(got) == len(wanted)
        for one, other in zip(got.volumes, wanted.volumes, strict=True):
            assert one.array.dtype == other.array.dtype
            np.testing.assert_array_equal(one.array, other.array)
            assert one.geometry.is_close(other.geometry)
        assert got.times == wanted.times
        assert (got.index_name, got.unit) == (wanted.index_name, wanted.unit)
        assert got.item_attributes == wanted.item_attributes
        assert got.slice_thickness == wanted.slice_thickness
        assert got.notes == ()

    return check


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


def save(dataset: pydicom.Dataset, path: Path) -> None:
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


@pytest.fixture
def save_dicom() -> Callable[[pydicom.Dataset, Path], None]:
    return save


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
                    save(dataset, folder / f"Se{slice_number}" / f"{scrambled:03d}-{dataset.SOPInstanceUID}.dcm")
        return folder

    return write
