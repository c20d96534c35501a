"""Which images of a folder are the cine, and what is left out."""

import re

import numpy as np
import pytest
from pydicom.uid import ComprehensiveSRStorage

from dicom_files import assert_is_the_stack
from temporal_interp.errors import AmbiguousInputError, InvalidInputError, UnreadableFileError
from temporal_interp.io import candidates, read_sequence


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
    assert [note[:30] for note in sequence.notes] == [
        "Left out: series 1.1 'localise",
        "Left out: series 1.2 'localise",
        "Left out: 1 images that do not",
    ]


def test_folder_without_images_is_refused(dicom_folder):
    def edit(dataset, slice_number, phase):
        dataset.SOPClassUID = ComprehensiveSRStorage
        del dataset.PixelData

    with pytest.raises(UnreadableFileError, match="no DICOM image"):
        read_sequence(dicom_folder(edit))


def test_images_without_position_are_counted(dicom_folder):
    def edit(dataset, slice_number, phase):
        del dataset.ImagePositionPatient

    with pytest.raises(UnreadableFileError, match="12 images do not say where in the patient they lie"):
        read_sequence(dicom_folder(edit))


def test_single_image_of_a_cine_points_to_its_folder(dicom_folder):
    path = next(dicom_folder().rglob("*.dcm"))
    with pytest.raises(InvalidInputError, match=r"\.dcm: this file holds a single image; choose the folder"):
        read_sequence(path)


def test_two_real_cines_in_one_folder_are_listed(real_data):
    with pytest.raises(InvalidInputError, match=r"more than one cine") as caught:
        read_sequence(real_data)
    assert re.search(r"cine_trufi_retro 2CH +25 +1 +208 x 256 +0 to 936 ms +cine-2ch-dicom", str(caught.value))
    assert re.search(r"25 +6 +256 x 208 ", str(caught.value))


@pytest.mark.parametrize(
    ("series", "read"),
    [
        ("10-12", "10-12"),
        ("10-11", "10, 11"),
        ("010,12,", "10, 12"),
        ("1.2.3.0, 12", "10, 12"),
        ([10, "11-12"], "10-12"),
    ],
)
def test_series_are_named_by_ranges_and_lists(series, read, dicom_folder, pixels_of):
    numbers = {"10-12": (0, 1, 2), "10, 11": (0, 1), "10, 12": (0, 2)}[read]
    sequence = read_sequence(dicom_folder(), series=series)
    for phase, volume in enumerate(sequence.volumes):
        np.testing.assert_array_equal(volume.array, [pixels_of(number, phase) for number in numbers])


def test_a_series_that_is_not_there_is_named(dicom_folder):
    with pytest.raises(InvalidInputError, match=r"there is no series 99\. There are:\n"):
        read_sequence(dicom_folder(), series="10,99")


def test_a_series_that_is_read_with_others_has_a_note(dicom_folder):
    folder = dicom_folder()
    assert "Series 11 was read with the others of its cine: 10-12." in read_sequence(folder, series="11").notes
    for series in (None, "10-12", "10,11,12", "cine_sax"):
        assert read_sequence(folder, series=series).notes == ()


@pytest.mark.parametrize("slices", [1, 3])
def test_a_single_tilted_image_in_the_series_of_the_cine_is_left_out(
    slices, dicom_folder, make_image, save_dicom, pixels_of
):
    folder = dicom_folder(slices=slices)
    scout = make_image(0, 9)
    scout.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    save_dicom(scout, folder / "scout.dcm")
    sequence = read_sequence(folder)
    assert_is_the_stack(sequence, pixels_of, slices=slices)
    assert any("Left out" in note and "1 slices x 1 phases" in note for note in sequence.notes)


def test_a_candidate_is_read_by_its_number_in_the_list(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.5", 5
        if slice_number:
            dataset.ImageOrientationPatient = [1, 0, 0, 0, *np.round([np.cos(slice_number), np.sin(slice_number)], 9)]

    folder = dicom_folder(edit)
    assert [one.number for one in candidates(folder)] == ["5.1", "5.2", "5.3"]
    with pytest.raises(AmbiguousInputError):
        read_sequence(folder)
    for number in range(3):
        array = read_sequence(folder, series=f"5.{number + 1}").to_numpy()
        np.testing.assert_array_equal(array[:, 0], [pixels_of(number, phase) for phase in range(4)])
