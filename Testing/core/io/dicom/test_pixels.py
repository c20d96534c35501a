"""Compressed pixels of DICOM files."""

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, generate_frames

from temporal_interp.errors import UnreadableFileError
from temporal_interp.io import read_sequence


def test_compression_that_pydicom_lacks_is_decoded(tmp_path):
    """A real MR image in lossless JPEG-LS; the same image is there uncompressed."""
    packed, plain = (get_testdata_file(name) for name in ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"))
    for number in range(2):
        dataset = pydicom.dcmread(packed)
        dataset.TriggerTime = 30.0 * number
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -100 * number
        dataset.save_as(tmp_path / f"{number}.dcm")
    sequence = read_sequence(tmp_path)
    expected = pydicom.dcmread(plain).pixel_array
    np.testing.assert_array_equal(sequence.volumes[0].array[0], expected)
    np.testing.assert_array_equal(sequence.volumes[1].array[0], expected.astype(int) - 100)


def test_compressed_frames_of_one_file_are_decoded_one_by_one(tmp_path):
    """Each frame of an enhanced file has its own rescaling, which SimpleITK does not know."""
    packed, plain = (get_testdata_file(name) for name in ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"))
    dataset, frame = (
        pydicom.dcmread(packed),
        next(generate_frames(pydicom.dcmread(packed).PixelData, number_of_frames=1)),
    )
    position, orientation = dataset.ImagePositionPatient, dataset.ImageOrientationPatient
    frames = []
    for number in range(3):
        own = pydicom.Dataset()
        for group, entries in {
            "PlanePositionSequence": {"ImagePositionPatient": position},
            "PlaneOrientationSequence": {"ImageOrientationPatient": orientation},
            "PixelMeasuresSequence": {"PixelSpacing": [1, 1], "SliceThickness": 2},
            "CardiacSynchronizationSequence": {"NominalCardiacTriggerDelayTime": 30.0 * number},
            "PixelValueTransformationSequence": {"RescaleSlope": 1 + number, "RescaleIntercept": -number},
        }.items():
            item = pydicom.Dataset()
            for name, value in entries.items():
                setattr(item, name, value)
            setattr(own, group, [item])
        frames.append(own)
    dataset.PerFrameFunctionalGroupsSequence, dataset.NumberOfFrames = frames, 3
    dataset.PixelData = encapsulate([frame] * 3)
    dataset.save_as(tmp_path / "enhanced.dcm")
    expected = pydicom.dcmread(plain).pixel_array.astype(int)
    sequence = read_sequence(tmp_path / "enhanced.dcm")
    assert sequence.times == (0, 30, 60)
    for number in range(3):
        np.testing.assert_array_equal(sequence.volumes[number].array[0], (1 + number) * expected - number)


@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm"])
def test_damaged_pixels_are_refused(name, tmp_path):
    for number in range(2):
        dataset = pydicom.dcmread(get_testdata_file(name))
        dataset.TriggerTime = 30.0 * number
        dataset.PixelData = encapsulate([bytes(400)])
        dataset.save_as(tmp_path / f"{number}.dcm")
    with pytest.raises(UnreadableFileError, match=r"0\.dcm: its pixels .*damaged"):
        read_sequence(tmp_path)
