"""What the report says: means, ratios, who is ahead, failures, pictures; and the command from end to end."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

import bench
from comparison import tables
from comparison.engines import BASELINES
from comparison.machine import describe
from comparison.measures import MEASURE, best_of, means_of, means_of_all
from comparison.pictures import grids_for, middle_coronal, save_picture
from comparison.plots import common_times, mean_curve, save_curves
from comparison.report import Circumstances, write_report
from comparison.run import EngineResult, SetResult
from comparison.tables import (
    eight_frames_table,
    gains_table,
    no_motion_sentence,
    overview_table,
    ratio_table,
    score_table,
    who_is_ahead,
)
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.engines.registry import Kind
from temporal_interp.evaluation.evaluate import Row
from temporal_interp.io import write_sequence

CIRCUMSTANCES = Circumstances(
    "python bench.py", {"cores": "2"}, {"syn": "not installed: pip."}, {"echo": "x is not there"}
)


@pytest.fixture
def make_engine():
    """Function that gives the result of an engine on the set of blobs: four frames in each of two cases."""

    def make(name, moving=20.0, epe=None, prepare=1.0, frame=0.1, **process):
        fields = (
            {} if epe is None else {"epe_mm": epe, "epe_still_mm": 3.0, "fold_rate_first": 0.0, "fold_rate_last": 0.1}
        )
        same = {"psnr": 30.0, "ssim": 0.9, "ncc": 0.8, "nmse_x100": 1.0, "prepare_seconds": prepare}
        rows = [
            Row(case, "native", name, first, first + 3, n, (n - first) / 3, 10.0 * n, moved)
            for case, gain in (("one", 0.0), ("two", 1.0))
            for first, n in ((0, 1), (0, 2), (3, 4), (3, 5))
            for moved in [{**same, "psnr_moving": moving + gain + n, "frame_seconds": frame, **fields}]
        ]
        shown = np.full((1, 16, 18), 0.2, np.float32)
        return EngineResult(name, rows, {}, "settings=1", "", {"pair_peak_gb": 0.5, **process}, shown)

    return make


@pytest.fixture
def make_result(blob_set):
    def make(*engines):
        cases = blob_set.draw()
        return SetResult(blob_set, cases, (0, 2), engines)

    return make


SCORES = {
    "velocity_field": {Kind.SLICES: 1.21},
    "student": {Kind.SLICES: 1.19},
    "cubic_blend": {},
    "linear_blend": {Kind.SLICES: 0.0},
}


def cells(table, at=0):
    """A Markdown table as {cell in column `at`: {heading: cell}}."""
    headings, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[at]: dict(zip(headings, row, strict=True)) for row in rows}


class TestMeans:
    def test_eight_frames_take_the_quicker_method(self, make_engine):
        for together, expected in ((0.5, 1.5), (0.9, 1.8), (None, 1.8)):
            process = {} if together is None else {"eight_together_seconds": together}
            assert means_of(make_engine("student", **process))["eight_seconds"] == pytest.approx(expected)

    def test_folds_are_per_cent_of_both_fields(self, make_engine):
        assert means_of(make_engine("student", epe=1.0))["fold_percent"] == pytest.approx(5.0)

    def test_there_are_no_means_where_a_case_failed(self, make_engine, make_result):
        failed = replace(make_engine("demons"), failures={"two": "NaN"})
        assert list(means_of_all(make_result(failed, make_engine("student")))) == ["student"]

    @pytest.mark.parametrize(
        ("value", "text"),
        [(0.0, "0.000"), (0.0001, "< 0.001"), (0.1234, "0.123"), (4.567, "4.57"), (45.67, "45.7"), (456.7, "457")],
    )
    def test_seconds_have_three_digits_that_count(self, value, text):
        assert MEASURE["prepare_seconds"].text(value) == text


class TestTables:
    def test_no_detail_is_best_as_neither_more_nor_less_is_better(self):
        assert best_of(MEASURE["detail"], {"student": {"detail": 0.6}, "demons": {"detail": 1.2}}) is None

    def test_the_best_is_bold_and_baselines_win_no_time(self, make_engine, make_result):
        table = cells(
            score_table(
                make_result(
                    make_engine("velocity_field", 21.0, epe=0.5, prepare=2.0),
                    make_engine("linear_blend", 19.0, prepare=0.001),
                    make_engine("demons", 20.0, epe=0.4, prepare=3.0),
                )
            )
        )
        assert list(table) == ["velocity_field (recommended)", "linear_blend", "demons"]
        assert [row["moving dB"] for row in table.values()] == ["**24.50**", "22.50", "23.50"]
        assert [row["EPE mm"] for row in table.values()] == ["0.50", "-", "**0.40**"]
        assert [row["s per pair"] for row in table.values()] == ["**2.00**", "0.001", "3.00"]
        assert {row["PSNR dB"] for row in table.values()} == {"30.00"}  # all alike: none is best

    def test_a_failure_is_a_row_with_its_reason(self, make_engine, make_result):
        failed = replace(make_engine("syn"), failures={"two": "ended | by signal 9"})
        text = score_table(make_result(make_engine("student"), failed))
        assert "| syn | failed on 1 of 2, first two: ended \\| by signal 9 |" in text
        assert len({line.replace("\\|", "").count("|") for line in text.splitlines()}) == 1

    def test_ratios_are_against_ours(self, make_engine, make_result):
        result = make_result(
            make_engine("velocity_field:pair", 30.0),
            make_engine("student", 21.0, epe=0.5, prepare=2.0, frame=0.1),
            make_engine("demons", 20.5, epe=0.4, prepare=5.0, frame=0.05),
        )
        row = cells(ratio_table(result))["demons"]
        assert row == {
            "against student": "demons",
            "moving dB": "-0.50",
            "EPE mm": "-0.10",
            "s per pair, times": "2.5",
            "s per frame, times": "0.5",
            "s pair + 8, times": "1.9",
            "peak GB, times": "1",
        }

    @pytest.mark.parametrize(("turning", "ours"), [(False, "velocity_field"), (True, "velocity_field:eased")])
    def test_between_turning_points_the_ease_in_out_engine_is_ours(self, make_engine, make_result, turning, ours):
        names = ("student", "velocity_field", "velocity_field:eased", "demons")
        result = make_result(*(make_engine(name) for name in names))
        result = replace(result, case_set=replace(result.case_set, turning=turning))
        assert f"against {ours} " in ratio_table(result)
        assert f"| {ours} (recommended) |" in score_table(result)
        assert score_table(result).count("(recommended)") == 1

    def test_where_the_recommended_did_not_run_another_of_ours_stands_in_and_without_one_nothing(
        self, make_engine, make_result
    ):
        assert "against velocity_field" in ratio_table(
            make_result(make_engine("demons"), make_engine("velocity_field"))
        )
        assert ratio_table(make_result(make_engine("demons"))) == ""
        assert who_is_ahead(make_result(make_engine("demons"))) == []

    def test_who_is_ahead_says_also_where_we_are_behind(self, make_engine, make_result):
        result = make_result(
            make_engine("student", 21.0, epe=0.5, prepare=1.0, frame=0.25),
            make_engine("linear_blend", 20.0, prepare=0.0),
            make_engine("demons", 20.5, epe=0.4, prepare=0.5, frame=0.05),
            make_engine("elastix_slicer", 20.6, epe=0.6, prepare=20.0),
        )
        moving, epe, eight, one = who_is_ahead(result)
        assert "student is ahead of the best other, elastix_slicer (24.50 against 24.10)" in moving
        assert "student is behind the best other, demons (0.50 against 0.40)" in epe
        assert eight == (
            "A pair and eight frames take student 3.00 s; slower: elastix_slicer (6.9 times); "
            "faster: demons (0.3 times)."
        )
        assert one == "The student's pair and eight frames take less than one registration of elastix_slicer (10.0 s)."
        assert no_motion_sentence(result) == "Without any motion EPE would be 3.00 mm."

    def test_equals_are_level(self, make_engine, make_result):
        (moving, *_) = who_is_ahead(make_result(make_engine("student"), make_engine("demons")))
        assert "student is level with the best other, demons" in moving

    def test_the_overview_has_the_best_of_the_others_for_each_measure(self, make_engine, make_result):
        result = make_result(
            make_engine("student", 21.0, epe=0.5),
            make_engine("velocity_field:pair", 28.0),
            make_engine("demons", 20.0, epe=0.4, prepare=9.0),
            make_engine("linear_blend", 20.5, prepare=0.0),
        )
        line = overview_table([result]).splitlines()[-1]
        assert line == (
            "| blobs | student | 24.50 | 24.00 (linear_blend) | 0.50 | 0.40 (demons) | 1.80 | 9.80 (demons) |"
        )

    def test_gains_are_means_over_the_sets_that_score_beside_what_is_declared(
        self, make_engine, make_result, monkeypatch
    ):
        specs = {name: SimpleNamespace(scores=scores) for name, scores in SCORES.items()}
        monkeypatch.setattr(tables, "engine_specs", lambda: specs)
        results = []
        for blend, moving in ((20.0, 21.0), (19.0, 20.5)):
            engines = [make_engine(name, moving) for name in ("velocity_field", "student", "cubic_blend", "demons")]
            result = make_result(*engines, make_engine("linear_blend", blend))
            results.append(replace(result, case_set=replace(result.case_set, scores=True)))
        without_blend = replace(results[0], engines=results[0].engines[:1])
        rows = cells(gains_table([*results, make_result(make_engine("velocity_field", 50.0)), without_blend]), at=1)
        assert {name: [row[h] for h in ("measured dB", "declared dB", "holds")] for name, row in rows.items()} == {
            "cubic_blend": ["+1.25", "-", "-"],
            "linear_blend": ["+0.00", "+0.00", "yes"],
            "student": ["+1.25", "+1.19", "no"],
            "velocity_field": ["+1.25", "+1.21", "yes"],
        }
        assert {(row["kind of data"], row["sets"]) for row in rows.values()} == {("slices", "2")}
        assert gains_table([make_result(make_engine("velocity_field"), make_engine("linear_blend"))]) == ""

    def test_eight_frames_are_a_share_of_eight_single_calls(self, make_engine, make_result):
        seconds = {"eight_prepared_anew_seconds": 10.0, "eight_one_by_one_seconds": 5.0, "eight_together_seconds": 3.0}
        result = make_result(make_engine("student", prepare=1.0, **seconds), make_engine("demons"))
        row = cells(eight_frames_table([result]))["blobs"]
        assert [row["engine"], row["one by one"], row["together"]] == ["student", "60 %", "40 %"]
        assert eight_frames_table([make_result(make_engine("demons"))]) == ""


class TestPictures:
    def test_a_curve_is_the_mean_of_all_gaps(self, make_engine):
        rows = make_engine("student").rows
        times = common_times(rows)
        np.testing.assert_allclose(times, [1 / 3, 2 / 3])
        # frames 1 and 4 at a third of their gaps, 2 and 5 at two thirds, and half a dB for the second case
        np.testing.assert_allclose(mean_curve(rows, "psnr_moving", times), [23.0, 24.0])

    def test_gaps_of_different_length_are_read_at_common_times(self, make_engine):
        long = [replace(row, patient="long", first=0, t=n / 5) for n, row in enumerate(make_engine("x").rows[:4], 1)]
        times = common_times([*make_engine("x").rows, *long])
        assert (times[0], times[-1]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))

    def test_gaps_of_one_frame_have_no_curve(self, make_engine, make_result, tmp_path):
        engine = make_engine("student")
        single = replace(engine, rows=[row for row in engine.rows if row.frame == 1])
        assert not save_curves(make_result(single), tmp_path / "c.png")
        assert not save_curves(make_result(replace(engine, failures={"two": "x"})), tmp_path / "c.png")
        assert list(tmp_path.iterdir()) == []

    def test_curves_and_picture_are_as_wide_as_a_readme(self, make_engine, make_result, tmp_path):
        names = ("student", *BASELINES, "demons", "syn", "elastix", "monai_voxelmorph")
        result = make_result(*(make_engine(name, epe=None if name in BASELINES else 0.5) for name in names))
        assert save_curves(result, tmp_path / "c.png")
        assert save_picture(result, tmp_path / "p.png")
        for name in ("c.png", "p.png"):
            assert 900 <= Image.open(tmp_path / name).width <= 1350

    def test_pictures_are_spread_over_as_few_lines_as_fit(self):
        assert [(len(grids), grids[0].columns) for grids in (grids_for(n, 1.0) for n in (2, 7, 8, 13))] == [
            (1, 2),
            (1, 7),
            (2, 4),
            (2, 7),
        ]

    def test_a_coronal_plane_has_the_head_on_top_and_pixels_of_their_true_shape(self):
        array = np.arange(24.0).reshape(2, 3, 4)  # feet, head
        turned = middle_coronal(Volume(array, Geometry((2, 3, 4), (1.0, 2.0, 5.0))))
        np.testing.assert_array_equal(turned.array, [[array[1, 1], array[0, 1]]])
        assert turned.geometry.spacing == (1.0, 5.0, 2.0)

    def test_a_set_may_be_shown_in_coronal_planes(self, make_engine, make_result, tmp_path):
        result = make_result(make_engine("student"))
        for name, changed in (("slices", result.case_set), ("coronal", replace(result.case_set, coronal=True))):
            save_picture(replace(result, case_set=changed), tmp_path / f"{name}.png")
        one, other = (Image.open(tmp_path / f"{name}.png").size for name in ("slices", "coronal"))
        assert one != other

    def test_without_a_prediction_there_is_no_picture(self, make_engine, make_result, tmp_path):
        assert not save_picture(make_result(replace(make_engine("student"), shown=None)), tmp_path / "p.png")


class TestReport:
    def test_everything_is_written(self, make_engine, make_result, tmp_path):
        failed = EngineResult("syn", failures={"one": "no luck", "two": "no luck"})
        write_report([make_result(make_engine("student", epe=0.5), failed)], CIRCUMSTANCES, tmp_path)
        names = ["blobs_curves.png", "blobs_frames.png", "report.md", "rows.csv", "summary.csv"]
        assert sorted(path.name for path in tmp_path.iterdir()) == names
        text = (tmp_path / "report.md").read_text()
        for part in (
            "`python bench.py`",
            "cores 2.",
            "Engines that did not run: syn (not installed: pip).",
            "Sets that were left out: echo (x is not there).",
            "Blobs that move: 2 sequences of 1 x 16 x 18 voxels (K, J, I) of 8 x 1.5 x 1.5 mm, 4 pairs, 8 held-out",
            "| syn | failed on 2 of 2, first one: no luck |",
            "(blobs_frames.png)",
            "| student | - | settings=1 |",
        ):
            assert part in text
        with (tmp_path / "rows.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == 8 + 2
        assert {line["failed"] for line in lines} == {"", "no luck"}
        with (tmp_path / "summary.csv").open(newline="") as file:
            student, syn = csv.DictReader(file)
        assert float(student["epe_mm"]) == 0.5
        assert (syn["failed"], syn["psnr"]) == ("one: no luck; two: no luck", "")

    def test_a_run_in_which_all_failed_has_a_report(self, make_result, tmp_path):
        failed = EngineResult("student", failures={"one": "no luck", "two": "no luck"})
        write_report([make_result(failed)], CIRCUMSTANCES, tmp_path)
        assert "failed on 2 of 2, first one: no luck" in (tmp_path / "report.md").read_text()

    def test_the_machine_is_described(self):
        told = describe(3)
        assert told["cores"].endswith("may use 3")
        assert told["torch"][0].isdigit()


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(bench.main)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


class TestCommand:
    @pytest.fixture(autouse=True)
    def fast(self, monkeypatch, blob_set, make_engine):
        """Known sets are the blobs, and engines answer at once, demons are missing."""

        def run(case_set, engines, conditions, tell):
            cases = case_set.draw()
            return SetResult(case_set, cases, (0, 2), [replace(make_engine(n), shown=None) for n in engines])

        monkeypatch.setattr(bench, "run_set", run)
        monkeypatch.setattr(bench, "drawn_sets", lambda data, quick: [blob_set])
        monkeypatch.setattr(bench, "why_missing", lambda name, weights: "not installed" if name == "demons" else "")
        monkeypatch.setattr(bench.signal, "signal", lambda *_: None)

    def test_a_report_is_written_and_what_is_missing_is_reported(self, command, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "report.md").write_text("old")
        (tmp_path / "out" / "weights").mkdir()
        done = command("--engines", "student, demons", "--data", tmp_path, "-o", tmp_path / "out")
        assert done.exit_code == 0, done.output
        text = (tmp_path / "out" / "report.md").read_text()
        assert "Engines that did not run: demons (not installed)." in text
        assert "cine_sax_ed_es (" in text
        assert "there is no such file or folder" in text
        assert (tmp_path / "out" / "weights").is_dir()

    def test_a_sequence_alone_is_the_only_set(self, command, make_blob, tmp_path):
        write_sequence(make_blob().sequence, tmp_path / "mine.seq.nrrd")
        given = ("--sequence", tmp_path / "mine.seq.nrrd", "--from", 0, "--to", 6, "--engines", "student")
        done = command(*given, "-o", tmp_path / "out")
        assert done.exit_code == 0, done.output
        text = (tmp_path / "out" / "report.md").read_text()
        assert "## mine" in text
        assert "1 pair, 5 held-out frames" in text
        assert "## blobs" not in text

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--engines", "studnet"), "There is no engine 'studnet'"),
            (("--sets", "heart"), "There is no set 'heart'"),
            (("--from", "0"), "Give --from and --to, or --every"),
            (("--from", "0", "--to", "4", "--every", "2"), "Give --from and --to, or --every"),
        ],
    )
    def test_what_cannot_be_chosen_is_refused(self, options, words, command, tmp_path):
        done = command(*options, "-o", tmp_path / "out")
        assert done.exit_code == 3
        assert words in done.stderr
        assert not (tmp_path / "out").exists()

    def test_quick_takes_few_sets(self, monkeypatch):
        known = [*bench.real_sets(bench.REPOSITORY, quick=True)]
        assert [s.name for s in bench._chosen_sets(known, None, quick=True, alone=True)] == ["cine_2ch_every_4"]
        assert len(bench._chosen_sets(known, None, quick=False, alone=True)) == 9
