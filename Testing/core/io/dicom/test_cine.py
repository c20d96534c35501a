"""Which images of a folder are the cine, and what is left out."""

import re

import pytest
from pydicom.uid import ComprehensiveSRStorage

from dicom_files import assert_is_the_stack
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence


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
