"""Small inputs of the kinds that scanners and archives export: what each is read as."""

import numpy as np
import pytest

from temporal_interp.errors import AmbiguousInputError, InvalidInputError
from temporal_interp.io import candidates, read_sequence

EVERY_30_MS = (0, 30, 60, 90, 120, 150)
EVERY_4_S = (0, 4000, 8000, 12000, 16000, 20000)
TENTHS = (0, 10, 20, 30, 40, 50)
NUMBERS = (0, 1, 2, 3, 4, 5)


@pytest.fixture(scope="session")
def truth(cases):
    return np.load(cases.parent / "truth.npy")


@pytest.mark.parametrize(
    ("name", "times", "unit", "note"),
    [
        ("d17_trigger_missing_first", NUMBERS, "", "TriggerTime is missing on 3 of 18 images"),
        ("d21_mixed_rr", (0, 33.1, 66.2, 99.3, 132.4, 165.5), "ms", "RR interval differs"),
        ("d30 Über cine (SAX)", EVERY_30_MS, "ms", None),
        ("d3_philips_random_instance", NUMBERS, "", "in the order of TemporalPositionIdentifier and numbered"),
        ("d4_philips_trigger_slice", (666.7, 2666.7, 4666.7, 6666.7, 8666.7, 10666.7), "ms", "up to 1333 ms apart"),
        ("d6_dup_trigger", NUMBERS, "", "TriggerTime is 16 on both d6_dup_trigger/IM0003.dcm"),
        ("d7_series_per_time", EVERY_4_S, "ms", "AcquisitionTime"),
        ("d7b_contenttime", EVERY_4_S, "ms", "ContentTime"),
    ],
)
def test_mr_phases_are_in_order(name, times, unit, note, cases, truth):
    sequence = read_sequence(cases / name)
    np.testing.assert_array_equal(sequence.to_numpy(), truth)
    assert (sequence.times, sequence.unit) == (pytest.approx(times), unit)
    assert note in sequence.notes[0] if note else sequence.notes == ()


def test_an_offset_between_slices_is_not_taken_for_another_rr_interval(cases):
    assert not any("RR" in note for note in read_sequence(cases / "d4_philips_trigger_slice").notes)


@pytest.mark.parametrize(
    ("name", "times", "period"),
    [
        ("d1_ge_pct_one", TENTHS, None),
        ("d1b_ge_pct_series", TENTHS, None),
        ("d1c_ge_pct_one_shuffled", TENTHS, None),
        ("d2_siemens_in_ex", (0, 16.5, 33, 50, 67, 83.5), 100),
    ],
)
def test_ct_phases_are_in_percent(name, times, period, cases, truth):
    sequence = read_sequence(cases / name)
    np.testing.assert_array_equal(sequence.to_numpy(), truth.astype(int) - 1024)
    assert (sequence.times, sequence.unit, sequence.period) == (times, "%", period)


@pytest.mark.parametrize("name", ["d2b_T00", "d2c_TEq", "d2d_gated", "d2e_phase", "d2g_pctleft", "d2h_comma"])
def test_phases_in_the_names_of_series_are_in_percent(name, cases):
    sequence = read_sequence(cases / name)
    assert (sequence.times, sequence.unit) == ((0, 10, 20, 30), "%")
    assert (np.diff(sequence.to_numpy()[:, 0].mean(axis=(1, 2))) != 0).all()


def test_an_average_beside_the_phases_is_left_out_and_named(cases):
    sequence = read_sequence(cases / "d2j_phases_plus_avg_pct")
    assert sequence.times == (0, 20, 40, 60, 80)
    assert any("Left out: series 205 'AIP 0-80%'" in note for note in sequence.notes)


def test_pet_frames_are_uneven(cases):
    sequence = read_sequence(cases / "d8_pet")
    np.testing.assert_allclose(sequence.to_numpy(), np.load(cases.parent / "truth_pet.npy"), rtol=1e-3)
    assert sequence.times == (0, 10_000, 20_000, 50_000, 110_000, 230_000)


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("d12_flat", [("20", "CINE 2CH"), ("21", "CINE 4CH"), ("22", "CINE 3CH")]),
        ("d5_repeat", [("10", "CINE_SAX"), ("11", "CINE_SAX")]),
    ],
)
def test_several_cines_are_listed_and_one_is_chosen(name, listed, cases):
    with pytest.raises(AmbiguousInputError, match=rf"--series(?s:.*){listed[-1][1]}") as caught:
        read_sequence(cases / name)
    found = [(one.number, one.description, one.frames, one.slices) for one in caught.value.candidates]
    assert found == [(*one, 6, 1) for one in listed]
    for number, _ in listed:
        assert len(read_sequence(cases / name, series=number)) == 6


def test_repeats_are_not_mixed(cases):
    first, second = (read_sequence(cases / "d5_repeat", series=number) for number in ("10", "11"))
    assert first.times == (12.5, 46.5, 80.5, 114.5, 148.5, 182.5)
    assert second.times == (13.5, 48.5, 83.5, 118.5, 153.5, 188.5)


@pytest.mark.parametrize(("name", "frames"), [("d5b_mag_phase", 6), ("d6b_4dflow", 4), ("e5_mag_phase.dcm", 6)])
def test_magnitude_is_taken_and_said(name, frames, cases):
    sequence = read_sequence(cases / name)
    assert len(sequence) == frames
    assert "magnitude was taken" in sequence.notes[0]
    assert any("--component phase" in note for note in sequence.notes)


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("d5b_mag_phase", {"component": "phase"}),
        ("d5b_mag_phase", {"series": "fl_pc_P"}),
        ("e5_mag_phase.dcm", {"component": "phase"}),
        ("d6b_4dflow", {"component": "P_AP"}),
        ("d6b_4dflow", {"series": "7.3"}),
    ],
)
def test_another_component_is_chosen(name, choice, cases):
    magnitude, other = read_sequence(cases / name), read_sequence(cases / name, **choice)
    assert other.times == magnitude.times
    assert (other.to_numpy() != magnitude.to_numpy()).any()


def test_directions_of_a_flow_are_kept_apart(cases):
    with pytest.raises(AmbiguousInputError, match=r"P_RL(?s:.*)P_AP(?s:.*)P_FH"):
        read_sequence(cases / "d6b_4dflow", component="phase")
    assert [one.component for one in candidates(cases / "d6b_4dflow")] == ["magnitude", "phase", "phase", "phase"]


@pytest.mark.parametrize(
    ("name", "times", "unit", "period"),
    [
        ("e1_plain", EVERY_30_MS, "ms", 180),
        ("e1b_kt", EVERY_30_MS, "ms", 180),
        ("e2_jls", EVERY_30_MS, "ms", 180),
        ("e2b_j2k", EVERY_30_MS, "ms", 180),
        ("e2c_rle", EVERY_30_MS, "ms", 180),
        ("e2d_jpegll", EVERY_30_MS, "ms", 180),
        ("e3_actual_trigger", EVERY_30_MS, "ms", 180),
        ("e3b_actual_trigger_no_tidx", EVERY_30_MS, "ms", 180),
        ("e4_percent", TENTHS, "%", None),
        ("e4b_percent_notidx_kt", TENTHS, "%", None),
        ("e7_index_only", NUMBERS, "", None),
    ],
)
def test_enhanced_files_hold_the_same_frames_however_they_are_written(name, times, unit, period, cases):
    plain = read_sequence(cases / "e1_plain.dcm").to_numpy()
    sequence = read_sequence(cases / f"{name}.dcm")
    np.testing.assert_array_equal(sequence.to_numpy(), plain)
    assert (sequence.times, sequence.unit, sequence.period) == (times, unit, period)


@pytest.mark.parametrize(
    "name", ["p1_stray_empty_uid", "p2_stray_no_pixels", "p3_stray_zero_bytes", "p4_stray_jpeg_named_dcm"]
)
def test_a_stray_file_is_passed_over_and_named(name, cases):
    sequence = read_sequence(cases / name)
    assert len(sequence) == 4
    assert f"Passed over: {name}/zz.dcm" in sequence.notes[-1]


@pytest.mark.parametrize(
    ("name", "frames"),
    [("d13_nopreamble", 6), ("d15_empty_sop", 3), ("d33_junk_numbers", 6), ("p6_macos", 4), ("p8_acr_nema_like", 4)],
)
def test_odd_headers_do_no_harm(name, frames, cases):
    sequence = read_sequence(cases / name)
    assert (len(sequence), sequence.unit, sequence.notes) == (frames, "ms", ())


def test_the_pixel_spacing_of_the_detector_serves_with_a_note(cases):
    sequence = read_sequence(cases / "d35_no_pixelspacing")
    assert sequence.geometry.spacing[:2] == (1.25, 1.5)
    assert "ImagerPixelSpacing was taken" in sequence.notes[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("d23_dup_files", r"IM0001\.dcm and d23_dup_files/IM0001_1\.dcm.*Keep one of each"),
        ("d31_stack_slice_repeated", r"12 in series 41 .*, series 51(?s:.*)slice   1 at    38\.00 mm:   12 images"),
        ("d32_missing_image", r"5 in series 5"),
        ("d38_gantry_tilt", r"shifted by 1\.20 mm"),
    ],
)
def test_what_does_not_fit_together_is_refused(name, message, cases):
    with pytest.raises(InvalidInputError, match=message):
        read_sequence(cases / name)


def test_series_can_be_put_together_by_hand(cases):
    first, second = (
        read_sequence(cases / "d31_stack_slice_repeated", series=series) for series in ("40,41,42", "40, 51, 42")
    )
    assert first.geometry.shape == second.geometry.shape == (3, 20, 24)


@pytest.mark.parametrize("name", ["one-trigneg", "one-trighuge"])
def test_one_wrong_trigger_time_is_refused_with_a_table(name, cases):
    with pytest.raises(
        InvalidInputError, match=r"contradict each other(?s:.*)TriggerTime, ms(?s:.*)\nslice 1 "
    ) as caught:
        read_sequence(cases.parent / "damaged" / "repro" / name)
    assert len(str(caught.value).splitlines()) <= 6


def test_a_rescaling_that_makes_no_voxels_is_refused(cases):
    with pytest.raises(InvalidInputError, match=r"im\d\d\.dcm: RescaleSlope 1e\+30"):
        read_sequence(cases.parent / "damaged" / "repro" / "one-slopehuge")


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("u5_ftv.dcm", (0, 30, 61, 90, 150, 180)),
        ("u5b_ftv_zero_dup.dcm", (0, 30, 44.5, 59, 119, 149)),
        ("u5e_ftv_first_nonzero.dcm", (30, 60, 91, 120, 180, 210)),
        ("u6_cinerate_only.dcm", (0, 20, 40, 60, 80, 100)),
        ("u7_frametime_string0.dcm", (0, 40, 80, 120, 160, 200)),
    ],
)
def test_clips_have_their_times(name, times, cases):
    sequence = read_sequence(cases / name)
    assert (sequence.times, sequence.unit) == (times, "ms")
    assert ("spaced evenly" in sequence.notes[0]) == (name == "u5b_ftv_zero_dup.dcm")


def test_too_few_times_of_a_clip_are_refused(cases):
    with pytest.raises(InvalidInputError, match="6 frames, but times for 5"):
        read_sequence(cases / "u5c_ftv_short.dcm")
