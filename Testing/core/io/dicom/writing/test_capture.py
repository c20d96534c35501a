"""Sequences without DICOM headers."""

import numpy as np
import pydicom
import pytest

import temporal_interp as ti
from noise_sequences import make_noise_sequence
from temporal_interp.io.dicom.writing.capture import NOTE


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "int32"])
@pytest.mark.parametrize("slices", [1, 2])
def test_what_is_read_back_is_what_was_written(tmp_path, dtype, slices):
    made = make_noise_sequence((slices, 3, 5), dtype)
    notes = ti.write_dicom(made, tmp_path / "out", source=None)
    assert notes[0] == NOTE
    read = ti.read(tmp_path / "out")
    assert (read.times, read.unit, read.synthetic_frames) == (made.times, made.unit, made.synthetic_frames)
    assert read.geometry.is_close(made.geometry)
    allowed = np.ptp(made.to_numpy().astype(float)) / 2**16 if dtype in ("float32", "int32") else 0
    assert np.abs(read.to_numpy().astype(float) - made.to_numpy()).max() <= allowed
    assert len(notes) == (2 if allowed else 1)


@pytest.mark.parametrize(
    ("dtype", "slices", "kind", "burned"),
    [("uint8", 1, "Byte", "YES"), ("uint8", 2, "Byte", "NO"), ("int16", 1, "Word", "NO")],
)
def test_it_is_a_secondary_capture_of_nobody(tmp_path, dtype, slices, kind, burned):
    ti.write_dicom(make_noise_sequence((slices, 3, 4), dtype), tmp_path / "out", source=None)
    header = pydicom.dcmread(tmp_path / "out" / "SYN00001.dcm")
    assert header.SOPClassUID.name == f"Multi-frame Grayscale {kind} Secondary Capture Image Storage"
    assert (header.PatientName, header.PatientID, header.SyntheticData) == ("", "", "YES")
    assert header.BurnedInAnnotation == burned
    assert header.SeriesDescription == "SYNTHETIC frames"
    assert header.ImageComments.startswith(f"SYNTHETIC, not acquired: frames {'2' if slices == 1 else '3-4'} of")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_voxels_that_are_no_numbers_are_refused_and_nothing_is_left(tmp_path, bad):
    made = make_noise_sequence(dtype="float32")
    made[1].array[0, 0, 0] = bad
    with pytest.raises(ti.InvalidInputError, match="NaN or infinite"):
        ti.write_dicom(made, tmp_path / "out", source=None)
    assert list(tmp_path.iterdir()) == []
