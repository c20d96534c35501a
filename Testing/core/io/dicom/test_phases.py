"""The order and times of the phases of a DICOM cine."""

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from dicom_files import assert_is_the_stack
from temporal_interp.errors import InvalidInputError
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


def one_series(dataset, slice_number, phase):
    """All images in one series, their numbers in no useful order, and no times."""
    del dataset.TriggerTime
    dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.3.9", 9
    dataset.InstanceNumber = (5, 2, 11, 7, 0, 9, 4, 10, 8, 1, 3, 6)[4 * slice_number + phase]


def one_series_per_phase(dataset, slice_number, phase):
    del dataset.TriggerTime
    dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.2.4.{phase}", 20 + phase
    dataset.InstanceNumber = slice_number


class TestOrder:
    """4 phases in 3 slices, image numbers jumbled."""

    @pytest.mark.parametrize(
        "keyword", ["TemporalPositionIdentifier", "NominalPercentageOfCardiacPhase", "TriggerTime"]
    )
    def test_comes_from_the_entry_that_tells_it(self, keyword, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series(dataset, slice_number, phase)
            setattr(dataset, keyword, 10 * phase + 10)

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        expected = (0, 1, 2, 3) if keyword == "TemporalPositionIdentifier" else (10, 20, 30, 40)
        assert sequence.times == expected

    def test_of_an_index_goes_with_the_times_that_fit_to_it(self, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series(dataset, slice_number, phase)
            dataset.TemporalPositionIdentifier, dataset.TriggerTime = phase + 1, 30 * phase

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert (sequence.times, sequence.unit, sequence.notes) == ((0, 30, 60, 90), "ms", ())

    def test_of_an_index_stays_where_times_contradict_it(self, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series(dataset, slice_number, phase)
            dataset.TemporalPositionIdentifier, dataset.TriggerTime = phase + 1, 30 * (3 - phase)

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.index_name == "frame"

    @pytest.mark.parametrize(
        ("position", "note"),
        [
            (lambda k, p: 1, None),
            (lambda k, p: 1 + p // 2, "TemporalPositionIdentifier is 1 on both"),
            (lambda k, p: 1 + 4 * k + p, "TemporalPositionIdentifier has other values in some slices"),
            (lambda k, p: None if (k, p) == (1, 2) else 1 + p, "TemporalPositionIdentifier is missing on 1 of 12"),
        ],
    )
    def test_of_an_index_that_contradicts_itself_gives_way(self, position, note, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            dataset.TemporalPositionIdentifier = position(slice_number, phase)

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.times == (0, 40, 80, 120)
        assert note in sequence.notes[0] if note else sequence.notes == ()

    def test_by_trigger_times_gives_way_where_two_images_of_a_slice_have_one(self, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            if (slice_number, phase) == (1, 3):
                dataset.TriggerTime = 80.0

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.times == (0, 1, 2, 3)
        assert "TriggerTime is 80 on both Se1/" in sequence.notes[0]

    @pytest.mark.parametrize(
        "numbering",
        [
            lambda k, p: 4 * k + p,
            lambda k, p: 3 * p + k,
            lambda k, p: 3 * p + (k if p % 2 else 2 - k),
            lambda k, p: 10 * k + p + (p > 1),
        ],
    )
    def test_by_image_numbers_needs_a_pattern(self, numbering, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series(dataset, slice_number, phase)
            dataset.InstanceNumber = numbering(slice_number, phase)

        assert_is_the_stack(read_sequence(dicom_folder(edit)), pixels_of)

    def test_by_image_numbers_without_a_pattern_is_refused(self, dicom_folder):
        with pytest.raises(InvalidInputError, match="InstanceNumber does not follow the same pattern in all slices"):
            read_sequence(dicom_folder(one_series))


class TestClock:
    TIMES = ("235950", "235954", "235958", "000002")

    @pytest.mark.parametrize("date", [lambda p: None, lambda p: "20200101", lambda p: None if p == 1 else "20200101"])
    def test_goes_on_after_midnight_where_the_date_does_not(self, date, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series(dataset, slice_number, phase)
            dataset.AcquisitionTime, dataset.AcquisitionDate = self.TIMES[phase], date(phase)

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.times == (0, 4000, 8000, 12000)

    def test_tells_the_phases_of_several_series(self, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series_per_phase(dataset, slice_number, phase)
            dataset.ContentTime = f"10101{2 * phase}"
            if (slice_number, phase) != (1, 2):
                dataset.AcquisitionTime = f"10101{phase}"

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.times == (0, 2000, 4000, 6000)
        assert "AcquisitionTime is missing on 1 of 12 images" in sequence.notes[0]

    def test_is_no_clue_where_a_series_would_be_torn_apart(self, dicom_folder):
        def edit(dataset, slice_number, phase):
            one_series_per_phase(dataset, slice_number, phase)
            dataset.AcquisitionTime = f"10101{(phase + slice_number) % 4}"

        with pytest.raises(InvalidInputError, match="AcquisitionTime puts images of one series into several phases"):
            read_sequence(dicom_folder(edit))

    def test_of_reconstruction_is_no_clue(self, dicom_folder, pixels_of):
        """Its steps differ from slice to slice."""

        def edit(dataset, slice_number, phase):
            del dataset.TriggerTime
            dataset.ContentTime = f"101010.{100 * phase + 40 * ((7 * slice_number + 5 * phase) % 3):03d}"

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.index_name == "frame"
        assert "ContentTime does not rise in the same way" in sequence.notes[0]


class TestNames:
    """4 phases, each a series with a name."""

    @pytest.mark.parametrize(
        ("names", "times", "unit"),
        [
            (("0% In", "100% In", "50% Ex", "0% Ex"), (0, 50, 75, 100), "%"),
            (("0% In", "50% In", "100% In", "100% Ex"), (0, 1, 2, 3), ""),
            (("100% Ex", "66% Ex", "33% Ex", "0% Ex"), (50, 67, 83.5, 100), "%"),
            (("0% In", "10% In", "20% In", "30% In"), (0, 10, 20, 30), "%"),
            (("ASiR-V 40% 0%", "ASiR-V 40% 10%", "ASiR-V 40% 20%", "ASiR-V 40% 30%"), (0, 10, 20, 30), "%"),
        ],
    )
    def test_tell_the_phase_of_a_breath(self, names, times, unit, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series_per_phase(dataset, slice_number, phase)
            dataset.SeriesDescription = f"Thorax {names[phase]}"

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert (sequence.times, sequence.unit) == (times, unit)

    def test_with_numbers_of_phases_are_no_percentages(self, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            one_series_per_phase(dataset, slice_number, phase)
            dataset.SeriesDescription, dataset.AcquisitionTime = f"LAVA phase {phase + 1}", f"10101{phase}"

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert (sequence.times, sequence.unit) == ((0, 1000, 2000, 3000), "ms")


class TestContradiction:
    @pytest.mark.parametrize(
        ("slice_number", "phase", "time", "message"),
        [
            (1, 2, -40, "slices 0 and 1 do not fit together at phase"),
            (1, 2, 1e6, "the phases of slice 0 span 120, those of slice 1 span 1e"),
            (2, 1, 119, "do not fit together"),
        ],
    )
    def test_of_one_trigger_time_is_refused_with_a_table(self, slice_number, phase, time, message, dicom_folder):
        def edit(dataset, *place):
            if place == (slice_number, phase):
                dataset.TriggerTime = time

        with pytest.raises(
            InvalidInputError, match=rf"{message}(?s:.*)TriggerTime, ms +phase 0(?s:.*)slice {slice_number} "
        ):
            read_sequence(dicom_folder(edit))

    def test_of_two_times_that_were_swapped_is_seen_by_the_image_numbers(self, dicom_folder):
        def edit(dataset, slice_number, phase):
            if slice_number == 1:
                dataset.TriggerTime = (0, 80, 40, 120)[phase]

        with pytest.raises(InvalidInputError, match=r"slice 1 alone is not in the order(?s:.*)slice 1 .* 40 #3 +80 #2"):
            read_sequence(dicom_folder(edit))

    def test_is_none_where_slices_have_an_offset(self, dicom_folder, pixels_of):
        def edit(dataset, slice_number, phase):
            dataset.TriggerTime = 40 * phase + 13 * slice_number

        sequence = read_sequence(dicom_folder(edit))
        assert_is_the_stack(sequence, pixels_of)
        assert sequence.times == (13, 53, 93, 133)
        assert "up to 26 ms apart" in sequence.notes[0]


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


def test_percentages_must_be_the_same_in_all_slices(dicom_folder, pixels_of):
    def folder_of(shift, name):
        def edit(dataset, slice_number, phase):
            del dataset.TriggerTime
            dataset.NominalPercentageOfCardiacPhase = 10.0 * phase + (shift if slice_number == 1 else 0)

        return dicom_folder(edit, name=name)

    with pytest.raises(InvalidInputError, match=r"slices 0 and 1 have other percentages, 0 and 10[^#]*phase 0"):
        read_sequence(folder_of(10, "shifted"))
    assert_is_the_stack(read_sequence(folder_of(0.5, "rounded")), pixels_of)


@pytest.mark.parametrize("pace", [1, 1.02])
@pytest.mark.parametrize("entry", ["TriggerTime", "TemporalPositionIdentifier", "NominalPercentageOfCardiacPhase"])
def test_slices_that_lack_different_phases_are_refused(entry, pace, dicom_folder):
    def edit(dataset, slice_number, phase):
        del dataset.TriggerTime
        dataset.CardiacNumberOfImages = 6
        own = pace if entry == "TriggerTime" and slice_number == 1 else 1
        setattr(dataset, entry, {"TriggerTime": 40.0, "TemporalPositionIdentifier": 1}.get(entry, 10.0) * phase * own)
        return phase != (5 if slice_number == 2 else 0)

    with pytest.raises(InvalidInputError, match=rf"contradict each other(?s:.*)\n{entry}, "):
        read_sequence(dicom_folder(edit, phases=6))


def test_positions_that_count_on_from_slice_to_slice_do_not_lack_phases(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.TemporalPositionIdentifier = 4 * slice_number + phase + 1

    assert_is_the_stack(read_sequence(dicom_folder(edit)), pixels_of)


@pytest.mark.parametrize("wrong", [1000.0, 41.0, -1.0, 1e9])
@pytest.mark.parametrize("slices", [1, 2, 3])
def test_one_wrong_time_is_refused_however_many_slices_there_are(slices, wrong, dicom_folder):
    def edit(dataset, slice_number, phase):
        if (slice_number, phase) == (0, 3):
            dataset.TriggerTime = wrong

    with pytest.raises(InvalidInputError, match="contradict each other"):
        read_sequence(dicom_folder(edit, slices=slices, phases=6))


@pytest.mark.parametrize("numbers", [(6, 1, 2, 3, 4, 5), (2, 3, 4, 5, 6, 1), (1, 2, 4, 3, 5, 6), (4, 1, 6, 2, 5, 3)])
def test_image_numbers_out_of_order_do_not_matter_where_times_are_even(numbers, dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.InstanceNumber = numbers[phase]

    assert_is_the_stack(read_sequence(dicom_folder(edit, slices=1, phases=6)), pixels_of, slices=1, phases=6)


@pytest.mark.parametrize("step", [0.4, 1.0])
def test_a_clock_that_is_shifted_by_a_phase_is_refused_unless_it_tells_only_seconds(step, dicom_folder):
    def edit(dataset, slice_number, phase):
        del dataset.TriggerTime
        dataset.AcquisitionTime = f"{101010 + step * (phase + (slice_number == 2)):.3f}"
        dataset.InstanceNumber = phase + (2 if slice_number < 2 else 1)

    if step < 1:
        with pytest.raises(InvalidInputError, match="slice 2 begins a whole phase after slice 0"):
            read_sequence(dicom_folder(edit))
    else:
        assert read_sequence(dicom_folder(edit)).times == (0, 1000, 2000, 3000)


def test_an_offset_of_a_whole_phase_is_none_where_no_image_is_lacking(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.TriggerTime = 40.0 * (phase + slice_number)

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (40, 80, 120, 160)


@pytest.mark.parametrize("agree", [True, False])
def test_image_numbers_that_contradict_the_time_of_the_content_have_a_note(agree, dicom_folder):
    def edit(dataset, slice_number, phase):
        del dataset.TriggerTime
        dataset.ContentTime = f"{101010 + (phase if agree else 9 - phase)}"

    notes = read_sequence(dicom_folder(edit)).notes
    assert any("another order than ContentTime" in note for note in notes) is not agree


def test_numbers_of_acquisitions_go_before_those_of_images(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        del dataset.TriggerTime
        dataset.AcquisitionNumber = phase + 1
        dataset.InstanceNumber = (7 * (4 * slice_number + phase)) % 13 + 1

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert "in the order of AcquisitionNumber and numbered" in sequence.notes[-1]


def test_acquisitions_of_several_phases_do_not_matter(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        del dataset.TriggerTime
        dataset.AcquisitionNumber = phase // 2

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert len(sequence.notes) == 1
    assert "the image numbers" in sequence.notes[0]
