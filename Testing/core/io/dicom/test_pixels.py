"""Compressed pixels of DICOM files."""

import numpy as np
import pydicom
from pydicom.data import get_testdata_file

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
