"""Headers of DICOM files: files that are none, damaged ones, and enhanced multi-frame files."""

import itertools

import numpy as np
import pydicom
import pytest
from pydicom.uid import ComprehensiveSRStorage, EnhancedMRImageStorage, SegmentationStorage

from dicom_files import assert_is_the_stack
from temporal_interp.errors import AmbiguousInputError, InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence


def test_files_without_images_are_passed_over(dicom_folder, make_image, pixels_of, save_dicom):
    folder = dicom_folder()
    (folder / "readme.txt").write_text("not DICOM")
    (folder / "empty").touch()
    (folder / "._Se0.dcm").write_bytes(b"resource fork")
    (folder / "DICOMDIR").write_bytes(bytes(200))
    for number, kind in enumerate((ComprehensiveSRStorage, SegmentationStorage)):
        other = make_image(0, 0)
        other.SOPClassUID = kind
        if number == 0:
            del other.PixelData
        save_dicom(other, folder / f"other{number}.dcm")
    sequence = read_sequence(folder)
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.notes == ()


def test_names_of_files_do_not_need_an_ending(dicom_folder, pixels_of):
    folder = dicom_folder()
    for number, path in enumerate(sorted(folder.rglob("*.dcm"))):
        path.rename(path.with_name(f"IM{number:05d}"))
    assert_is_the_stack(read_sequence(folder), pixels_of)


def test_old_file_without_the_dicm_mark_is_recognised_by_its_ending(dicom_folder, pixels_of):
    folder = dicom_folder()
    for path in folder.rglob("*.dcm"):
        path.write_bytes(path.read_bytes()[132:])
    assert_is_the_stack(read_sequence(folder), pixels_of)


CUTS = [140, 300, 500, -45, -10]


@pytest.mark.parametrize(("left", "named"), [(0, True), (100, True), *itertools.product(CUTS, [True, False])])
def test_file_cut_short_is_named(left, named, dicom_folder):
    folder = dicom_folder()
    path = sorted((folder / "Se1").iterdir())[2]
    path.write_bytes(path.read_bytes()[:left])
    path = path if named else path.rename(path.with_suffix(""))
    with pytest.raises(UnreadableFileError, match=rf"{path.name}.*(cut short|damaged)"):
        read_sequence(folder)


@pytest.fixture
def enhanced(make_image, pixels_of, tmp_path, save_dicom):
    """An enhanced MR file of 3 slices x 4 phases, frames in no useful order; `edit` changes a frame's own items."""

    def item(**values):
        dataset = pydicom.Dataset()
        for name, value in values.items():
            setattr(dataset, name, value)
        return dataset

    def write(edit=lambda own, slice_number, phase: None):
        dataset = make_image(0, 0)
        dataset.SOPClassUID = EnhancedMRImageStorage
        places = sorted(itertools.product(range(3), range(4)), key=lambda place: (7 * place[0] + 5 * place[1]) % 12)
        frames = []
        for slice_number, phase in places:
            own = pydicom.Dataset()
            position = make_image(slice_number, phase).ImagePositionPatient
            own.PlanePositionSequence = [item(ImagePositionPatient=position)]
            own.CardiacSynchronizationSequence = [item(NominalCardiacTriggerDelayTime=40.0 * phase)]
            own.FrameContentSequence = [item(TemporalPositionIndex=phase + 1)]
            edit(own, slice_number, phase)
            frames.append(own)
        shared = pydicom.Dataset()
        shared.PlaneOrientationSequence = [item(ImageOrientationPatient=dataset.ImageOrientationPatient)]
        shared.PixelMeasuresSequence = [item(PixelSpacing=[1.5, 1.25], SliceThickness=6)]
        for name in (
            "ImagePositionPatient",
            "ImageOrientationPatient",
            "PixelSpacing",
            "SliceThickness",
            "TriggerTime",
        ):
            delattr(dataset, name)
        dataset.NumberOfFrames = 12
        dataset.PixelData = b"".join(pixels_of(*place).tobytes() for place in places)
        dataset.SharedFunctionalGroupsSequence = [shared]
        dataset.PerFrameFunctionalGroupsSequence = frames
        save_dicom(dataset, tmp_path / "enhanced.dcm")
        return tmp_path / "enhanced.dcm"

    return write, item


def test_enhanced_multiframe_file(enhanced, pixels_of):
    sequence = read_sequence(enhanced[0]())
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (0, 40, 80, 120)
    np.testing.assert_allclose(sequence.volumes[0].geometry.spacing, (1.25, 1.5, 8.0), atol=1e-6)
    assert sequence.slice_thickness == 6


@pytest.mark.parametrize("synchronised", [True, False])
def test_enhanced_multiframe_file_of_a_whole_beat(synchronised, enhanced):
    write, item = enhanced

    def edit(own, slice_number, phase):
        own.CardiacSynchronizationSequence[0].RRIntervalTimeNominal = 160.0
        if not synchronised:  # the times are not those since the R wave
            del own.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime
            own.TemporalPositionSequence = [item(TemporalPositionTimeOffset=0.04 * phase)]

    sequence = read_sequence(write(edit))
    assert (sequence.times, sequence.period) == ((0, 40, 80, 120), 160 if synchronised else None)


def test_enhanced_multiframe_file_with_temporal_positions(enhanced, pixels_of):
    write, item = enhanced

    def edit(own, slice_number, phase):
        del own.CardiacSynchronizationSequence
        own.TemporalPositionSequence = [item(TemporalPositionTimeOffset=0.5 * phase)]

    sequence = read_sequence(write(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (0, 500, 1000, 1500)


def test_enhanced_multiframe_file_with_its_own_rescaling(enhanced, pixels_of):
    write, item = enhanced

    def edit(own, slice_number, phase):
        own.PixelValueTransformationSequence = [item(RescaleSlope=1 + phase, RescaleIntercept=-slice_number)]
        del own.CardiacSynchronizationSequence

    sequence = read_sequence(write(edit))
    assert sequence.index_name == "frame"
    np.testing.assert_array_equal(sequence.volumes[3].array[2], 4 * pixels_of(2, 3).astype(int) - 2)


def test_enhanced_multiframe_file_without_positions_is_refused(enhanced):
    def edit(own, slice_number, phase):
        del own.PlanePositionSequence

    with pytest.raises(InvalidInputError, match="neither a place in the patient nor a time"):
        read_sequence(enhanced[0](edit))


def test_enhanced_and_single_images_of_one_series_are_not_mixed(enhanced, make_image, save_dicom, tmp_path, pixels_of):
    enhanced[0]()
    for slice_number in range(3):
        for phase in range(4):
            dataset = make_image(slice_number, phase)
            dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.3.0", 10
            save_dicom(dataset, tmp_path / f"{slice_number}{phase}.dcm")
    with pytest.raises(AmbiguousInputError, match=r"single images(?s:.*)in enhanced\.dcm"):
        read_sequence(tmp_path)
    for series in ("10.1", "10.2"):
        assert_is_the_stack(read_sequence(tmp_path, series=series), pixels_of)


@pytest.mark.parametrize("apart", ["slice", "phase"])
def test_one_enhanced_file_a_slice_or_a_phase(apart, enhanced, tmp_path, pixels_of):
    path = enhanced[0]()
    whole = pydicom.dcmread(path)
    path.unlink()
    frames, pixels = list(whole.PerFrameFunctionalGroupsSequence), whole.pixel_array
    for number in range(3 if apart == "slice" else 4):
        if apart == "slice":
            wanted = sorted({tuple(own.PlanePositionSequence[0].ImagePositionPatient) for own in frames})[number]
            chosen = [
                n for n, own in enumerate(frames) if tuple(own.PlanePositionSequence[0].ImagePositionPatient) == wanted
            ]
        else:
            chosen = [
                n for n, own in enumerate(frames) if own.FrameContentSequence[0].TemporalPositionIndex == number + 1
            ]
        whole.PerFrameFunctionalGroupsSequence = [frames[n] for n in chosen]
        whole.NumberOfFrames, whole.InstanceNumber = len(chosen), number + 1
        whole.PixelData = pixels[chosen].tobytes()
        whole.save_as(tmp_path / f"{number}.dcm")
    sequence = read_sequence(tmp_path)
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (0, 40, 80, 120)
