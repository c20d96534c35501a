"""temporal-interp evaluate."""

import pytest

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


def test_the_folder_gets_a_table_and_figures(command, recording, tmp_path):
    out = tmp_path / "evaluation"
    result = command("evaluate", recording, "--every", 2, *QUICK, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} == {"scores.csv", "honest_curves.png", "honest_frames.png"}
    assert len((out / "scores.csv").read_text().splitlines()) == 1 + 2 * 2


def test_uvi_scores_beside_the_honest_ones(command, events, recording):
    *_, last = events(command("evaluate", recording, "--every", 4, *QUICK, "--preset", "both", "--json"))
    assert {line["preset"] for line in last["summary"]} == {"honest", "uvi"}


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
