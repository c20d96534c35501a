"""Folders of DICOM images: which belong together, their order in space and time, and what cannot be read."""

import itertools
import shutil

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import ComprehensiveSRStorage, EnhancedMRImageStorage, SegmentationStorage

from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_sequence


def assert_is_the_stack(sequence, pixels_of, slices=3, phases=4):
    assert len(sequence) == phases
    for phase, volume in enumerate(sequence.volumes):
        expected = np.stack([pixels_of(number, phase) for number in range(slices)])
        np.testing.assert_array_equal(volume.array, expected)


def test_one_series_per_slice(dicom_folder, make_image, pixels_of):
    sequence = read_sequence(dicom_folder())
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.volumes[0].array.dtype == np.uint16
    assert sequence.times == (0, 40, 80, 120)
    assert (sequence.index_name, sequence.unit) == ("time", "ms")
    assert sequence.notes == ()
    assert sequence.slice_thickness == 6
    geometry = sequence.volumes[0].geometry
    np.testing.assert_allclose(geometry.spacing, (1.25, 1.5, 8.0), atol=1e-6)
    header = make_image(2, 0)
    i_axis, j_axis = np.reshape(np.array(header.ImageOrientationPatient, dtype=float), (2, 3))
    # equation C.7.6.2.1-1 of DICOM: pixel spacing is (row, column), and columns advance along the first cosines
    point = np.array(header.ImagePositionPatient, dtype=float) + 1.25 * 4 * i_axis + 1.5 * 3 * j_axis
    np.testing.assert_allclose(geometry.physical_point((2, 3, 4)), point, atol=1e-6)


def test_one_series_for_all(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.SeriesInstanceUID = "1.2.3.9"
        dataset.InstanceNumber = 1 + phase * 3 + slice_number

    assert_is_the_stack(read_sequence(dicom_folder(edit)), pixels_of)


def test_one_series_per_phase_named_by_its_percentage(dicom_folder, pixels_of):
    """As 4D CT is exported: no trigger times, and image numbers begin anew in every series."""

    def edit(dataset, slice_number, phase):
        dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.2.3.9.{phase}", 9 - phase
        dataset.SeriesDescription = f"P4^S300, Gated, {12.5 * phase}%"
        dataset.InstanceNumber = slice_number
        del dataset.TriggerTime

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (0, 12.5, 25, 37.5)
    assert (sequence.index_name, sequence.unit) == ("phase", "%")
    assert "percentage" in sequence.notes[0]


@pytest.mark.parametrize("flip", [1, -1])
def test_volume_is_right_handed_whatever_the_order_of_the_slices(flip, dicom_folder, make_image):
    def edit(dataset, slice_number, phase):
        position = np.array(make_image(0, 0).ImagePositionPatient, dtype=float)
        step = np.array(make_image(1, 0).ImagePositionPatient, dtype=float) - position
        dataset.ImagePositionPatient = [round(x, 9) for x in position + flip * slice_number * step]

    volume = read_sequence(dicom_folder(edit)).volumes[0]
    assert np.linalg.det(volume.geometry.direction) == pytest.approx(1)
    assert list(volume.array[:, 0, 0]) == [0, 1000, 2000][::flip]


def test_single_slice_is_2d_plus_t(dicom_folder, pixels_of):
    sequence = read_sequence(dicom_folder(slices=1))
    assert_is_the_stack(sequence, pixels_of, slices=1)
    assert sequence.volumes[0].geometry.spacing == (1.25, 1.5, 6.0)
    assert sequence.notes == ()


def test_unknown_thickness_of_a_single_slice_is_noted(dicom_folder):
    def edit(dataset, slice_number, phase):
        del dataset.SliceThickness

    sequence = read_sequence(dicom_folder(edit, slices=1))
    assert sequence.volumes[0].geometry.spacing[2] == 1
    assert sequence.slice_thickness is None
    assert "1 mm was taken" in sequence.notes[0]


def test_thickness_that_differs_is_not_given(dicom_folder):
    def edit(dataset, slice_number, phase):
        dataset.SliceThickness = 6 + slice_number

    assert read_sequence(dicom_folder(edit)).slice_thickness is None


def test_single_phase_is_one_frame(dicom_folder, pixels_of):
    sequence = read_sequence(dicom_folder(phases=1))
    assert_is_the_stack(sequence, pixels_of, phases=1)
    assert sequence.times == (0,)


def test_phases_are_matched_by_number_where_rr_differs(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.TriggerTime = [40.0, 50.0, 42.0000015][slice_number] * phase

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (0, 42, 84, 126)
    assert len(sequence.notes) == 1
    assert "RR interval differs between slices (the last phase is at 120-150 ms)" in sequence.notes[0]
    assert "matched by number" in sequence.notes[0]


def test_image_numbers_do_not_matter_where_there_are_trigger_times(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.InstanceNumber = 100 - phase

    assert_is_the_stack(read_sequence(dicom_folder(edit)), pixels_of)


@pytest.mark.parametrize("trigger", [None, "", 0.0])
def test_time_of_acquisition_stands_in_for_the_trigger_time(trigger, dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.TriggerTime = trigger
        dataset.AcquisitionTime = f"{235959 if phase < 2 else 0:06d}.{[100, 900, 100, 900][phase]}"
        dataset.AcquisitionDate = "20241231" if phase < 2 else "20250101"
        dataset.InstanceNumber = 100 - phase

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    np.testing.assert_allclose(sequence.times, (0, 800, 1000, 1800), atol=1e-3)
    assert (sequence.index_name, sequence.unit) == ("time", "ms")
    assert "no trigger times" in sequence.notes[0]


@pytest.mark.parametrize("acquired", ["", "101500", "no time"])
def test_image_number_is_the_last_resort(acquired, dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        del dataset.TriggerTime
        dataset.add_new("AcquisitionTime", "LO", acquired)
        dataset.InstanceNumber = 5 * phase + slice_number

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0, 1, 2, 3), "frame", "")
    assert "numbered" in sequence.notes[0]


def test_phases_that_the_header_promises_are_missed(dicom_folder):
    def edit(dataset, slice_number, phase):
        dataset.CardiacNumberOfImages = 5

    assert "announce 5 phases, 4 are there" in read_sequence(dicom_folder(edit)).notes[0]


def drop(*wanted):
    return lambda dataset, slice_number, phase: (slice_number, phase) not in wanted


def change(only_slice=None, only_phase=None, **values):
    def edit(dataset, slice_number, phase):
        if only_slice in (None, slice_number) and only_phase in (None, phase):
            for name, value in values.items():
                setattr(dataset, name, value)

    return edit


def move(slice_number, along_k=0.0, along_i=0.0):
    def edit(dataset, number, phase):
        if number == slice_number:
            axes = np.reshape(np.array(dataset.ImageOrientationPatient, dtype=float), (2, 3))
            normal = np.cross(*axes)
            position = np.array(dataset.ImagePositionPatient, dtype=float) + along_k * normal + along_i * axes[0]
            dataset.ImagePositionPatient = [round(x, 9) for x in position]

    return edit


def tilt(slice_number, degrees):
    def edit(dataset, number, phase):
        if number == slice_number:
            i, j = np.reshape(np.array(dataset.ImageOrientationPatient, dtype=float), (2, 3))
            turned = np.cos(np.radians(degrees)) * j + np.sin(np.radians(degrees)) * np.cross(i, j)
            dataset.ImageOrientationPatient = [round(x, 9) for x in [*i, *turned]]

    return edit


def second_stack(dataset, slice_number, phase):
    if slice_number == 2:
        dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
        dataset.SeriesDescription = "cine_2ch"


def without_order(dataset, slice_number, phase):
    del dataset.TriggerTime
    del dataset.InstanceNumber


def two_kernels(dataset, slice_number, phase):
    """The same place in several series, without anything that tells their times."""
    del dataset.TriggerTime
    dataset.SeriesInstanceUID = f"1.2.3.{phase}"
    dataset.InstanceNumber = 10 * phase + slice_number


@pytest.mark.parametrize(
    ("edit", "slices", "message"),
    [
        (drop((1, 2)), 3, r"same number of phases: 4 in most, but 3 in series 11 'cine_sax' in Se1"),
        (drop((0, 0), (0, 1), (0, 2)), 3, r"4 in most, but 1 in series 10 'cine_sax' in Se0"),
        (drop((1, 0), (1, 1), (1, 2), (1, 3)), 4, r"8\.00 mm apart, but 16\.00 mm between series 10 .* and series 12"),
        (move(1, along_k=1.0), 4, r"8\.00 mm apart, but 9\.00 mm between series 10 'cine_sax' in Se0 and series 11"),
        (move(1, along_i=0.3), 3, r"series 11 'cine_sax' in Se1 is shifted by 0\.30 mm within its plane"),
        (tilt(2, 2.0), 3, r"not parallel: series 12 'cine_sax' in Se2 is turned by 2\.0 degrees against series 10"),
        (tilt(2, 90.0), 3, r"more than one cine.*\n- series 10 .*: 2 slices x 4 phases.*\n- series 12 .*: 1 sl"),
        (second_stack, 3, r"more than one cine.*\n.*2 slices x 4 phases, 4 x 5 pixels\n- series 12 'cine_2ch'"),
        (change(2, None, PixelSpacing=[1.5, 1.3]), 3, r"more than one cine.*\n- series 10 .*\n- series 12 .* in Se2"),
        (change(2, None, StudyInstanceUID="1.9"), 3, r"more than one cine.*\n- series 10 .*\n- series 12 .* in Se2"),
        (change(1, 3, PixelSpacing=[2, 2]), 3, r"images of series 11 'cine_sax' in Se1 differ in size, pixel spacing"),
        (change(1, 3, ImageOrientationPatient=[1, 0, 0, 0, 1, 0]), 3, r"images of series 11 .* differ in size, pixel"),
        (change(1, 3, TriggerTime=80.0), 3, r"same place and time: Se1/.* of series 11 .* and Se1/.* of series 11"),
        (without_order, 3, r"nothing in the headers tells the order of the 4 images"),
        (two_kernels, 3, r"nothing in the headers tells the order of the 4 images.*several series"),
        (change(1, 1, ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), 3, r"Se1/.*not at right angles"),
        (change(1, 1, PixelSpacing=[]), 3, r"Se1/.*header cannot be understood"),
    ],
)  # fmt: skip
def test_stack_that_does_not_fit_together_is_refused(edit, slices, message, dicom_folder):
    with pytest.raises(InvalidInputError, match=message):
        read_sequence(dicom_folder(edit, slices=slices))


def test_different_sizes_are_refused(dicom_folder):
    def edit(dataset, slice_number, phase):
        if (slice_number, phase) == (1, 3):
            dataset.Rows, dataset.Columns = 5, 4

    with pytest.raises(InvalidInputError, match=r"images of series 11 'cine_sax' in Se1 differ in size"):
        read_sequence(dicom_folder(edit))


def test_image_copied_twice_is_refused(dicom_folder):
    folder = dicom_folder()
    original = sorted((folder / "Se1").iterdir())[0]
    shutil.copy(original, folder / "Se1" / "copy.dcm")
    with pytest.raises(InvalidInputError, match="4 in most, but 5 in series 11"):
        read_sequence(folder)


def test_small_differences_in_the_headers_are_rounding(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        random = np.random.default_rng([slice_number, phase])
        for name, size in (("ImagePositionPatient", 0.01), ("ImageOrientationPatient", 1e-4)):
            noisy = np.array(getattr(dataset, name), dtype=float) + random.uniform(
                -size, size, len(getattr(dataset, name))
            )
            setattr(dataset, name, [round(x, 6) for x in noisy])

    assert_is_the_stack(read_sequence(dicom_folder(edit)), pixels_of)


def test_what_does_not_move_is_left_out_and_noted(dicom_folder, make_image, pixels_of, save_dicom):
    folder = dicom_folder()
    for number in range(2):
        localiser = make_image(number, 0)
        localiser.SeriesInstanceUID, localiser.SeriesNumber, localiser.SeriesDescription = "1.9", 1, "localiser"
        localiser.ImageOrientationPatient = [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]][number]
        save_dicom(localiser, folder / f"loc{number}.dcm")
    capture = make_image(0, 0)
    del capture.ImagePositionPatient
    save_dicom(capture, folder / "capture.dcm")
    sequence = read_sequence(folder)
    assert_is_the_stack(sequence, pixels_of)
    assert [note[:30] for note in sequence.notes] == ["Left out: series 1 'localiser'"] * 2 + [
        "Left out: 1 images that do not"
    ]


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


def test_folder_without_images_is_refused(dicom_folder):
    def edit(dataset, slice_number, phase):
        dataset.SOPClassUID = ComprehensiveSRStorage
        del dataset.PixelData

    with pytest.raises(InvalidInputError, match="no DICOM image"):
        read_sequence(dicom_folder(edit))


def test_images_without_position_are_counted(dicom_folder):
    def edit(dataset, slice_number, phase):
        del dataset.ImagePositionPatient

    with pytest.raises(InvalidInputError, match="12 images do not say where in the patient they lie"):
        read_sequence(dicom_folder(edit))


def test_single_image_of_a_cine_points_to_its_folder(dicom_folder):
    path = next(dicom_folder().rglob("*.dcm"))
    with pytest.raises(InvalidInputError, match=r"\.dcm: this file holds a single image; choose the folder"):
        read_sequence(path)


CUTS = [140, 300, 500, -45, -10]


@pytest.mark.parametrize(("left", "named"), [(0, True), (100, True), *itertools.product(CUTS, [True, False])])
def test_file_cut_short_is_named(left, named, dicom_folder):
    folder = dicom_folder()
    path = sorted((folder / "Se1").iterdir())[2]
    path.write_bytes(path.read_bytes()[:left])
    path = path if named else path.rename(path.with_suffix(""))
    with pytest.raises(InvalidInputError, match=rf"{path.name}.*(cut short|damaged)"):
        read_sequence(folder)


@pytest.mark.parametrize(
    ("slope", "intercept", "signed", "expected_type"),
    [
        (1, 0, 0, "uint16"),
        (1, 0, 1, "int16"),
        (1, -1024, 0, "int16"),
        (2, 100, 0, "int16"),
        (10, 0, 0, "uint16"),
        (100, -5, 0, "int32"),
        (0.5, 0, 0, "float32"),
        (1, 0.25, 0, "float32"),
    ],
)
def test_rescaling_gives_integers_where_it_can(slope, intercept, signed, expected_type, dicom_folder, pixels_of):
    edit = change(
        RescaleSlope=slope, RescaleIntercept=intercept, PixelRepresentation=signed, BitsStored=16 if signed else 12
    )
    sequence = read_sequence(dicom_folder(edit))
    assert sequence.volumes[0].array.dtype == expected_type
    np.testing.assert_array_equal(sequence.volumes[3].array[2], pixels_of(2, 3) * float(slope) + intercept)


def test_rescaling_that_differs_from_image_to_image(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.RescaleSlope, dataset.RescaleIntercept = 1 + slice_number, phase

    sequence = read_sequence(dicom_folder(edit))
    np.testing.assert_array_equal(sequence.volumes[3].array[2], 3 * pixels_of(2, 3).astype(int) + 3)


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


def test_real_short_axis_cine(real_data):
    folder = real_data / "cine-sax-dicom"
    sequence = read_sequence(folder)
    volume = sequence.volumes[8]
    assert len(sequence) == 25
    assert volume.array.shape == (6, 208, 256)
    assert volume.array.dtype == np.uint16
    np.testing.assert_allclose(volume.geometry.spacing, (1.40625, 1.40625, 17.7), atol=1e-3)
    assert np.linalg.det(volume.geometry.direction) == pytest.approx(1)
    assert sequence.slice_thickness == 6
    assert sequence.times[0] == 0
    assert 745 < sequence.times[-1] < 828
    assert "(the last phase is at 745-828 ms)" in sequence.notes[0]
    for name in ["Se1", "Se2", "Se3", "Se4", "Se5", "Se11"]:
        headers = [pydicom.dcmread(path) for path in (folder / name).iterdir()]
        header = next(header for header in headers if header.InstanceNumber == 9)
        place = np.linalg.norm(
            [volume.geometry.physical_point((k, 0, 0)) - np.array(header.ImagePositionPatient) for k in range(6)],
            axis=1,
        )
        assert place.min() < 0.01
        np.testing.assert_array_equal(volume.array[place.argmin()], header.pixel_array)


def test_real_two_chamber_cine(real_data):
    sequence = read_sequence(real_data / "cine-2ch-dicom")
    assert len(sequence) == 25
    assert sequence.volumes[0].array.shape == (1, 256, 208)
    assert sequence.times[-1] == 936
    assert sequence.notes == ()


def test_two_real_cines_of_one_heart_agree_where_they_cross(real_data):
    """Long-axis pixels that lie in a short-axis slice look the same there; mirrored volumes agree by less than 0.4."""
    short, long = (read_sequence(real_data / name).volumes[0] for name in ("cine-sax-dicom", "cine-2ch-dicom"))
    rows, columns = np.indices(long.array.shape[1:])
    steps = np.stack([columns.ravel(), rows.ravel(), np.zeros(rows.size)])
    points = np.reshape(long.geometry.origin, (3, 1)) + long.geometry.voxel_to_physical @ steps
    offset = points - np.reshape(short.geometry.origin, (3, 1))
    i, j, k = np.linalg.solve(short.geometry.voxel_to_physical, offset)
    near, (slices, height, width) = np.rint([k, j, i]).astype(int), short.array.shape
    inside = (abs(k - near[0]) < 0.08) & (near >= 0).all(0) & (near < [[slices], [height], [width]]).all(0)
    assert inside.sum() > 3000
    assert np.corrcoef(short.array[tuple(near[:, inside])], long.array.ravel()[inside])[0, 1] > 0.75


def test_two_real_cines_in_one_folder_are_listed(real_data):
    with pytest.raises(InvalidInputError, match=r"more than one cine") as caught:
        read_sequence(real_data)
    assert "'cine_trufi_retro 2CH' in cine-2ch-dicom: 1 slices x 25 phases, 256 x 208" in str(caught.value)
    assert "6 slices x 25 phases, 208 x 256 pixels" in str(caught.value)
