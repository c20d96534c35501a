"""Derived clips."""

import numpy as np
import pydicom
import pytest

import temporal_interp as ti
from patient_files import clip_file


@pytest.mark.parametrize("colour", [False, True])
def test_what_is_read_back_is_what_was_written(tmp_path, written, colour):
    source = clip_file(tmp_path / "clip.dcm", colour=colour)
    made = ti.interpolate(ti.read(source), factor=2, engine="linear_blend")
    (header,) = written(source)
    read = ti.read(tmp_path / "out" / "SYN00001.dcm")
    assert (read.times, read.unit, read.geometry) == (made.times, "ms", made.geometry)
    assert read.item_attributes == made.item_attributes
    np.testing.assert_array_equal(read.to_numpy(), made.to_numpy())
    assert (header.PatientID, header.SOPClassUID.name) == ("4711", "Ultrasound Multi-frame Image Storage")
    assert (header.SamplesPerPixel, header.PhotometricInterpretation) == (1, "MONOCHROME2")
    assert "PlanarConfiguration" not in header


def test_which_frames_are_synthetic_and_when_they_are(tmp_path, written):
    (header,) = written(clip_file(tmp_path / "clip.dcm"))
    assert (header.SyntheticData, header.ImageType) == ("YES", ["DERIVED", "SECONDARY"])
    assert header.SeriesDescription == "SYNTHETIC frames cine_sax"
    assert header.DerivationDescription.startswith("SYNTHETIC, not acquired: frames 2, 4, 6 of 7.")
    assert [float(step) for step in header.FrameTimeVector] == [0, 10, 10, 20, 20, 10, 10]
    assert (header.FrameIncrementPointer, header.NumberOfFrames) == (0x00181065, 7)
    assert (header.BurnedInAnnotation, "StopTrim" in header) == ("YES", False)
    (reference,) = header.SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == "1.2.3.0.0"


def test_even_times_are_one_frame_time_that_other_programs_read(tmp_path, written):
    (header,) = written(clip_file(tmp_path / "clip.dcm", steps=(0, 30, 30, 30)))
    assert (header.FrameTime, header.FrameIncrementPointer, header.CineRate) == (15, 0x00181063, 67)
    assert "FrameTimeVector" not in header
    header.remove_private_tags()
    header.save_as(tmp_path / "bare.dcm")
    bare = ti.read(tmp_path / "bare.dcm")
    assert bare.times == (0, 15, 30, 45, 60, 75, 90)
    assert bare.acquired_frames == []  # the header speaks of the file as a whole


def test_synthetic_frames_alone_were_never_acquired(tmp_path, written):
    (header,) = written(clip_file(tmp_path / "clip.dcm"), acquired=False)
    assert (header.NumberOfFrames, header.AcquisitionTime) == (3, "")
    assert ti.read(tmp_path / "out" / "SYN00001.dcm").times == (10, 40, 70)


def test_a_real_echo(written, tmp_path):
    source = pydicom.data.get_testdata_file("examples_ybr_color.dcm")
    (header,) = written(source)
    assert (header.NumberOfFrames, header.LossyImageCompression) == (59, "01")
    read = ti.read(tmp_path / "out")
    assert read.times == pytest.approx(np.arange(59) * 33.333 / 2, abs=1e-3)
    assert read.synthetic_frames == list(range(1, 59, 2))
