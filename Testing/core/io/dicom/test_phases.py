"""The order and times of the phases of a DICOM cine."""

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

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


class TestPeriod:
    """When the phases are one whole cycle. They are 4, one every 40 ms, in 3 slices."""

    @staticmethod
    def cycle_of(cycle, announced=None):
        def edit(dataset, slice_number, phase):
            dataset.NominalInterval = cycle
            if announced is not None:
                dataset.CardiacNumberOfImages = announced

        return edit

    @pytest.mark.parametrize(("cycle", "announced"), [(160, None), (160, 4), (141, 4), (179, 4)])
    def test_is_the_rr_interval_that_the_phases_fill(self, cycle, announced, dicom_folder, pixels_of):
        sequence = read_sequence(dicom_folder(self.cycle_of(cycle, announced)))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.period == cycle

    @pytest.mark.parametrize(
        ("cycle", "announced"),
        [
            (None, None),
            ("", None),
            (0, None),
            (140, None),  # the phases last half a step longer
            (180, None),  # prospective gating leaves out the end of the cycle
            (200, None),
            (160, 5),
            (160, 3),
        ],
    )
    def test_is_unknown_where_the_phases_are_not_the_whole_rr_interval(self, cycle, announced, dicom_folder):
        assert read_sequence(dicom_folder(self.cycle_of(cycle, announced))).period is None

    @pytest.mark.filterwarnings("ignore:Invalid value for VR IS", "ignore:Value .* is not valid")
    @pytest.mark.parametrize(("text", "period"), [(b"160 ms", None), (b"long", None), (b"160.5", 160.5)])
    def test_is_unknown_where_the_rr_interval_is_no_number(self, text, period, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            dataset._dict[Tag("NominalInterval")] = RawDataElement(
                Tag("NominalInterval"), "IS", len(text), text, 0, False, True
            )

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.period == period

    def test_is_the_median_over_the_slices_as_the_times_are(self, dicom_folder):
        def edit(dataset, slice_number, phase):
            step = [40, 50, 43][slice_number]
            dataset.TriggerTime, dataset.NominalInterval = step * phase, 4 * step

        sequence = read_sequence(dicom_folder(edit))
        assert (sequence.times, sequence.period) == ((0, 43, 86, 129), 172)

    @pytest.mark.parametrize("interval", [None, 200])
    def test_is_unknown_where_one_slice_is_not_whole(self, interval, dicom_folder):
        def edit(dataset, slice_number, phase):
            dataset.NominalInterval = interval if slice_number == 1 else 160

        assert read_sequence(dicom_folder(edit)).period is None

    def test_is_unknown_where_the_phases_of_a_slice_disagree(self, dicom_folder):
        def edit(dataset, slice_number, phase):
            dataset.NominalInterval = 160 + phase

        assert read_sequence(dicom_folder(edit)).period is None

    def test_is_unknown_where_the_median_times_are_not_whole_though_those_of_every_slice_are(self, dicom_folder):
        def edit(dataset, slice_number, phase):
            first, step = [(0, 40), (100, 40), (50, 60)][slice_number]
            dataset.TriggerTime, dataset.NominalInterval = first + step * phase, 4 * step

        sequence = read_sequence(dicom_folder(edit))
        assert (sequence.times, sequence.period) == ((50, 110, 170, 220), None)

    def test_is_unknown_where_the_last_gap_is_not_like_the_others(self, dicom_folder):
        def edit(dataset, slice_number, phase):
            dataset.TriggerTime, dataset.NominalInterval = (0, 40, 80, 200)[phase], 160

        assert read_sequence(dicom_folder(edit)).period is None

    @pytest.mark.parametrize("lost", [0, 1, 3])
    def test_is_unknown_where_a_phase_is_lost(self, lost, dicom_folder):
        def edit(dataset, slice_number, phase):
            dataset.NominalInterval = 200
            return phase != lost

        sequence = read_sequence(dicom_folder(edit, phases=5))
        assert (len(sequence), sequence.period) == (4, None)

    def test_is_unknown_where_the_times_are_those_of_the_clock(self, dicom_folder):
        def edit(dataset, slice_number, phase):
            del dataset.TriggerTime
            dataset.NominalInterval = 4000
            dataset.AcquisitionTime = f"{101500 + phase}"

        sequence = read_sequence(dicom_folder(edit))
        assert (sequence.times, sequence.period) == ((0, 1000, 2000, 3000), None)

    @pytest.mark.parametrize(
        ("percents", "period"),
        [
            ((0, 25, 50, 75), 100),
            ((12.5, 37.5, 62.5, 87.5), 100),
            ((0, 10, 20, 30), None),
            ((0, 20, 50, 75), None),
            ((0, 33, 66, 99), None),
        ],
    )
    def test_of_percentages_is_100_where_they_are_even_and_make_it_up(self, percents, period, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            del dataset.TriggerTime
            dataset.NominalInterval = 100
            dataset.SeriesDescription = f"Gated, {percents[phase]}%"
            dataset.SeriesInstanceUID = f"1.2.4.{phase}"

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert (sequence.unit, sequence.times, sequence.period) == ("%", percents, period)

    @pytest.mark.parametrize(("place", "period"), [("cine-2ch-dicom", 975), ("cine-sax-dicom", 830)])
    def test_of_the_real_cines(self, place, period, real_data):
        sequence = read_sequence(real_data / place)
        assert sequence.period == period
        assert sequence.gaps[-1].stop - sequence.times[-1] == pytest.approx(sequence.times[1], abs=0.1)
