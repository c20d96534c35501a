"""The order and times of the phases of a DICOM cine."""

import numpy as np
import pytest

from dicom_files import assert_is_the_stack
from temporal_interp.io import read_sequence


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
