"""temporal-interp evaluate-tracking."""

import csv
import itertools

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation import pairwise_catalogue, pairwise_nmsr, pairwise_syn
from temporal_interp.io import write_sequence, write_volume
from temporal_interp.tracking.settings import TrackingSettings

QUICK = ("--method", "identity", "--method", "demons")


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def save_mask(recording_geometry, path, *, box):
    """Write a label map that is 3 in a box of rows and columns."""
    labels = np.zeros(recording_geometry.shape, np.uint8)
    labels[:, box, box] = 3
    write_volume(Volume(labels, recording_geometry), path, overwrite=True)


@pytest.fixture
def ultrasound(tmp_path):
    """A file with six frames of 8 bits: a triangle of flickering speckle, and text that stands still beside it."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:60, :80]
    sector = (rows > 8) & (np.abs(columns - 40) < 0.6 * (rows - 8)) & (rows < 55)
    frames = []
    for n in range(6):
        speckle = 40 + 150 * rng.random((60, 80))
        picture = np.where(sector, speckle if n != 3 else frames[2][0], 0)
        picture[5:9, 2:12:2] = 255
        frames.append(np.rint(picture).astype(np.uint8)[None])
    geometry = Geometry((1, 60, 80))
    path = tmp_path / "echo.seq.nrrd"
    write_sequence(Sequence([Volume(f, geometry) for f in frames], range(6)), path)
    return path


def test_a_person_sees_the_columns_of_the_paper_with_time(command, recording):
    result = command("evaluate-tracking", recording, *QUICK)
    assert result.exit_code == 0, result.stderr
    for words in (
        "recording.seq.nrrd",
        "4 pairs",
        "MSE (1e-3)",
        "mean CC (1e-1)",
        "s a pair",
        "identity",
        "demons",
        "±",
    ):
        assert words in result.stdout


def test_a_program_gets_means_and_every_pair(command, events, recording):
    *_, last = events(command("evaluate-tracking", recording, *QUICK, "--every", 3, "--json"))
    assert last["event"] == "result"
    assert last["pairs"] == [0, 3]
    assert [(row["method"], row["frame"]) for row in last["rows"]] == [
        ("identity", 0),
        ("identity", 3),
        ("demons", 0),
        ("demons", 3),
    ]
    still, demons = last["summary"]
    assert (still["method"], demons["method"]) == ("identity", "demons")
    assert demons["mse_x1e3"] < 0.6 * still["mse_x1e3"]
    assert demons["cc_x10"] > still["cc_x10"]
    assert still["mse_x1e3"] == pytest.approx(
        np.mean([r["mse_x1e3"] for r in last["rows"] if r["method"] == "identity"])
    )
    assert demons["sequence_seconds"] == pytest.approx(4 * demons["seconds_per_pair"])


def test_a_mask_says_where_to_score(command, events, recording, sequence, tmp_path):
    def error(box):
        save_mask(sequence.volumes[0].geometry, tmp_path / "mask.nrrd", box=box)
        options = ("--method", "identity", "--mask", tmp_path / "mask.nrrd", "--json")
        *_, last = events(command("evaluate-tracking", recording, *options))
        return last["summary"][0]["mse_x1e3"]

    # the disc grows from 5 to 10 voxels: its middle is always full
    assert error(slice(11, 13)) == pytest.approx(0, abs=1e-9)
    grown = [np.mean(a.array != b.array) for a, b in itertools.pairwise(sequence.volumes)]
    assert error(slice(None)) == pytest.approx(1000 * np.mean(grown), rel=1e-6)


def test_ultrasound_is_scored_inside_its_sector_and_repeated_frames_are_reported(command, events, ultrasound):
    *notes, last = events(command("evaluate-tracking", ultrasound, "--method", "identity", "--json"))
    said = " ".join(event["message"] for event in notes if event["event"] == "note")
    assert "painted black" in said
    assert "1 of 5 pairs" in said
    assert last["identical"] == [2]
    errors = [row["mse_x1e3"] for row in last["rows"]]
    assert errors[2] == pytest.approx(0, abs=1e-9)
    # uniform speckle: twice the variance of 150 / 255 / sqrt(12), everywhere that is scored
    assert errors[0] == pytest.approx(2e3 * (150 / 255) ** 2 / 12, rel=0.15)


def test_the_folder_gets_the_table_the_means_and_every_pair(command, recording, tmp_path):
    out = tmp_path / "tracking"
    result = command("evaluate-tracking", recording, *QUICK, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} == {"table.txt", "summary.csv", "scores.csv"}
    assert (out / "table.txt").read_text(encoding="utf-8").strip() in result.stdout
    assert [row["method"] for row in rows(out / "summary.csv")] == ["identity", "demons"]
    assert len(rows(out / "scores.csv")) == 2 * 4


def test_without_a_choice_all_that_is_installed_is_compared(command, events, recording, monkeypatch):
    monkeypatch.setattr(pairwise_catalogue, "METHOD_NAMES", ("identity", "demons", "syn"))
    monkeypatch.setattr(pairwise_syn, "find_spec", lambda name: None)
    *_, last = events(command("evaluate-tracking", recording, "--json"))
    assert [row["method"] for row in last["summary"]] == ["identity", "demons"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--method", "magic"), "no method 'magic'"),
        (("--method", "identity", "--mask", "{tmp}/none.nrrd"), "none.nrrd"),
        (("--method", "identity", "--mask", "{tmp}/empty.nrrd"), "empty"),
        (("--method", "identity", "--mask", "{tmp}/elsewhere.nrrd"), "elsewhere.nrrd"),
    ],
)
def test_input_that_cannot_be_worked_with_writes_nothing(command, recording, sequence, tmp_path, options, words):
    geometry = sequence.volumes[0].geometry
    save_mask(geometry, tmp_path / "empty.nrrd", box=slice(0, 0))
    save_mask(Geometry((1, 5, 5), (1, 1, 1), (500, 500, 500)), tmp_path / "elsewhere.nrrd", box=slice(None))
    before = sorted(tmp_path.iterdir())
    options = [str(option).replace("{tmp}", str(tmp_path)) for option in options]
    result = command("evaluate-tracking", recording, *options, "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert words in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_single_frame_is_refused(command, sequence, tmp_path):
    write_sequence(Sequence(sequence.volumes[:1], [0]), tmp_path / "one.seq.nrrd")
    result = command("evaluate-tracking", tmp_path / "one.seq.nrrd", *QUICK)
    assert result.exit_code == 3
    assert "only one frame" in result.stderr


def test_nmsr_has_a_row_for_every_scale(command, events, recording, monkeypatch):
    quick = TrackingSettings(method="nmsr", scales=(2, 1), passes=(2, 2))
    monkeypatch.setattr(pairwise_nmsr.Nmsr, "settings", lambda method, sequence: quick)
    *_, last = events(command("evaluate-tracking", recording, "--method", "nmsr_vi", "--device", "cpu", "--json"))
    assert [row["method"] for row in last["summary"]] == ["nmsr_vi (1/2)", "nmsr_vi (1)"]


def test_syn_without_antspyx_says_how_to_get_it(command, recording, monkeypatch):
    monkeypatch.setattr(pairwise_syn, "find_spec", lambda name: None)
    result = command("evaluate-tracking", recording, "--method", "syn")
    assert result.exit_code == 3
    assert "pip install antspyx" in result.stderr


def test_a_folder_with_files_is_refused_before_the_work(command, tmp_path):
    (tmp_path / "file").touch()
    result = command("evaluate-tracking", tmp_path / "not-even-there", *QUICK, "-o", tmp_path)
    assert result.exit_code == 3
    assert "--force" in result.stderr


def test_every_zeroth_pair_is_wrong_usage(command, recording):
    assert command("evaluate-tracking", recording, "--every", 0).exit_code == 2


def test_several_sequences_are_scored_over_all_their_pairs(command, events, recording, ultrasound, tmp_path):
    *_, last = events(command("evaluate-tracking", recording, ultrasound, *QUICK, "-o", tmp_path / "out", "--json"))
    found = rows(tmp_path / "out" / "scores.csv")
    demons = [row for row in found if row["method"] == "demons"]
    assert list(dict.fromkeys(row["input"] for row in demons)) == [recording.name, ultrasound.name]
    summary = next(row for row in last["summary"] if row["method"] == "demons")
    assert summary["pairs"] == len(demons)
    for measure in ("mse_x1e3", "cc_x10"):
        values = [float(row[measure]) for row in demons]
        assert summary[measure] == pytest.approx(np.mean(values))
        assert summary[f"{measure}_std"] == pytest.approx(np.std(values))
    assert len(last["identical"]) == 1  # a frame of the ultrasound is repeated


def test_a_mask_belongs_to_one_sequence(command, recording, ultrasound):
    result = command("evaluate-tracking", recording, ultrasound, *QUICK, "--mask", recording)
    assert result.exit_code == 2
    assert "--mask" in result.stderr
