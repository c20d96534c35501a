"""temporal-interp train."""

import csv
import json
import warnings
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import pytest
import torch

from temporal_interp.cli import train
from temporal_interp.engines.student import StudentEngine
from temporal_interp.io import read_sequence
from temporal_interp.models.model_file import load_model

TINY = """
network: {widths: [4, 8]}
data: {dataset: synthetic, subjects: 2, validation_subjects: 1, shape: [1, 16, 16]}
teacher: {epochs: 1, learning_rate: 1.0e-3}
student: {epochs: 2, learning_rate: 1.0e-3}
"""
CPU = ("--accelerator", "cpu", "--devices", 1)


@pytest.fixture
def configuration(tmp_path):
    """A training of seconds."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture
def train_command(command, configuration, tmp_path):
    """Runs `temporal-interp train` on the tiny configuration; everything goes to the folder `out`."""

    def run(stage, *options, config=configuration):
        return command("train", stage, "--config", config, "-o", tmp_path / "out", *CPU, *options)

    return run


def test_a_teacher_and_then_a_student_that_learns_from_it(train_command, tmp_path):
    first = train_command("teacher", "--data", tmp_path / "subjects")
    assert first.exit_code == 0, first.stderr
    teacher = tmp_path / "out" / "teacher" / "teacher.safetensors"
    assert f"The teacher is in {teacher}." in first.stdout
    assert len(list((tmp_path / "subjects").rglob("*.npz"))) == 3

    second = train_command("student", "--data", tmp_path / "subjects")
    assert second.exit_code == 0, second.stderr
    student = load_model(tmp_path / "out" / "student" / "student.safetensors")
    assert student.kind == "student"
    assert student.settings["widths"] == [4, 8]
    assert student.training["data"]["dataset"] == "synthetic"
    assert student.training["settings"]["epochs"] == 2
    log = (tmp_path / "out" / "student" / "log.csv").read_text().splitlines()
    assert "training/distillation" in log[0].split(",")
    assert len(log) == 1 + 2
    assert str(tmp_path / "out" / "student" / "log.csv") in second.stdout


def test_a_program_gets_progress_and_the_model(train_command, events, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.cli.console.EVENT_INTERVAL", 0.0)
    result = train_command("teacher", "--json")
    assert result.exit_code == 0, result.stderr
    *progress, last = events(result)
    assert {event["event"] for event in progress} == {"progress"}
    assert [event["fraction"] for event in progress] == [0.5, 1.0]
    assert progress[0]["message"].startswith("epoch 1 of 1, loss")
    assert last == {"event": "result", "model": str(tmp_path / "out" / "teacher" / "teacher.safetensors")}


def test_calling_again_continues(train_command, events, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.cli.console.EVENT_INTERVAL", 0.0)
    assert train_command("student", "--no-distil", "--epochs", 1).exit_code == 0
    result = train_command("student", "--no-distil", "--json")
    assert result.exit_code == 0, result.stderr
    *progress, _ = events(result)
    assert [event["message"][:12] for event in progress] == ["epoch 2 of 2"] * 2


def test_a_student_can_start_from_a_model(train_command, tmp_path, command, configuration):
    assert train_command("student", "--no-distil", "--epochs", 1).exit_code == 0
    start = tmp_path / "out" / "student" / "student.safetensors"
    again = ("train", "student", "--no-distil", "--config", configuration, "-o", tmp_path / "more", *CPU)
    assert command(*again, "--start", start, "--epochs", 1).exit_code == 0
    result = command(*again, "--start", tmp_path / "absent.safetensors")
    assert result.exit_code == 3
    assert "absent.safetensors" in result.stderr


def test_a_student_needs_a_teacher_or_the_option_for_none(train_command, tmp_path):
    result = train_command("student")
    assert result.exit_code == 3
    assert "--no-distil" in result.stderr
    assert str(tmp_path / "out" / "teacher" / "teacher.safetensors") in result.stderr
    assert not (tmp_path / "out").exists()
    both = train_command("student", "--no-distil", "--teacher", "t.safetensors")
    assert both.exit_code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("teacher: {epoch: 1}", "Unknown settings: epoch"),
        ("teacher: {learning_rate: 1e-4}", "'learning_rate' must be a number"),
        ("student: {epochs: 0}", "'epochs' must be"),  # the other stage's section is checked too
        ("data: {dataset: folder}", "Give the folder of"),
        ("data: {dataset: synthetic, shape: [1, 8, 8]}", "Value 2 of the setting 'shape' must be at least 16, got 8"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(train_command, configuration, tmp_path, text, words):
    configuration.write_text(text, encoding="utf-8")
    result = train_command("teacher")
    assert result.exit_code == 3
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == [configuration]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--epochs", 0), "'epochs' must be"),
        (("--accelerator", "abacus"), "abacus"),
        (("--devices", "none"), "Nothing can be trained on"),
        (("--devices", 0), "Nothing can be trained on"),
    ],
)
def test_options_that_make_no_sense_are_refused(train_command, configuration, tmp_path, options, words):
    result = train_command("teacher", *options)
    assert result.exit_code == 3
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == [configuration]


def test_a_configuration_that_is_not_there_is_refused_as_json_too(train_command, events, tmp_path):
    result = train_command("teacher", "--json", config=tmp_path / "absent.yaml")
    assert result.exit_code == 3
    (event,) = events(result)
    assert event["event"] == "error"
    assert "absent.yaml" in event["message"]


def test_a_folder_without_data_is_refused(train_command, tmp_path):
    for name in ("folder", "acdc", "lung4d"):
        result = train_command("teacher", "--data", tmp_path / "absent", config=name)
        assert result.exit_code == 3
        assert "absent" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_to_is_refused(train_command, tmp_path):
    (tmp_path / "out").write_text("a file")
    result = train_command("teacher")
    assert result.exit_code == 3
    assert str(tmp_path / "out") in result.stderr


def test_other_settings_in_the_folder_are_refused(train_command, configuration, tmp_path):
    assert train_command("teacher").exit_code == 0
    noted = json.loads((tmp_path / "out" / "teacher" / "settings.json").read_text())
    assert noted["learning_rate"] == 1e-3
    configuration.write_text(TINY.replace("1.0e-3", "2.0e-3"), encoding="utf-8")
    result = train_command("teacher")
    assert result.exit_code == 3
    assert "another learning_rate" in result.stderr


def test_phantoms_are_learnt_from(train_command, configuration, tmp_path):
    data = "data: {dataset: phantoms, subjects: 1, validation_subjects: 1, shape: [1, 32, 32]}"
    configuration.write_text(TINY.replace(TINY.splitlines()[2], data), encoding="utf-8")
    result = train_command("teacher")
    assert result.exit_code == 0, result.stderr
    model = load_model(tmp_path / "out" / "teacher" / "teacher.safetensors")
    assert model.training["data"]["dataset"] == "phantoms"


def test_ctrl_c_is_a_cancel(train_command, tmp_path, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)  # Lightning would switch it off for the rest of the tests

    @contextmanager
    def interrupted(console, title):
        def report(fraction, message):
            raise KeyboardInterrupt

        yield report

    monkeypatch.setattr(train.Console, "progress", interrupted)
    result = train_command("teacher")
    assert result.exit_code == 130
    assert "the same command resumes" in result.stderr
    assert not (tmp_path / "out" / "teacher" / "teacher.safetensors").exists()


PAPER = """
defaults: paper
network: {widths: [4, 8]}
data: {dataset: acdc, split: random, test: 0.2, shape: [4, 16, 16]}
teacher: {epochs: 3, learning_rate: 1.0e-3}
student: {epochs: 1}
"""


@pytest.fixture
def patients(acdc):
    """Five patients whose hearts are discs that shrink."""
    j, i = np.mgrid[:20, :18] - 9
    discs = [700 * (np.hypot(j, i) < 8 - 0.6 * n) + 100 + 20 * np.cos(j + i) for n in range(6)]
    return acdc(range(1, 6), ed=1, es=6, array=np.stack([[disc] * 4 for disc in discs]).astype(np.int16))


def test_teacher_and_student_of_the_paper_from_the_folder_to_a_frame(train_command, configuration, patients, tmp_path):
    configuration.write_text(PAPER, encoding="utf-8")
    for stage in ("teacher", "student"):
        result = train_command(stage, "--data", patients, "--cache", tmp_path / "kept")
        assert result.exit_code == 0, result.stderr
    with (tmp_path / "out" / "teacher" / "log.csv").open(newline="") as file:
        losses = [float(row["training/loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < losses[0]
    assert len(list((tmp_path / "kept").glob("*.npy"))) == 4  # those that learn
    model = load_model(tmp_path / "out" / "student" / "student.safetensors")
    assert model.training["data"]["flip"] is False
    cine = read_sequence(patients / "training" / "patient005" / "patient005_4d.nii.gz")
    prepared = StudentEngine.from_model(model.path).prepare(cine.hiding([1, 2, 3, 4]))
    frame = prepared.at(cine.times[2], fields=True)
    assert np.isfinite(frame.volume.array).all()


def test_subjects_are_kept_in_the_output_unless_said_otherwise(train_command, configuration, patients, tmp_path):
    configuration.write_text(PAPER, encoding="utf-8")
    assert train_command("teacher", "--data", patients, "--epochs", 1).exit_code == 0
    assert len(list((tmp_path / "out" / "prepared").glob("*.npy"))) == 4


def test_warnings_are_notes(train_command, monkeypatch):
    sources = "temporal_interp.training.datasets.catalogue.sample_sources"
    given = import_module("temporal_interp.training.datasets.catalogue").sample_sources

    def warned(settings):
        for _ in range(2):
            warnings.warn("4 devices are there and 1 used.", stacklevel=1)
        return given(settings)

    monkeypatch.setattr(sources, warned)
    result = train_command("teacher")
    assert result.stderr.count("Note: 4 devices are there and 1 used.") == 1
    assert "UserWarning" not in result.stderr


def test_devices_that_cannot_share_the_batch_are_refused(command, configuration, tmp_path):
    result = command(
        "train", "teacher", "--config", configuration, "-o", tmp_path / "out", "--accelerator", "cpu", "--devices", 2
    )
    assert result.exit_code == 3
    assert "2 devices cannot share a batch of 1 evenly" in result.stderr
    assert not (tmp_path / "out").exists()


def test_workers_can_be_chosen_and_change_nothing(train_command, tmp_path):
    for workers in (0, 2):
        assert train_command("teacher", "--data", tmp_path / "subjects", "--workers", workers).exit_code == 0
        (tmp_path / "out").rename(tmp_path / f"out-{workers}")
    weights = [load_model(tmp_path / f"out-{n}" / "teacher" / "teacher.safetensors").state for n in (0, 2)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
