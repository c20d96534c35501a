"""Derived series of single images."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

import temporal_interp as ti
from dicom_files import dicom_pixels
from patient_files import patient_stack


def phases(headers, slices=3):
    """Headers of the files, frame by frame."""
    return [headers[n : n + slices] for n in range(0, len(headers), slices)]


def test_what_is_read_back_is_what_was_written(stack, written, tmp_path):
    made = ti.interpolate(ti.read(stack), factor=2, engine="linear_blend")
    written(stack)
    read = ti.read(tmp_path / "out")
    assert (read.times, read.unit, read.period) == (made.times, "ms", 160)
    assert read.geometry == made.geometry
    assert read.item_attributes == made.item_attributes
    assert (read.slice_thickness, read.notes) == (6, ())
    np.testing.assert_array_equal(read.to_numpy(), made.to_numpy())


def test_patient_study_and_place_are_those_of_the_source_and_the_series_is_new(stack, written):
    headers = written(stack)
    assert {(str(one.PatientName), one.PatientID, one.PatientBirthDate) for one in headers} == {
        ("Doe^Jane", "4711", "19500203")
    }
    assert {(one.StudyInstanceUID, one.FrameOfReferenceUID, one.AccessionNumber) for one in headers} == {
        ("1.2.3", "1.2.3.99", "ACC-77")
    }
    (series,) = {one.SeriesInstanceUID for one in headers}
    assert series.startswith("2.25.")
    assert {one.SeriesNumber for one in headers} == {1001}
    assert {one.SeriesDescription for one in headers} == {"SYNTHETIC frames cine_sax"}
    assert len({one.SOPInstanceUID for one in headers}) == len(headers) == 24
    assert [one.InstanceNumber for one in headers] == list(range(1, 25))
    assert all(one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID for one in headers)
    for k in range(3):
        source = pydicom.dcmread(next((stack / f"Se{k}").iterdir()))
        for one in headers[k::3]:
            assert one.ImagePositionPatient == source.ImagePositionPatient
            assert one.ImageOrientationPatient == source.ImageOrientationPatient
            assert one.EchoTime == 1.5 + k


def test_nobody_takes_a_synthetic_image_for_acquired(stack, written):
    for position, images in enumerate(phases(written(stack))):
        for k, one in enumerate(images):
            is_synthetic = position % 2 == 1
            assert one.ImageType == ["DERIVED", "SECONDARY", "M", "RETRO"]
            assert one.SyntheticData == ("YES" if is_synthetic else "NO")
            assert one.DerivationCodeSequence[0].CodeValue == ("SYNTHESIS" if is_synthetic else "COPY")
            sources = [item.ReferencedSOPInstanceUID for item in one.SourceImageSequence]
            first, last = position // 2, (position + 1) // 2 % 4
            assert sorted(sources) == sorted({f"1.2.3.{k}.{first}", f"1.2.3.{k}.{last}"})
            equipment = one.ContributingEquipmentSequence[-1]
            assert (equipment.Manufacturer, equipment.SoftwareVersions) == ("TemporalInterp", ti.__version__)
            if is_synthetic:
                words = one.DerivationDescription
                assert words.startswith("SYNTHETIC, not acquired: computed for ")
                assert "engine linear_blend" in words
                assert f"acquired frames at {40 * first} ms, {40 * last} ms" in words
                assert one.ImageComments == words
                assert (one.AcquisitionDate, one.AcquisitionTime, "AcquisitionDateTime" in one) == ("", "", False)
            else:
                assert one.AcquisitionTime == f"1200{k:02d}"


def test_every_slice_has_its_own_times_and_frames_are_counted(tmp_path, written):
    def own_pace(dataset, slice_number, phase):
        dataset.TriggerTime = 5 + (40 + slice_number) * phase
        dataset.NominalInterval = 4 * (40 + slice_number)

    headers = written(patient_stack(tmp_path / "study", own_pace))
    for position, images in enumerate(phases(headers)):
        assert [float(one.TriggerTime) for one in images] == pytest.approx(
            [5 + (40 + k) * position / 2 for k in range(3)], abs=1e-6
        )
        assert {one.TemporalPositionIdentifier for one in images} == {position + 1}
        assert {(one.NumberOfTemporalPositions, one.CardiacNumberOfImages) for one in images} == {(8, 8)}


def test_what_pet_counts_is_counted_anew(tmp_path, written):
    def pet(dataset, slice_number, phase):
        dataset.SOPClassUID, dataset.Modality = pydicom.uid.PositronEmissionTomographyImageStorage, "PT"
        dataset.NumberOfTimeSlices, dataset.ImageIndex = 4, 3 * phase + slice_number + 1
        dataset.FrameReferenceTime = 40.0 * phase
        dataset.TriggerTime = None

    headers = written(patient_stack(tmp_path / "study", pet))
    assert [one.ImageIndex for one in headers] == list(range(1, 25))
    assert {one.NumberOfTimeSlices for one in headers} == {8}
    assert [one.FrameReferenceTime for one in headers[::3]] == pytest.approx(range(0, 141, 20))
    assert headers[0].ImageType[:2] == ["DERIVED", "PRIMARY"]


def test_what_holds_for_the_acquisition_alone_is_gone(tmp_path, written):
    def odd(dataset, slice_number, phase):
        dataset.add_new(0x60003000, "OW", b"\0\0")
        dataset.add_new(0x60000010, "US", 4)
        dataset.SourceImageSequence = [pydicom.Dataset()]
        dataset.LargestImagePixelValue = 7
        dataset.LossyImageCompression = "01"

    for one in written(patient_stack(tmp_path / "study", odd)):
        assert [
            str(element.tag) for element in one if element.tag.group == 0x29 or element.tag.group >> 8 == 0x60
        ] == []
        assert "LargestImagePixelValue" not in one
        assert (one.LossyImageCompression, one.BurnedInAnnotation) == ("01", "NO")


def test_without_the_private_block_frames_are_still_told_apart(stack, written, tmp_path):
    times = ti.interpolate(ti.read(stack), factor=2, engine="linear_blend").times
    for number, one in enumerate(written(stack)):
        one.remove_private_tags()
        one.save_as(tmp_path / "out" / f"SYN{number + 1:05d}.dcm")
    read = ti.read(tmp_path / "out")
    assert read.synthetic_frames == [1, 3, 5, 7]
    assert read.times == pytest.approx(times)
    assert read.period == 160


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype", "error"),
    [(1, -1024, np.int16, 0), (2, 0, np.int16, 1), (0.5, 0, np.float32, 0.25), (1e-3, -3, np.float32, 5e-4)],
)
def test_voxels_keep_the_rescaling_of_the_source(tmp_path, slope, intercept, dtype, error):
    def rescaled(dataset, slice_number, phase):
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        dataset.PixelData = (dicom_pixels(slice_number, phase) + phase).astype(np.uint16).tobytes()

    study = patient_stack(tmp_path / "study", rescaled)
    made = ti.interpolate(ti.read(study), factor=2, engine="linear_blend")
    notes = ti.write_dicom(made, tmp_path / "out", source=study)
    read = ti.read(tmp_path / "out")
    assert read[0].array.dtype == dtype
    difference = np.abs(read.to_numpy().astype(float) - made.to_numpy())
    assert difference[::2].max() == 0
    assert difference.max() <= error * 1.001
    assert [note.partition(":")[0] for note in notes] == ["DICOM stores integers"] * int(difference.max() > 0)
    header = pydicom.dcmread(tmp_path / "out" / "SYN00004.dcm")
    assert (header.RescaleSlope, header.RescaleIntercept, header.BitsStored) == (slope, intercept, 12)


def test_voxels_outside_of_the_range_of_the_source_are_spread_over_all_bits(stack, tmp_path):
    sequence = ti.interpolate(ti.read(stack), factor=2, engine="linear_blend")
    sequence.volumes[1].array[:] = 60_000
    sequence.volumes[1].array[0, 0, 0] = 5
    ti.write_dicom(sequence, tmp_path / "out", source=stack)
    header = pydicom.dcmread(tmp_path / "out" / "SYN00004.dcm")
    assert (header.BitsStored, header.HighBit, header.RescaleSlope) == (16, 15, 1)
    np.testing.assert_array_equal(ti.read(tmp_path / "out").to_numpy(), sequence.to_numpy())


@pytest.mark.parametrize("syntax", [pydicom.uid.ImplicitVRLittleEndian, pydicom.uid.ExplicitVRBigEndian])
def test_other_encodings_of_the_source_are_read(stack, written, syntax):
    for file in stack.rglob("*.dcm"):
        read = pydicom.dcmread(file)
        one = pydicom.Dataset({element.tag: element for element in read})
        one.PixelPaddingValue = 63
        if not syntax.is_little_endian:
            one.PixelData = read.pixel_array.astype(">u2").tobytes()
        one.file_meta = pydicom.dataset.FileMetaDataset()
        one.file_meta.TransferSyntaxUID = syntax
        one.save_as(file, enforce_file_format=True)
    headers = written(stack)
    np.testing.assert_array_equal(headers[0].pixel_array, dicom_pixels(0, 0))
    assert (str(headers[0].PatientName), headers[0].PixelPaddingValue) == ("Doe^Jane", 63)


def test_names_in_other_alphabets_stay(tmp_path, written):
    def named(dataset, slice_number, phase):
        dataset.SpecificCharacterSet = "ISO_IR 100" if slice_number == 0 else "ISO_IR 192"
        dataset.PatientName, dataset.StudyDescription = "Müller^Zoé", f"Größe {slice_number}"

    headers = written(patient_stack(tmp_path / "study", named))
    assert {(str(one.PatientName), one.StudyDescription) for one in headers} == {("Müller^Zoé", "Größe 0")}


def test_simpleitk_stacks_the_slices_of_a_phase(stack, written, tmp_path):
    geometry = ti.read(stack).geometry
    headers = written(stack)
    (series,) = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(tmp_path / "out"))
    assert series.startswith(headers[0].SeriesInstanceUID)
    for position in range(8):
        files = [str(tmp_path / "out" / f"SYN{3 * position + k + 1:05d}.dcm") for k in range(3)]
        image = sitk.ReadImage(files)
        assert image.GetSpacing() == pytest.approx(geometry.spacing)
        assert image.GetOrigin() == pytest.approx(geometry.origin)
        assert image.GetDirection() == pytest.approx(np.ravel(geometry.direction), abs=1e-6)
