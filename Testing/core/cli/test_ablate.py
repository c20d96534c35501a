"""temporal-interp ablate."""

import csv

import pytest

from temporal_interp.models.model_file import load_model
from temporal_interp.networks import NetworkSettings
from temporal_interp.training.logic import TrainingLogic

TINY = """
network: {widths: [4, 8]}
data: {dataset: synthetic, subjects: 2, validation_subjects: 1, shape: [1, 16, 16], folder: SUBJECTS}
teacher: {epochs: 1, learning_rate: 1.0e-3}
student: {epochs: 1, learning_rate: 1.0e-3}
"""


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    """Folder in which synthetic subjects are kept, since making them takes longer than learning from them."""
    return tmp_path_factory.mktemp("subjects")


@pytest.fixture
def configuration(tmp_path, subjects):
    """An ablation of seconds."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.replace("SUBJECTS", str(subjects)), encoding="utf-8")
    return path


@pytest.fixture
def ablate(command, configuration, tmp_path):
    """Runs `temporal-interp ablate` on the tiny configuration into the folder `out`."""

    def run(*options, config=configuration, accelerator="cpu"):
        return command(
            "ablate", "--config", config, "-o", tmp_path / "out", "--accelerator", accelerator, *options
        )  # fmt: skip

    return run


def lines_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_with_the_papers_figures(ablate, tmp_path):
    result = ablate("--rows", "blend, no-distillation", "--data", tmp_path / "subjects", "--subjects", 1)
    assert result.exit_code == 0, result.stderr
    table = next(line for line in result.stdout.splitlines() if line.startswith("no-distillation"))
    assert table.split()[-4:] == ["33.14", "0.570", "0.973", "2.298"]
    assert "paper" in result.stdout
    assert str(tmp_path / "out" / "ablation.csv") in result.stdout
    blend, student = lines_of(tmp_path / "out" / "ablation.csv")
    assert (blend["row"], blend["gain"], student["row"]) == ("blend", "0.0", "no-distillation")
    assert load_model(student["model"]).training["data"]["subjects"] == 1
    assert len(list((tmp_path / "subjects").rglob("*.npz"))) == 1 + 1 + 1  # to learn from, to choose by, to score on


def test_a_program_gets_rows_and_the_same_command_resumes(ablate, events, monkeypatch):
    options = ("--rows", "teacher", "--json", "--test-subjects", 2)
    first = ablate(*options)
    assert first.exit_code == 0, first.stderr
    monkeypatch.setattr(TrainingLogic, "train_teacher", None)
    (again,) = (event for event in events(ablate(*options)) if event["event"] == "result")
    (row,) = again["rows"]
    assert (row["row"], row["paper"]) == ("teacher", None)
    assert events(first)[-1] == again
    assert {event["event"] for event in events(first)} == {"progress", "result"}


@pytest.mark.parametrize(("options", "count"), [((), 10), (("--tables", "3"), 6), (("--tables", "2, 3"), 10)])
def test_tables_choose_the_rows(ablate, monkeypatch, options, count):
    asked = []
    monkeypatch.setattr("temporal_interp.training.ablation.ablate", lambda *_, rows, **__: asked.extend(rows))
    assert ablate(*options).exit_code == 0
    assert len(asked) == count


def test_epochs_are_of_teacher_and_student(ablate, monkeypatch):
    asked = []
    monkeypatch.setattr("temporal_interp.training.ablation.ablate", lambda given, *_, **__: asked.append(given))
    assert ablate("--epochs", 7).exit_code == 0
    assert (asked[0].teacher.epochs, asked[0].student.epochs) == (7, 7)


def test_models_are_compared_without_training(ablate, tmp_path, monkeypatch):
    assert ablate("--rows", "teacher").exit_code == 0
    model = tmp_path / "out" / "student" / "teacher" / "teacher.safetensors"
    (trained,) = lines_of(tmp_path / "out" / "ablation.csv")
    monkeypatch.setattr(TrainingLogic, "train_teacher", None)
    result = ablate("--model", f"mine={model}", "--model", f"again={model}", "--epochs", 9)
    assert result.exit_code == 0, result.stderr
    blend, mine, again = lines_of(tmp_path / "out" / "ablation.csv")
    assert [blend["row"], mine["row"], again["row"]] == ["blend", "mine", "again"]
    assert mine["psnr"] == again["psnr"] == trained["psnr"]
    assert "paper" not in result.stdout


def test_cancelling_says_where_finished_rows_are(ablate, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingLogic, "train_student", interrupted)
    result = ablate("--rows", "blend,no-distillation")
    assert result.exit_code == 130
    assert f"1 finished rows are in {tmp_path / 'out'}" in result.stderr
    assert "nothing has been written" not in result.stderr
    assert [line["row"] for line in lines_of(tmp_path / "out" / "ablation.csv")] == ["blend"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--tables", "2", "--rows", "dfm"), 2, "not both"),
        (("--tables", "two"), 2, "takes 2, 3 or 2,3"),
        (("--model", "nothing"), 2, "NAME=FILE"),
        (("--model", "a=x.safetensors", "--model", "a=y.safetensors"), 2, "each name once"),
        (("--tables", "4"), 3, "tables 2 and 3"),
        (("--rows", "dmf"), 3, "'dmf'"),
        (("--model", "a=absent.safetensors"), 3, "absent.safetensors"),
        (("--epochs", 0), 3, "'epochs' must be"),
        (("--subjects", 0), 3, "'subjects' must be"),
        (("--test-subjects", 0), 3, "'validation_subjects' must be"),
    ],
)
def test_options_that_make_no_sense_are_refused(ablate, configuration, tmp_path, options, code, words):
    result = ablate(*options)
    assert result.exit_code == code
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == [configuration]


def test_subjects_of_patients_cannot_be_counted_out(ablate, tmp_path):
    result = ablate("--subjects", 2, config="acdc")
    assert result.exit_code == 2
    assert "synthetic subjects" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_to_is_refused(ablate, tmp_path):
    (tmp_path / "out").write_text("a file")
    result = ablate("--rows", "blend")
    assert result.exit_code == 3
    assert str(tmp_path / "out") in result.stderr


def test_hardware_that_is_not_there_is_refused_with_the_row(ablate):
    result = ablate("--rows", "no-distillation", accelerator="abacus")
    assert result.exit_code == 3
    assert "row no-distillation: " in result.stderr
    assert "abacus" in result.stderr


def test_the_papers_configuration_is_the_default_and_seeds_and_workers_are_passed_on(command, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "temporal_interp.training.ablation.ablate", lambda given, *_, **more: asked.update(given=given, **more)
    )
    result = command("ablate", "-o", tmp_path / "out", "--seeds", 3, "--workers", 2, "--data", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert (asked["seeds"], asked["given"].student.workers) == (3, 2)
    assert asked["given"].network == NetworkSettings.paper()
    assert asked["given"].data.cache == tmp_path / "out" / "prepared"
    assert "3 seeds" in result.stdout


def test_seeds_that_make_no_sense_are_refused(ablate):
    result = ablate("--rows", "student", "--seeds", 0)
    assert result.exit_code == 3
    assert "at least one seed" in result.stderr
