"""Cines of one series a phase: which series belong together, and what their names tell."""

import numpy as np
import pytest

from dicom_files import assert_is_the_stack
from temporal_interp.errors import AmbiguousInputError, InvalidInputError
from temporal_interp.io import candidates, read_sequence


def seconds(value):
    return f"10{int(value) // 60:02d}{value % 60:05.2f}"


@pytest.fixture
def phase_series(make_image, save_dicom, tmp_path):
    """Function that writes series 300, 301, ..., a phase each, and 320, 321, ... of a second set, 7 higher.

    `entries(phase, repeat)` are further entries; None in their place leaves a phase out.
    """

    def write(entries, repeats=1, slices=3, phases=4):
        for repeat in range(repeats):
            for phase in range(phases):
                values = entries(phase, repeat)
                for slice_number in range(slices if values is not None else 0):
                    dataset = make_image(slice_number, phase)
                    del dataset.TriggerTime
                    dataset.PixelData = (np.frombuffer(dataset.PixelData, np.uint16) + 7 * repeat).tobytes()
                    dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.2.{repeat}.{phase}", 300 + 20 * repeat + phase
                    dataset.SOPInstanceUID += f".{repeat}"
                    dataset.InstanceNumber = slice_number + 1
                    for name, value in values.items():
                        setattr(dataset, name, value)
                    save_dicom(dataset, tmp_path / "study" / f"{dataset.SOPInstanceUID}.dcm")
        return tmp_path / "study"

    return write


@pytest.mark.parametrize("clock", ["ContentTime", "AcquisitionTime", None])
@pytest.mark.parametrize(
    "entries",
    [
        lambda phase, repeat: {"SeriesDescription": f"4D {10 * phase}% {['B30f', 'B70f'][repeat]}"},
        lambda phase, repeat: {"SeriesDescription": f"4D {10 * phase}% B30f"},
        lambda phase, repeat: {"SeriesDescription": "CTA", "NominalPercentageOfCardiacPhase": 10.0 * phase},
        lambda phase, repeat: {"SeriesDescription": "CTA", "TriggerTime": 10.0 * phase},
        lambda phase, repeat: {"SeriesDescription": "dyn", "TemporalPositionIdentifier": phase + 1},
    ],
)
def test_two_sets_of_phases_are_two_candidates(clock, entries, phase_series, pixels_of):
    def all_entries(phase, repeat):
        return entries(phase, repeat) | ({clock: seconds(600 * repeat + 5 * phase)} if clock else {})

    folder = phase_series(all_entries, repeats=2)
    assert [one.number for one in candidates(folder)] == ["300-303", "320-323"]
    with pytest.raises(AmbiguousInputError, match=r"\n300-303 .*\n320-323 "):
        read_sequence(folder)
    assert_is_the_stack(read_sequence(folder, series="300-303"), pixels_of)
    assert (read_sequence(folder, series="320").to_numpy() == read_sequence(folder, series="300").to_numpy() + 7).all()


def test_two_kernels_that_only_the_clock_orders_are_two_candidates(phase_series):
    folder = phase_series(
        lambda phase, repeat: {
            "SeriesDescription": f"4D B{30 + 40 * repeat}f",
            "ContentTime": seconds(600 * repeat + phase),
        },
        repeats=2,
    )
    assert [one.number for one in candidates(folder)] == ["300-303", "320-323"]


def test_a_phase_that_was_reconstructed_twice_is_refused_and_named(phase_series, pixels_of):
    folder = phase_series(
        lambda phase, repeat: (
            {"SeriesDescription": f"4D {10 * phase}%", "ContentTime": seconds(600 * repeat + 5 * phase)}
            if phase == 0 or not repeat
            else None
        ),
        repeats=2,
    )
    with pytest.raises(
        InvalidInputError, match=r"names of the series is 0 on both .* \(series 3.0\) and .* \(series 3"
    ):
        read_sequence(folder)
    assert_is_the_stack(read_sequence(folder, series="300,301,302,303"), pixels_of)


@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize(
    ("name", "times", "unit"),
    [
        ("Phase {n}", (0, 1, 2, 3), ""),
        ("Ph{n}", (0, 1, 2, 3), ""),
        ("Phase {n} of 10", (0, 1, 2, 3), ""),
        ("Phase {n:02d}/20", (0, 1, 2, 3), ""),
        ("TP{n}", (0, 1, 2, 3), ""),
        ("4D Bin {n} 3 mm", (0, 1, 2, 3), ""),
        ("Gate {n}", (0, 1, 2, 3), ""),
        ("4D 3mm {tens}in", (0, 1, 2, 3), ""),
        ("Cor {tens} ms", (10, 20, 30, 40), "ms"),
        ("dyn {n} s", (1000, 2000, 3000, 4000), "ms"),
        ("4D {tens} Perc", (10, 20, 30, 40), "%"),
        ("4D {tens}\N{FULLWIDTH PERCENT SIGN}", (10, 20, 30, 40), "%"),
        ("CTA {tens}% FBP", (10, 20, 30, 40), "%"),
        ("CTA FBP {tens}%", (10, 20, 30, 40), "%"),
        ("CTA {tens}% AIDR 3D", (10, 20, 30, 40), "%"),
        ("{tens}% SAFIRE 3", (10, 20, 30, 40), "%"),
        ("CTA iDose {tens}%", (10, 20, 30, 40), "%"),
        ("SS {tens}%", (10, 20, 30, 40), "%"),
        ("{tens}% ASIR 40%", (10, 20, 30, 40), "%"),
        ("ASIR-V 40% Ph {tens}%", (10, 20, 30, 40), "%"),
        ("DLIR-H {tens}%", (10, 20, 30, 40), "%"),
        ("SS40 {tens}%", (10, 20, 30, 40), "%"),
        ("iDose3 {tens}%", (10, 20, 30, 40), "%"),
    ],
)
def test_the_one_number_by_which_names_differ_is_the_phase(content, name, times, unit, phase_series, pixels_of):
    def entries(phase, repeat):
        described = {
            "SpecificCharacterSet": "ISO_IR 192",
            "SeriesDescription": name.format(n=phase + 1, tens=10 * phase + 10),
        }
        return described | ({"ContentTime": seconds(30 - phase), "SeriesNumber": 30 - phase} if content else {})

    sequence = read_sequence(phase_series(entries))
    assert_is_the_stack(sequence, pixels_of)
    assert (sequence.times, sequence.unit) == (times, unit)


@pytest.mark.parametrize(
    "name",
    ["DWI b{hundreds}", "Mono {tens} keV", "TI {hundreds} ms", "CT B{tens}f", "CT Br{tens}", "CT {n} mm", "x {odd}"],
)
def test_other_numbers_in_names_are_no_phases(name, phase_series):
    folder = phase_series(
        lambda phase, repeat: {
            "SeriesDescription": name.format(
                n=phase + 1, tens=10 * phase + 10, hundreds=100 * phase, odd=[0, 1, 10, 70][phase]
            )
        }
    )
    with pytest.raises(AmbiguousInputError, match="several volumes and no cine"):
        read_sequence(folder)


@pytest.mark.parametrize("name", ["TP{n} B{kernel}", "4D {tens}% FBP B{kernel}f", "run {kernel} phase {n}"])
def test_names_with_two_numbers_are_two_sets(name, phase_series):
    folder = phase_series(
        lambda phase, repeat: {
            "SeriesDescription": name.format(n=phase + 1, tens=10 * phase + 10, kernel=[30, 70][repeat]),
            "ContentTime": seconds(600 * repeat + phase),
        },
        repeats=2,
    )
    assert [one.number for one in candidates(folder)] == ["300-303", "320-323"]


def test_series_that_are_named_are_put_together_whatever_their_names(phase_series, pixels_of):
    folder = phase_series(
        lambda phase, repeat: {
            "SeriesDescription": f"t1_post{phase}" if phase else "t1_pre",
            "AcquisitionTime": seconds(60 * phase),
        }
    )
    assert len(read_sequence(folder)) == 3
    sequence = read_sequence(folder, series="300-303")
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (0, 60000, 120000, 180000)


def test_series_that_are_named_and_do_not_fit_are_told_why(phase_series):
    folder = phase_series(lambda phase, repeat: {"SeriesDescription": "abcd"[phase]})
    with pytest.raises(InvalidInputError, match=r"series 300, 301 are not one sequence: nothing in the headers tells"):
        read_sequence(folder, series="300,301")
