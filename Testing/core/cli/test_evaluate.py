"""temporal-interp evaluate."""

import csv

import numpy as np
import pytest

from temporal_interp.evaluation import presets
from temporal_interp.io import write_sequence
from temporal_interp.training.datasets import phantoms

QUICK = ("--engines", "linear_blend")


def test_a_person_sees_a_table_of_every_engine(command, recording):
    result = command("evaluate", recording, "--every", 2, *QUICK)
    assert result.exit_code == 0, result.stderr
    for words in ("nearest endpoint", "linear blend", "PSNR", "every 2 frames kept"):
        assert words in result.stdout


def test_a_program_gets_means_and_rows(command, events, recording):
    *_, last = events(command("evaluate", recording, "--from", 0, "--to", 4, *QUICK, "--json"))
    assert last["event"] == "result"
    assert {line["engine"] for line in last["summary"]} == {"nearest_endpoint", "linear_blend"}
    assert sorted({row["frame"] for row in last["rows"]}) == [1, 2, 3]


@pytest.mark.parametrize(
    ("cyclic", "frames"), [((), [1, 2, 4]), (("--cyclic",), [1, 2, 4]), (("--no-cyclic",), [1, 2])]
)
def test_a_loop_is_evaluated_round_with_figures(command, events, loop, tmp_path, cyclic, frames):
    out = tmp_path / "evaluation"
    result = command("evaluate", loop, "--every", 3, *cyclic, *QUICK, "-o", out, "--json")
    assert result.exit_code == 0, result.stderr
    rows = events(result)[-1]["rows"]
    assert sorted({row["frame"] for row in rows}) == frames
    assert {(row["first"], row["last"], row["t"]) for row in rows if row["frame"] == 4} <= {(3, 0, 100 / 180)}
    assert (out / "native_frames.png").is_file()


@pytest.mark.parametrize(("cyclic", "frames"), [((), [1, 2]), (("--cyclic",), [1, 2, 4]), (("--no-cyclic",), [1, 2])])
def test_a_file_that_says_nothing_of_a_loop_can_be_called_one(command, events, recording, cyclic, frames):
    result = command("evaluate", recording, "--every", 3, *cyclic, *QUICK, "--json")
    assert sorted({row["frame"] for row in events(result)[-1]["rows"]}) == frames


def test_the_folder_gets_a_table_and_figures(command, recording, tmp_path):
    out = tmp_path / "evaluation"
    result = command("evaluate", recording, "--every", 2, *QUICK, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} == {"scores.csv", "native_curves.png", "native_frames.png"}
    assert len((out / "scores.csv").read_text().splitlines()) == 1 + 2 * 2


def test_pictures_that_cannot_be_drawn_do_not_lose_the_scores(command, recording, tmp_path, monkeypatch):
    def fails(evaluation, path, **options):
        path.touch()
        raise ValueError("no fonts")

    monkeypatch.setattr("temporal_interp.figures.curves.save_curves", fails)
    out = tmp_path / "evaluation"
    result = command("evaluate", recording, "--every", 2, *QUICK, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert "The pictures could not be drawn (ValueError: no fonts); everything else is there." in result.stderr
    assert {path.name for path in out.iterdir()} == {"scores.csv"}


def test_uvi_scores_beside_the_native_ones(command, events, recording):
    *_, last = events(command("evaluate", recording, "--every", 4, *QUICK, "--preset", "both", "--json"))
    assert {line["preset"] for line in last["summary"]} == {"native", "uvi"}


@pytest.mark.parametrize(
    "options", [(), ("--from", 0), ("--every", 2, "--to", 3), ("--every", 2, "--from", 0, "--to", 4)]
)
def test_contradicting_options_are_wrong_usage(command, recording, options):
    result = command("evaluate", recording, *options)
    assert result.exit_code == 2
    assert "Give --from and --to, or --every" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", 0, "--to", 1), "nothing to hold out"),
        (("--every", 1), "at least 2"),
        (("--every", 9), "at least 10"),
        (("--every", 2, "--preset", "flattering"), "no preset 'flattering'"),
        (("--every", 2, "--engines", "linear_blend,magic"), "no engine 'magic'"),
    ],
)
def test_input_that_cannot_be_worked_with_writes_nothing(command, recording, tmp_path, options, words):
    engines = () if "--engines" in options else QUICK
    result = command("evaluate", recording, *options, *engines, "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == [recording]


def test_a_folder_with_files_is_refused_before_the_work(command, recording, tmp_path):
    result = command("evaluate", tmp_path / "not-even-there", "--every", 2, "-o", tmp_path)
    assert result.exit_code == 3
    assert "--force" in result.stderr


FRAMES = np.random.default_rng(0).integers(0, 900, (8, 2, 10, 12)).astype(np.int16)


@pytest.fixture
def patients(acdc, monkeypatch):
    """All of ACDC that its split needs, those to test with in full; uvi pads them less than it should, to be quick."""
    monkeypatch.setattr(presets, "UVI_SHAPE", (8, 16, 16))
    acdc(range(91, 101), es=3, array=FRAMES)
    return acdc(range(1, 91))


def dataset(folder, name="acdc", *options):
    return ("evaluate", "--dataset", name, "--data", folder, *QUICK, *options)


def test_published_figures_are_below_those_measured_and_marked_as_quoted(command, patients):
    result = command(*dataset(patients))
    assert result.exit_code == 0, result.stderr
    assert "acdc: 10 of 10 test subjects of the paper split" in result.stdout
    lines = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines()]
    measured = next(number for number, line in enumerate(lines) if line[1:3] == ["linear blend", "measured here"])
    quoted = next(number for number, line in enumerate(lines) if line[1:3] == ["UVI-Net", "quoted"])
    assert measured < quoted
    assert lines[quoted][3:7] == ["33.59", "0.565", "0.978", "2.384"]
    assert "not measured here" in result.stdout
    assert "compare with care" not in result.stdout


def test_a_note_says_that_the_subjects_are_not_those_of_the_paper(command, events, patients):
    options = dataset(patients, "acdc", "--subjects", 1, "--preset", "uvi")
    shown = command(*options).stdout
    assert "compare with care" in shown
    assert max(len(line) for line in shown.splitlines()) <= 100
    *_, last = events(command(*options, "--json"))
    assert (last["dataset"], last["split"]) == ("acdc", "paper")
    assert [one["patient"] for one in last["sequences"]] == ["patient091"]
    assert {row["preset"] for row in last["rows"]} == {"uvi"}
    assert last["quoted"]["same_subjects"] is False
    assert last["quoted"]["figures"][-1] == {
        "method": "TM-MSDF",
        "psnr": 35.21,
        "ncc": 0.579,
        "ssim": 0.982,
        "nmse_x100": 1.869,
    }
    assert not {line["engine"] for line in last["summary"]} & {"TM-MSDF", "UVI-Net"}


def test_the_old_name_of_the_native_preset_is_understood_and_reported(command, recording):
    result = command("evaluate", recording, "--every", 2, "--preset", "honest", "--engines", "linear_blend")
    assert result.exit_code == 0
    assert "now called 'native'" in result.stderr
    assert "native" in result.stdout


def test_native_figures_alone_are_not_set_beside_the_published_ones(command, patients):
    result = command(*dataset(patients, "acdc", "--subjects", 1, "--preset", "native"))
    assert result.exit_code == 0, result.stderr
    assert "compare with --preset uvi only" in result.stdout
    assert "35.21" not in result.stdout


def test_the_folder_gets_every_row_and_the_tables(command, patients, tmp_path):
    out = tmp_path / "scores"
    result = command(*dataset(patients, "acdc", "--subjects", 2, "-o", out))
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} == {"scores.csv", "table.txt"}
    with (out / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * 2  # patients, presets, engines; one frame
    assert {row["patient"] for row in rows} == {"patient091", "patient092"}
    assert (out / "table.txt").read_text(encoding="utf-8") in result.stdout


def test_phantoms_need_no_folder(command, monkeypatch):
    drawn = phantoms.phantom_subjects
    monkeypatch.setattr(
        phantoms, "phantom_subjects", lambda count, *, dimensions, **kw: drawn(count, dimensions=2, frames=9, **kw)
    )
    result = command("evaluate", "--dataset", "phantoms", "--subjects", 1, *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "phantoms, hearts outside the training sets: 1" in result.stdout
    assert "quoted" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{file}", "--dataset", "acdc", "--data", "d"), ", not both"),
        ((), "or a data set with --dataset"),
        (("--dataset", "acdc", "--data", "d", "--every", 2), "--every is for one INPUT"),
        (("--dataset", "acdc", "--data", "d", "--from", 0), "--from is for one INPUT"),
        (("--dataset", "acdc", "--data", "d", "--no-cyclic"), "--cyclic is for one INPUT"),
        (("{file}", "--every", 2, "--data", "d"), "--data belongs to --dataset"),
        (("{file}", "--every", 2, "--split", "all"), "--split belongs to --dataset"),
        (("{file}", "--every", 2, "--subjects", 1), "--subjects belongs to --dataset"),
    ],
)
def test_options_of_one_sequence_and_of_a_data_set_exclude_each_other(command, recording, arguments, words):
    result = command("evaluate", *(recording if word == "{file}" else word for word in arguments))
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_patient_that_cannot_be_read_is_named_and_nothing_is_written(command, patients, tmp_path):
    (patients / "training" / "patient092" / "patient092_4d.nii.gz").write_bytes(b"torn")
    before = sorted(tmp_path.iterdir())
    result = command(*dataset(patients, "acdc", "--subjects", 2, "-o", tmp_path / "out"))
    assert result.exit_code == 3
    assert "patient092: " in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_data_set_that_is_not_there_is_refused(command, tmp_path):
    result = command(*dataset(tmp_path))
    assert result.exit_code == 3
    assert "no ACDC here" in result.stderr


@pytest.mark.parametrize("name", ["report.html", "new/REPORT.PDF"])
def test_a_report_is_one_file(command, events, recording, tmp_path, name):
    out = tmp_path / name
    result = command("evaluate", recording, "--every", 2, *QUICK, "--report", out, "--json")
    assert result.exit_code == 0, result.stderr
    assert events(result)[-1]["report"] == str(out)
    assert out.read_bytes()[:5] in (b"<!DOC", b"%PDF-")
    assert {path.name for path in out.parent.iterdir()} <= {out.name, recording.name}


def test_a_name_that_is_a_script_is_text_in_the_report(command, sequence, tmp_path):
    path = tmp_path / "<script>alert(1)<" / "<img src=x onerror=alert(1)>.seq.nrrd"
    path.parent.mkdir()
    write_sequence(sequence, path)
    result = command("evaluate", path, "--every", 2, *QUICK, "--report", tmp_path / "r.html")
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "<img src=x" not in text


def test_a_report_that_cannot_be_is_refused_before_the_work(command, recording, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.evaluation.evaluate.evaluate", None)
    (tmp_path / "old.html").write_text("old")
    for name, words in (("report.docx", ".html or .pdf"), ("old.html", "--force")):
        result = command("evaluate", recording, "--every", 2, *QUICK, "--report", tmp_path / name)
        assert result.exit_code == 3
        assert words in result.stderr
    result = command("evaluate", "--dataset", "phantoms", "--report", tmp_path / "r.html")
    assert result.exit_code == 2
    assert "--report is for one INPUT" in result.stderr


def test_uncertainty_adds_the_coverage(command, events, recording):
    result = command("evaluate", recording, "--every", 2, *QUICK, "--uncertainty", "--json")
    assert result.exit_code == 0, result.stderr
    means = {line["engine"]: line["means"] for line in events(result)[-1]["summary"]}
    assert 0 <= means["linear_blend"]["within_68"] <= means["linear_blend"]["within_95"] <= 1
    assert means["linear_blend"]["expected_error"] > 0
    assert "within_68" not in means["nearest_endpoint"]


def test_uncertainty_is_for_one_sequence(command):
    result = command("evaluate", "--dataset", "phantoms", "--uncertainty")
    assert result.exit_code == 2
