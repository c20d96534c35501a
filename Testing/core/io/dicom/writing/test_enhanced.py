"""Derived enhanced multi-frame files."""

import numpy as np
import pydicom
import pytest

import temporal_interp as ti
from dicom_files import write_dicom
from patient_files import enhanced_file, item


@pytest.fixture
def source(tmp_path):
    return enhanced_file(tmp_path / "study" / "enhanced.dcm")


def frames(header):
    return header.PerFrameFunctionalGroupsSequence


def test_what_is_read_back_is_what_was_written(source, written, tmp_path):
    made = ti.interpolate(ti.read(source), factor=2, engine="linear_blend")
    (header,) = written(source)
    read = ti.read(tmp_path / "out")
    assert (read.times, read.period, read.geometry) == (made.times, 160, made.geometry)
    assert read.item_attributes == made.item_attributes
    np.testing.assert_array_equal(read.to_numpy(), made.to_numpy())
    assert (header.PatientID, header.StudyInstanceUID, header.FrameOfReferenceUID) == ("4711", "1.2.3", "1.2.3.99")
    assert (header.SyntheticData, header.ImageType[0]) == ("YES", "DERIVED")
    assert header.ImageComments.startswith("SYNTHETIC, not acquired: frames 3-4, 7-8, 11-12, 15-16 of 16.")


def test_every_frame_says_how_it_came_about_and_when_it_is(source, written):
    (header,) = written(source)
    assert [pointer.DimensionIndexPointer for pointer in header.DimensionIndexSequence] == [
        0x00209056,
        0x00209057,
        0x00209128,
    ]
    for number, frame in enumerate(frames(header)):
        position, k = divmod(number, 2)
        content = frame.FrameContentSequence[0]
        assert content.DimensionIndexValues == [1, k + 1, position + 1]
        assert (content.InStackPositionNumber, content.TemporalPositionIndex) == (k + 1, position + 1)
        assert frame.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime == 20 * position
        assert frame.MRImageFrameTypeSequence[0].FrameType == ["DERIVED", "PRIMARY", "CARDIAC", "RESAMPLED"]
        derivation = frame.DerivationImageSequence[0]
        (reference,) = derivation.SourceImageSequence
        first, last = position // 2, (position + 1) // 2 % 4
        wanted = sorted({4 * k + phase + 1 for phase in (first, last)})
        assert sorted(np.atleast_1d(reference.ReferencedFrameNumber)) == wanted
        is_synthetic = position % 2 == 1
        assert ("FrameAcquisitionDateTime" in content) != is_synthetic
        assert derivation.DerivationDescription.startswith("SYNTHETIC" if is_synthetic else "Copy")
    assert header.SourceImageEvidenceSequence[0].ReferencedSeriesSequence[0].SeriesInstanceUID == "1.2.3.0"


def test_several_files_become_one_and_what_they_do_not_share_goes_to_the_frames(tmp_path, written):
    for k in (0, 1):
        path = enhanced_file(tmp_path / "study" / f"{k}.dcm", slices=(k,))
        header = pydicom.dcmread(path)
        header.SharedFunctionalGroupsSequence[0].MREchoSequence = [item(EffectiveEchoTime=1.0)]
        header.SharedFunctionalGroupsSequence[0].MRAveragesSequence = [item(NumberOfAverages=k + 1)]
        write_dicom(header, path)
    (header,) = written(tmp_path / "study")
    (shared,) = header.SharedFunctionalGroupsSequence
    assert ("MREchoSequence" in shared, "MRAveragesSequence" in shared) == (True, False)
    assert [frame.MRAveragesSequence[0].NumberOfAverages for frame in frames(header)] == [1, 2] * 8
    assert len(ti.read(tmp_path / "out").synthetic_frames) == 4


def test_without_delays_times_are_offsets(tmp_path, written):
    def clock(frame, k, phase):
        del frame.CardiacSynchronizationSequence
        frame.FrameContentSequence[0].FrameAcquisitionDateTime = f"202001011200{phase:02d}"

    (header,) = written(enhanced_file(tmp_path / "study" / "enhanced.dcm", edit=clock))
    offsets = [frame.TemporalPositionSequence[0].TemporalPositionTimeOffset for frame in frames(header)[::2]]
    assert offsets == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3])


def test_delays_that_were_measured_are_not_made_up(tmp_path, written):
    def measured(frame, k, phase):
        item = frame.CardiacSynchronizationSequence[0]
        item.ActualCardiacTriggerDelayTime = item.NominalCardiacTriggerDelayTime
        del item.NominalCardiacTriggerDelayTime

    (header,) = written(enhanced_file(tmp_path / "study" / "enhanced.dcm", edit=measured))
    cardiac = [frame.CardiacSynchronizationSequence[0] for frame in frames(header)[::2]]
    assert ["ActualCardiacTriggerDelayTime" in one for one in cardiac] == [True, False] * 4
    assert [one.NominalCardiacTriggerDelayTime for one in cardiac] == pytest.approx(range(0, 160, 20))


def test_voxels_that_need_another_rescaling_have_it_in_their_frame(source, tmp_path):
    made = ti.interpolate(ti.read(source), factor=2, engine="linear_blend")
    assert made[1].array.dtype == np.uint16
    wide = ti.Sequence.from_numpy(made.to_numpy().astype(np.int32), times=made.times)
    for volume, other in zip(wide, made, strict=True):
        object.__setattr__(volume, "geometry", other.geometry)
    wide[1].array[0, 0, 0], wide[1].array[1, 0, 0] = -100_000, 70_000
    marked = ti.Sequence(wide.volumes, made.times, item_attributes=made.item_attributes, period=made.period)
    (note,) = ti.write_dicom(marked, tmp_path / "out", source=source)
    assert note.startswith("DICOM stores integers: voxels were rounded by up to")
    read, wanted = ti.read(tmp_path / "out").to_numpy(), marked.to_numpy()
    np.testing.assert_array_equal(read[::2], wanted[::2])
    assert np.abs(read - wanted).max() <= 2


def test_without_the_private_block_the_whole_file_counts_as_synthetic(source, written, tmp_path):
    (header,) = written(source)
    header.remove_private_tags()
    header.save_as(tmp_path / "out" / "SYN00001.dcm")
    assert len(ti.read(tmp_path / "out").acquired_frames) == 0
