"""Stacks of DICOM images: which belong together, their order in space, and their voxels."""

import shutil

import numpy as np
import pydicom
import pytest

from dicom_files import assert_is_the_stack
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence


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


def as_ct(along_i=0.0, along_j=0.0, along_k=0.0):
    """Slices of a CT, each shifted against the one before, and further from it the higher it lies."""

    def edit(dataset, number, phase):
        dataset.Modality = "CT"
        i, j = np.reshape(np.array(dataset.ImageOrientationPatient, dtype=float), (2, 3))
        shift = number * (along_i * i + along_j * j) + number**2 * along_k * np.cross(i, j)
        position = np.array(dataset.ImagePositionPatient, dtype=float) + shift
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
        (tilt(2, 90.0), 3, r"(?s)more than one cine.*\n10, 11 +cine_sax +4 +2 .*\n12 +cine_sax +4 +1 "),
        (second_stack, 3, r"(?s)more than one cine.*\n10, 11 .* 4 +2 +5 x 4 .*\n12 +cine_2ch"),
        (change(2, None, PixelSpacing=[1.5, 1.3]), 3, r"(?s)more than one cine.*\n10, 11 .*\n12 .* Se2"),
        (change(2, None, StudyInstanceUID="1.9"), 3, r"(?s)more than one cine.*\n10, 11 .*\n12 .* Se2"),
        (change(1, 3, PixelSpacing=[2, 2]), 3, r"images of series 11 'cine_sax' in Se1 differ in size, pixel spacing"),
        (change(1, 3, ImageOrientationPatient=[1, 0, 0, 0, 1, 0]), 3, r"images of series 11 .* differ in size, pixel"),
        (without_order, 3, r"nothing in the headers tells the order of the 4 images"),
        (two_kernels, 3, r"nothing in the headers tells the order of the 4 images.*several series"),
        (change(1, 1, ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), 3, r"Se1/.*not at right angles"),
        (change(1, 1, PixelSpacing=[]), 3, r"Se1/.*header cannot be understood"),
    ],
)  # fmt: skip
def test_stack_that_does_not_fit_together_is_refused(edit, slices, message, dicom_folder):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=message):
        read_sequence(dicom_folder(edit, slices=slices))


def test_a_tilted_gantry_is_said_to_be_one(dicom_folder):
    edit = as_ct(along_i=8 * np.tan(np.radians(6.0)), along_j=8 * np.tan(np.radians(8.0)))
    degrees = np.degrees(np.arctan(np.hypot(np.tan(np.radians(6.0)), np.tan(np.radians(8.0)))))
    with pytest.raises(InvalidInputError, match=rf"within its plane.*gantry was tilted by {degrees:.1f} degrees"):
        read_sequence(dicom_folder(edit, slices=5, phases=1))


@pytest.mark.parametrize(("edit", "slices"), [(move(1, along_i=0.3), 4), (as_ct(along_i=1.0), 2)])
def test_a_slice_that_lies_beside_is_no_tilted_gantry(edit, slices, dicom_folder):
    with pytest.raises(InvalidInputError, match="within its plane") as error:
        read_sequence(dicom_folder(edit, slices=slices, phases=1))
    assert "gantry" not in str(error.value)


def test_uneven_distances_of_a_ct_are_refused_with_a_way_out(dicom_folder):
    with pytest.raises(InvalidInputError, match=r"mm apart, but .*uneven distances; then resample"):
        read_sequence(dicom_folder(as_ct(along_k=0.5), slices=5, phases=1))


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
