"""temporal-interp info."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.uid import MRImageStorage

from dicom_files import write_dicom
from temporal_interp.io import formats, write_sequence


def test_a_person_sees_size_times_and_the_farthest_frames(command, recording):
    result = command("info", recording)
    assert result.exit_code == 0
    for words in (
        "5, numbered from 0; none synthetic",
        "28 x 24 x 1 voxels",
        "1.5 x 1.5 x 8 mm",
        "0 to 1000, uint16",
        "0, 100, 200, 300, 400 ms",
        "from frame 0 is frame 4 (400 ms), then 3 (300 ms)",
        "--from 0 --to 4",
    ):
        assert words in result.stdout


def test_large_times_can_be_told_apart_and_typed(command, tmp_path, sequence):
    times = [36000100.5 + time for time in sequence.times]
    write_sequence(replace(sequence, times=times), tmp_path / "a.seq.nrrd")
    result = command("info", tmp_path / "a.seq.nrrd")
    assert "36000100.5, 36000200.5, 36000300.5, 36000400.5, 36000500.5 ms" in result.stdout


def test_the_help_names_every_format_that_can_be_read(command):
    text = " ".join(command("info", "--help").stdout.replace("│", " ").split())
    for one in formats():
        assert one.label in text or any(ending in text for ending in one.extensions), one.name


def test_a_program_gets_the_same(command, events, recording):
    (event,) = events(command("info", recording, "--json"))
    assert event["event"] == "result"
    assert event["frames"] == 5
    assert event["synthetic_frames"] == []
    assert event["size_ijk"] == [28, 24, 1]
    assert event["spacing_mm"] == [1.5, 1.5, 8.0]
    assert event["origin_lps_mm"] == [10.0, -20.0, 30.0]
    assert event["intensity"] == {"lowest": 0.0, "highest": 1000.0, "not_finite": 0}
    assert (event["index_unit"], event["index_values"]) == ("ms", [0.0, 100.0, 200.0, 300.0, 400.0])
    assert event["farthest_from_first"] == [4, 3]


def test_synthetic_frames_are_counted_and_named(command, recording, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    command("interpolate", recording, "-o", out, "--factor", 2, "--engine", "linear_blend")
    assert "9, numbered from 0; 4 (1, 3, 5, 7) synthetic" in command("info", out).stdout


def test_a_loop_is_shown_with_its_period(command, events, sequence, recording, tmp_path):
    assert "a loop of" not in command("info", recording).stdout
    path = tmp_path / "loop.seq.nrrd"
    write_sequence(sequence.as_loop(512.5), path)
    assert "300, 400 ms; a loop of 512.5 ms" in command("info", path).stdout
    assert [events(command("info", p, "--json"))[0]["period"] for p in (recording, path)] == [None, 512.5]


def test_one_frame_has_no_farthest(command, sequence, tmp_path):
    path = tmp_path / "one.seq.nrrd"
    write_sequence(replace(sequence, volumes=sequence.volumes[:1], times=[0], item_attributes=()), path)
    result = command("info", path)
    assert result.exit_code == 0
    assert "Farthest" not in result.stdout
    assert "Try" not in result.stdout


def test_voxels_that_are_not_finite_are_counted_and_do_not_decide(command, events, sequence, tmp_path):
    path = tmp_path / "nan.seq.nrrd"
    volumes = [v.with_array(v.array.astype(np.float32)) for v in sequence.volumes]
    volumes[1].array[0, 0, :3] = [np.nan, np.inf, -np.inf]
    write_sequence(replace(sequence, volumes=volumes), path)
    assert "0 to 1000, float32; 3 voxels are NaN or infinite" in command("info", path).stdout
    (event,) = events(command("info", path, "--json"))
    assert event["farthest_from_first"] == [4, 3]


@pytest.fixture
def two_cines(tmp_path):
    """A folder with two long-axis cines of three frames, series 20 and 21."""
    for number, view in enumerate(("2CH", "4CH")):
        for phase in range(3):
            dataset = pydicom.Dataset()
            dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, f"1.2.{number}.{phase}"
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2", f"1.2.{20 + number}"
            dataset.SeriesNumber, dataset.SeriesDescription = 20 + number, f"cine [red]{view}"
            dataset.TriggerTime, dataset.InstanceNumber = 40.0 * phase, phase + 1
            dataset.ImageOrientationPatient, dataset.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
            dataset.PixelSpacing, dataset.SliceThickness = [1.5, 1.5], 8
            dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 4, 5, 1
            dataset.PhotometricInterpretation = "MONOCHROME2"
            dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
            dataset.PixelData = np.arange(20, dtype=np.uint16).tobytes()
            write_dicom(dataset, tmp_path / "study" / f"{number}{phase}")
    return tmp_path / "study"


def test_several_sequences_are_listed(command, two_cines):
    result = command("info", two_cines)
    assert result.exit_code == 0
    assert "2 sequences" in result.stdout
    for number, view in ((20, "2CH"), (21, "4CH")):
        assert f"│ {number}     │ cine [red]{view} │ 3      │ 1      │ 5 x 4 │ 0 to 80 ms │ study" in result.stdout
    assert f"Try: temporal-interp info {two_cines} --series 20" in result.stdout


def test_a_program_gets_the_list(command, events, two_cines):
    (event,) = events(command("info", two_cines, "--json"))
    assert event["event"] == "result"
    assert [one["number"] for one in event["candidates"]] == ["20", "21"]
    assert event["candidates"][1] == {
        "number": "21",
        "description": "cine [red]4CH",
        "uids": ["1.2.21"],
        "place": "study",
        "frames": 3,
        "slices": 1,
        "size": [5, 4],
        "times": [0, 40, 80],
        "unit": "ms",
        "component": "magnitude",
        "auxiliary": "",
    }


def test_one_of_several_sequences_is_shown(command, two_cines):
    result = command("info", two_cines, "--series", "4CH")
    assert "0, 40, 80 ms" in result.stdout
    assert "Left out: series 20" in result.stdout
    wrong = command("info", two_cines, "--series", "3CH")
    assert wrong.exit_code == 3
    assert "no series is '3CH'" in wrong.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("interpolate", "-o", "OUT.seq.nrrd", "--factor", 2, "--engine", "linear_blend"),
        ("evaluate", "--every", 2, "--engines", "linear_blend"),
        ("track", "-o", "OUT"),
        ("evaluate-tracking", "--method", "identity"),
        ("adapt", "-o", "OUT.safetensors"),
        ("slices", "apply", "-o", "OUT.nrrd", "--factor", 2),
        ("slices", "evaluate"),
        ("slices", "train", "-o", "OUT.safetensors"),
    ],
)
def test_every_command_chooses_a_series(arguments, command, two_cines, tmp_path):
    """Without a choice all refuse alike, and name the option; a choice that fits nothing shows that it arrives."""
    given = [str(argument).replace("OUT", str(tmp_path / "out")) for argument in arguments]
    result = command(*given, two_cines)
    assert result.exit_code == 3
    assert "--series NUMBER" in result.stderr
    assert "21" in result.stderr
    for choice in (("--series", "77"), ("--component", "real")):
        wrong = command(*given, two_cines, *choice)
        assert wrong.exit_code == 3
        assert f"'{choice[1]}'" in wrong.stderr


def test_a_series_is_not_chosen_in_a_data_set(command):
    result = command("evaluate", "--dataset", "phantoms", "--series", "5")
    assert result.exit_code == 2
    assert "--series is for one INPUT" in result.stderr


def test_progress_is_shown_where_there_are_many_files(command, events, two_cines, monkeypatch):
    monkeypatch.setattr("temporal_interp.io.dicom.scan.REPORTED", 3)
    found = events(command("info", two_cines, "--json"))
    assert found[0] == {"event": "progress", "fraction": pytest.approx(2 / 6, abs=1e-3), "message": "file 2 of 6"}
