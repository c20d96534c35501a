"""The paper's ablations: which rows there are, what each one trains, and that an interrupted one goes on."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from stand_ins import growing_disc
from temporal_interp.cli.ablate import as_table
from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import CancelledError, InvalidInputError, UnreadableFileError
from temporal_interp.evaluation.dataset import subjects_to_score
from temporal_interp.evaluation.report import finite, write_csv
from temporal_interp.io import write_sequence
from temporal_interp.models.model_file import load_model
from temporal_interp.networks import NetworkSettings
from temporal_interp.tensors import metrics
from temporal_interp.training.ablation import (
    ScoredRow,
    ablate,
)
from temporal_interp.training.ablation_rows import OF_BOTH, ROWS, PaperScores, rows_named, rows_of_tables
from temporal_interp.training.configuration import Configuration, find_configuration
from temporal_interp.training.datasets.catalogue import (
    SAMPLES_TO_SCORE,
    TEST_SEED,
    DataSettings,
    held_out_samples,
    open_split,
    synthetic_samples,
)
from temporal_interp.training.logic import Hardware, TrainingLogic
from temporal_interp.training.scores import linear_blend, score
from temporal_interp.training.settings import TrainingSettings

NAMES = [row.name for row in ROWS]
CONFIGURATION = Configuration(
    NetworkSettings(widths=(4, 8)),
    DataSettings(subjects=2, validation_subjects=1, shape=(1, 16, 16)),
    TrainingSettings(epochs=1, learning_rate=1e-3),
    TrainingSettings(epochs=1, learning_rate=1e-3, motion=0.01),
)
CPU = Hardware("cpu", 1)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    """Folder in which synthetic subjects are kept, since making them takes longer than learning from them."""
    return tmp_path_factory.mktemp("subjects")


@pytest.fixture(scope="module")
def run(subjects):
    """Runs rows in a folder."""

    def run(folder, *names, configuration=CONFIGURATION, **more):
        kept = replace(configuration, data=replace(configuration.data, folder=subjects))
        return ablate(kept, folder, rows=rows_named(names), hardware=CPU, **more)

    return run


def trainings(monkeypatch):
    """The trainings that are run from now on, as (kind, name of the folder)."""
    done = []
    for kind in ("teacher", "student"):
        train = getattr(TrainingLogic, f"train_{kind}")

        def noted(self, *arguments, kind=kind, train=train, **more):
            done.append((kind, self.folder.name))
            return train(self, *arguments, **more)

        monkeypatch.setattr(TrainingLogic, f"train_{kind}", noted)
    return done


@pytest.fixture(scope="module")
def everything(run, tmp_path_factory):
    """Folder and rows of an ablation of all rows, and what was trained for it."""
    folder = tmp_path_factory.mktemp("everything")
    with pytest.MonkeyPatch.context() as patch:
        done = trainings(patch)
        return folder, run(folder, *NAMES), done


def test_the_rows_of_table_2_add_one_module_after_the_other():
    def modules(row):
        network = replace(CONFIGURATION.network, **row.network)
        return (
            network.fusion != "none",
            network.motion == "modulated",
            network.refinement != "none",
            network.fusion == "all",
        )

    rows = [row for row in ROWS if 2 in row.tables]
    ticks = [(0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0), (1, 1, 1, 1)]
    assert [modules(row) for row in rows] == ticks
    assert [row.paper.psnr for row in rows] == [30.85, 31.73, 32.52, 33.92, 35.21]
    assert not any(row.student for row in rows)


def test_the_rows_of_table_3_add_one_loss_after_the_other():
    rows = [row for row in ROWS if 3 in row.tables]
    students = [replace(CONFIGURATION.student, **row.student) for row in rows]
    assert [(s.alignment > 0, s.distillation > 0) for s in students] == [(0, 0), (1, 0), (1, 1)]
    assert [s.motion > 0 for s in students] == [False, True, True]
    assert [row.taught_by for row in rows] == [None, None, "student"]
    assert [row.paper.psnr for row in rows] == [32.08, 33.14, 35.21]
    assert not any(row.network for row in rows)


def test_tables_choose_rows_and_those_to_compare_with():
    two, three = ([row.name for row in rows_of_tables([n])] for n in (2, 3))
    assert [name for name in NAMES if name not in two] == ["recon-only"]
    assert three == ["blend", "linear-scaling", "recon-only", "no-distillation", "student", "teacher"]
    assert [row.name for row in rows_of_tables([3, 2])] == NAMES
    for tables in ([], [1], [2, 4]):
        with pytest.raises(InvalidInputError, match="tables 2 and 3"):
            rows_of_tables(tables)


def test_rows_that_do_not_exist_are_refused():
    with pytest.raises(InvalidInputError, match="'dmf' to ablate; choose from blend"):
        rows_named(["student", "dmf"])


def test_every_row_is_scored(everything):
    _, scored, _ = everything
    assert [row.name for row in scored] == NAMES
    assert [row.paper for row in scored] == [row.paper for row in ROWS]
    wanted = {"psnr", "gain", "ncc", "ssim", "nmse_x100", "fold_rate", "epe_voxels"}
    assert all(set(row.scores) == wanted and np.isfinite(list(row.scores.values())).all() for row in scored)


def test_every_row_is_trained_as_it_says(everything):
    folder, scored, _ = everything
    for row, result in zip(ROWS, scored, strict=True):
        if row.kind == "blend":
            assert result.model is None
            continue
        model = load_model(result.model)
        assert model.kind == row.kind
        assert NetworkSettings.from_dict(model.settings) == replace(CONFIGURATION.network, **row.network)
        settings = replace(getattr(CONFIGURATION, row.kind), **row.student)
        assert model.training["settings"] == settings.as_dict()
        assert model.training["data"] == CONFIGURATION.data.as_dict()
        log = folder / (row.name if row.kind == "student" else row.taught_by) / row.kind / "log.csv"
        distilled = "distillation" in log.read_text()
        assert distilled == (row.kind == "student" and row.taught_by is not None)


def test_teachers_lack_what_their_students_lack_and_are_trained_once(everything):
    folder, _, done = everything
    teachers = [name for kind, name in done if kind == "teacher"]
    assert sorted(teachers) == ["dfm", "dfm-tm-ref", "no-modules", "student"]
    assert sorted(name for kind, name in done if kind == "student") == sorted(set(NAMES) - {"blend", "teacher"})
    for name in teachers:
        settings = load_model(folder / name / "teacher" / "teacher.safetensors").settings
        row = rows_named([name])[0]
        for part in ("fusion", "refinement"):
            assert settings[part] == row.network.get(part, getattr(CONFIGURATION.network, part))
        assert settings["motion"] == "modulated"


def test_scores_are_of_subjects_never_learnt_from(everything, subjects):
    _, scored, _ = everything
    test = held_out_samples(replace(CONFIGURATION.data, folder=subjects))
    assert scored[0].scores == score(linear_blend, test, seed=0)
    student = next(row for row in scored if row.name == "student")
    assert student.scores == TrainingLogic(student.model, hardware=CPU).evaluate(student.model, test)


def test_synthetic_samples_to_score_on_are_of_the_test_seed(subjects):
    settings = replace(CONFIGURATION.data, validation_subjects=2, folder=subjects)
    samples = held_out_samples(settings)
    source = synthetic_samples(settings, 2, TEST_SEED)
    assert len(samples) == 2 * SAMPLES_TO_SCORE
    for index, subject in ((0, 0), (SAMPLES_TO_SCORE - 1, 0), (SAMPLES_TO_SCORE, 1)):
        one, other = samples.draw(index, np.random.default_rng(5)), source.draw(subject, np.random.default_rng(5))
        assert one.t == other.t
        assert (one.target == other.target).all()


def test_samples_of_a_folder_to_score_on_are_of_its_test_split(tmp_path):
    for number in range(6):  # told apart by their spacing
        geometry = Geometry((1, 16, 16), (1.0 + number, 1.0 + number, 8.0), (0.0, 0.0, 0.0))
        frames = growing_disc(geometry, [0, 100, 200, 300], radius=3)
        write_sequence(frames, tmp_path / f"{number}.seq.nrrd")
    settings = DataSettings("folder", tmp_path, test=0.34, validation=0.17, policy="triplets", shape=(1, 8, 8))
    test = {subject.load().sequence.volumes[0].geometry.spacing[0] for subject in open_split(settings).test}
    samples = held_out_samples(settings)
    drawn = [samples.draw(index, np.random.default_rng(index)) for index in range(len(samples))]
    assert len(test) == 2
    assert [sample.spacing[1] for sample in drawn] == sorted([*test] * 2)  # four frames, two of them between others
    assert {tuple(sample.first.shape) for sample in drawn} == {(1, 1, 8, 8)}
    with pytest.raises(InvalidInputError, match="set test above 0"):
        held_out_samples(replace(settings, test=0.0))


def test_what_is_there_is_not_trained_again(run, everything, monkeypatch):
    folder, scored, _ = everything
    done = trainings(monkeypatch)
    assert run(folder, *NAMES) == scored
    assert done == []


def test_a_cancelled_ablation_keeps_finished_rows_and_resumes(run, tmp_path, monkeypatch):
    done, finished = trainings(monkeypatch), []

    def cancel(fraction, message):
        if message.startswith("no-distillation: student, epoch 1"):
            raise CancelledError

    with pytest.raises(CancelledError):
        run(tmp_path, "recon-only", "no-distillation", progress=cancel, scored=lambda rows: finished.append(len(rows)))
    assert finished == [1]
    assert (tmp_path / "recon-only" / "student" / "student.safetensors").exists()
    assert not (tmp_path / "no-distillation" / "student" / "student.safetensors").exists()
    done.clear()
    assert len(run(tmp_path, "recon-only", "no-distillation")) == 2
    assert done == [("student", "no-distillation")]


def test_a_row_that_cannot_be_trained_is_named_and_leaves_the_others(run, tmp_path, monkeypatch):
    finished, train = [], TrainingLogic.train_student

    def failing(self, network, *arguments, **more):
        if network.motion == "linear":
            raise InvalidInputError("The weights are not finite.")
        return train(self, network, *arguments, **more)

    monkeypatch.setattr(TrainingLogic, "train_student", failing)
    with pytest.raises(InvalidInputError, match=r"^row linear-scaling: The weights are not finite\.$"):
        run(tmp_path, "blend", "linear-scaling", "student", scored=lambda rows: finished.append(rows[-1].name))
    assert finished == ["blend"]


def test_progress_never_goes_back_and_names_the_row(run, tmp_path):
    told = []
    run(tmp_path, "blend", "no-distillation", "teacher", progress=lambda *report: told.append(report))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    assert {message.partition(":")[0] for _, message in told} == {"blend", "no-distillation", "teacher"}


def test_a_model_put_into_a_rows_folder_is_used_as_it_is(run, everything, tmp_path, monkeypatch):
    folder, scored, _ = everything
    student = tmp_path / "student" / "student" / "student.safetensors"
    teacher = tmp_path / "student" / "teacher" / "teacher.safetensors"
    for path in (student, teacher):
        path.parent.mkdir(parents=True)
    # another student of the same kind of network, to see which one is scored
    student.write_bytes((folder / "no-distillation/student/student.safetensors").read_bytes())
    teacher.write_bytes((folder / "student/teacher/teacher.safetensors").read_bytes())
    done = trainings(monkeypatch)
    (row,) = run(tmp_path, "student")
    assert done == []
    assert row.scores == next(other.scores for other in scored if other.name == "no-distillation")


def test_a_model_that_is_not_what_the_row_says_is_refused(run, everything, tmp_path):
    folder, _, _ = everything
    wrong = tmp_path / "no-distillation" / "student" / "student.safetensors"
    wrong.parent.mkdir(parents=True)
    for other in ("linear-scaling/student/student.safetensors", "student/teacher/teacher.safetensors"):
        wrong.write_bytes((folder / other).read_bytes())
        with pytest.raises(
            InvalidInputError, match=r"^row no-distillation: .*student\.safetensors is not a student with"
        ):
            run(tmp_path, "no-distillation")


def test_models_are_scored_without_training(run, everything, tmp_path, monkeypatch):
    _, scored, _ = everything
    models = {name: next(row.model for row in scored if row.name == name) for name in ("teacher", "dfm")}
    given = {f"my {name}": path for name, path in models.items()}
    done = trainings(monkeypatch)
    blend, teacher, dfm = run(tmp_path / "new", "blend", models=given)
    assert done == []
    assert not (tmp_path / "new").exists()
    assert (teacher.name, dfm.name, teacher.model) == ("my teacher", "my dfm", models["teacher"])
    for row, name in ((blend, "blend"), (teacher, "teacher"), (dfm, "dfm")):
        assert row.scores == next(other.scores for other in scored if other.name == name)


def test_a_student_with_context_is_also_scored_without_it(subjects, run, everything, tmp_path):
    network = replace(CONFIGURATION.network, context=True, kernels="slices")
    data = replace(CONFIGURATION.data, context=True)
    configuration = replace(CONFIGURATION, network=network, data=data)
    rows = run(tmp_path, "blend", "no-distillation", configuration=configuration)
    assert [row.name for row in rows] == ["blend", "no-distillation", "no-distillation, without context"]
    assert rows[1].model == rows[2].model
    assert rows[1].scores["psnr"] != rows[2].scores["psnr"]
    old = everything[0] / "student" / "student" / "student.safetensors"
    given = {"new": rows[1].model, "old": old}
    scored = run(tmp_path / "models", "blend", models=given, configuration=configuration)[1:]
    assert [row.name for row in scored] == ["new", "new, without context", "old"]
    assert scored[0].scores == rows[1].scores


def test_the_row_without_context_is_trained_on_two_frames_alone(run, tmp_path):
    network = replace(CONFIGURATION.network, context=True, kernels="slices")
    configuration = replace(CONFIGURATION, network=network, data=replace(CONFIGURATION.data, context=True))
    (row,) = run(tmp_path, "no-context", configuration=configuration)
    assert row.name == "no-context"
    assert NetworkSettings.from_dict(load_model(row.model).settings) == replace(network, context=False)
    with pytest.raises(InvalidInputError, match=r"set network: context: true"):
        run(tmp_path / "other", "no-context")
    assert not (tmp_path / "other").exists()


def test_models_that_cannot_be_scored_are_refused_before_anything_is_written(run, tmp_path):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"not a model")
    for models, words in (({"mine": bad}, "bad"), ({"student": bad}, "two rows 'student'")):
        with pytest.raises((InvalidInputError, UnreadableFileError), match=words):
            run(tmp_path / "new", "student", models=models)
    assert not (tmp_path / "new").exists()


def test_another_configuration_in_the_folder_is_refused(run, everything):
    folder, _, _ = everything
    longer = replace(CONFIGURATION, student=replace(CONFIGURATION.student, epochs=2))
    more = replace(CONFIGURATION, data=replace(CONFIGURATION.data, subjects=3))
    for other, word in ((longer, "another student"), (more, "another data")):
        with pytest.raises(InvalidInputError, match=word):
            run(folder, "student", configuration=other)


@pytest.mark.parametrize(
    ("section", "lacking"),
    [
        ("network", {"motion": "direct"}),
        ("network", {"fusion": "finest"}),
        ("network", {"refinement": "none"}),
        ("student", {"alignment": 0.0}),
        ("student", {"distillation": 0.0}),
    ],
)
def test_a_configuration_without_what_rows_leave_out_is_refused(run, tmp_path, section, lacking):
    without = replace(CONFIGURATION, **{section: replace(getattr(CONFIGURATION, section), **lacking)})
    with pytest.raises(InvalidInputError, match=f"set {section}: {next(iter(lacking))}: [a-z0-9 ]+\\.$"):
        run(tmp_path / "new", "student", configuration=without)
    assert not (tmp_path / "new").exists()
    assert len(run(tmp_path / "new", "blend", configuration=without)) == 1


def test_linear_rows_of_the_papers_own_network_keep_their_teachers_ends():
    literal = NetworkSettings(widths=(4, 8), exact_ends=False)
    for row in ROWS:
        assert replace(literal, **row.network).exact_ends == (row.network.get("motion") == "linear")
    assert not set(OF_BOTH) & {"motion", "exact_ends"}


SCORED = [
    ScoredRow("blend", (), None, {"psnr": 28.123, "gain": 0.0, "ncc": 0.5, "fold_rate": 0.0}, None),
    ScoredRow("dfm", (2,), None, {"psnr": float("inf"), "gain": 1.5, "ncc": 0.6}, PaperScores(31.73, 0.5, 0.9, 3.658)),
]


def shown(rows, width):
    console = Console(width=width, soft_wrap=True, record=True, file=io.StringIO())
    console.print(as_table(rows, title="discs"))
    return console.export_text().splitlines()


def test_the_table_marks_what_is_the_papers():
    lines = shown(SCORED, 100)
    assert lines[0].strip() == "discs"
    assert lines[1].split() == ["PSNR", "gain", "NCC", "folds", "paper", "paper", "paper", "paper"]
    assert lines[2].split() == ["row", "dB", "dB", "PSNR", "NCC", "SSIM", "NMSE"]
    assert lines[4].split() == ["blend", "28.12", "+0.00", "0.500", "0.000%"]
    assert lines[5].split() == ["dfm", "inf", "+1.50", "0.600", "-", "31.73", "0.500", "0.900", "3.658"]
    assert "ACDC" in " ".join(lines[6:])
    alone = shown(SCORED[:1], 100)
    assert not any("paper" in line for line in alone)


def test_the_table_fits_100_columns_and_is_never_cut(everything):
    _, scored, _ = everything
    lines = shown(scored, 100)
    assert max(map(len, lines)) <= 100
    assert shown(scored, 30)[1:15] == lines[1:15]


def test_the_csv_file_has_every_figure(tmp_path):
    write_csv([row.as_row() for row in SCORED], tmp_path / "new" / "table.csv")
    with (tmp_path / "new" / "table.csv").open(newline="") as file:
        blend, dfm = csv.DictReader(file)
    assert (blend["row"], float(blend["psnr"]), blend["paper_psnr"]) == ("blend", 28.123, "")
    assert (dfm["tables"], dfm["fold_rate"], float(dfm["paper_nmse_x100"])) == ("2", "", 3.658)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["table.csv"]


def test_json_has_no_infinities():
    blend, dfm = json.loads(json.dumps(finite([row.as_json() for row in SCORED]), allow_nan=False))
    assert (blend["scores"]["psnr"], blend["paper"], blend["model"]) == (28.123, None, None)
    assert (dfm["scores"]["psnr"], dfm["tables"]) == (None, [2])
    assert dfm["paper"] == {"psnr": 31.73, "ncc": 0.5, "ssim": 0.9, "nmse_x100": 3.658}


def test_several_seeds_give_means_and_deviations(run, everything, subjects, tmp_path, monkeypatch):
    _, once, _ = everything
    test = held_out_samples(replace(CONFIGURATION.data, folder=subjects))
    done, told = trainings(monkeypatch), []
    names = ("blend", "student")
    blend, student = run(tmp_path, *names, seeds=2, progress=lambda *report: told.append(report))
    assert done == [("teacher", "student"), ("student", "student")] * 2
    first, second = (
        TrainingLogic(tmp_path, CONFIGURATION.student, hardware=CPU).evaluate(
            folder / "student" / "student" / "student.safetensors", test
        )
        for folder in (tmp_path, tmp_path / "seed-1")
    )
    assert first == next(row.scores for row in once if row.name == "student")  # the seed of the configuration
    assert first != second
    for name, value in student.scores.items():
        assert value == pytest.approx((first[name] + second[name]) / 2)
        assert student.spread[name] == pytest.approx(abs(first[name] - second[name]) / 2**0.5)
    assert blend.spread == {}
    seeds = [load_model(path).training["settings"]["seed"] for path in sorted(tmp_path.rglob("student.safetensors"))]
    assert sorted(seeds) == [0, 1]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert any(message.startswith("student: seed 2 of 2, teacher, ") for _, message in told)
    done.clear()
    assert run(tmp_path, *names, seeds=2) == [blend, student]
    assert done == []


def test_no_seed_is_refused(run, tmp_path):
    with pytest.raises(InvalidInputError, match="at least one seed, got 0"):
        run(tmp_path / "new", "student", seeds=0)
    assert not (tmp_path / "new").exists()


def test_the_papers_ablation_scores_all_frames_between_ed_and_es_of_the_test_patients(acdc, tmp_path):
    rng = np.random.default_rng(0)
    root = acdc(range(1, 101), ed=2, es=6, array=rng.integers(0, 900, (8, 2, 16, 16)).astype(np.int16))
    given = find_configuration("acdc-paper")
    data = replace(given.data, folder=root, shape=(2, 16, 16))
    (blend,) = ablate(replace(given, data=data), tmp_path / "out", rows=rows_named(["blend"]), hardware=CPU)
    chosen = subjects_to_score("acdc", root)
    assert len(held_out_samples(data)) == 10 * 3
    assert chosen.as_in_the_paper
    cine = chosen.subjects[0].load().sequence.to_numpy()[1:6]
    low, high = (extreme(cine, axis=(1, 2, 3), keepdims=True) for extreme in (np.min, np.max))
    cine = (cine - low) / (high - low)
    expected = np.mean([metrics.psnr((1 - t) * cine[0] + t * cine[4], cine[round(4 * t)]) for t in (0.25, 0.5, 0.75)])
    assert blend.scores["psnr"] == pytest.approx(expected, abs=1e-3)  # all patients are alike


def test_a_row_with_deviations_shows_them(tmp_path):
    row = replace(SCORED[1], scores={"psnr": 31.5, "ncc": 0.5}, spread={"psnr": 0.25, "ncc": 0.004})
    assert "31.50 ± 0.25" in shown([SCORED[0], row], 200)[5]
    assert "0.500 ± 0.004" in shown([SCORED[0], row], 200)[5]
    assert "±" not in shown([SCORED[0], row], 200)[4]
    write_csv([SCORED[0].as_row(), row.as_row()], tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        assert [line["psnr_std"] for line in csv.DictReader(file)] == ["", "0.25"]
    assert row.as_json()["spread"] == {"psnr": 0.25, "ncc": 0.004}
