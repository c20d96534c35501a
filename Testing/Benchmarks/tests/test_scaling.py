"""How time and memory grow: the cases, the rows, the exponents and the bounds."""

import csv
from pathlib import Path

import numpy as np
import pytest
import typer

import scaling
from comparison.grown_cases import SPACING_MM, grown_heart
from comparison.run import Conditions, EngineResult, SetResult
from scaling import BOUNDS_GB, FRAMES, SIZE, broken_bounds, growth, markdown, measure
from temporal_interp.evaluation.evaluate import Row

CONDITIONS = Conditions(1, 60.0, Path("nowhere"))


class TestCases:
    def test_the_heart_fills_every_grid_and_voxels_stay(self):
        small, large = (grown_heart((2, n, n)).sequence.volumes[0] for n in (32, 64))
        assert small.geometry.spacing == large.geometry.spacing == SPACING_MM
        halved = large.array.reshape(2, 32, 2, 32, 2).mean(axis=(2, 4))
        assert np.corrcoef(halved.ravel(), small.array.ravel())[0, 1] > 0.9

    def test_it_goes_back_and_forth_and_one_frame_of_every_gap_is_held_out(self):
        case = grown_heart((1, 16, 16), gaps=3)
        frames = case.sequence.volumes
        assert len(frames) == 7
        assert frames[0] is frames[4]
        assert frames[1] is frames[3] is frames[5]
        assert [list(gap.held_out) for gap in case.hold_out.gaps] == [[1], [3], [5]]


@pytest.fixture
def runs(monkeypatch):
    """Sets and engines that were asked for; engines answer at once, one named bad fails."""
    asked = []

    def pretend(case_set, engines, conditions, tell):
        asked.append((case_set.name, list(engines)))
        measures = {"prepare_seconds": 2.0, "frame_seconds": 0.5, "frame_with_fields_seconds": 0.6, "psnr": 30.0}
        row = Row("heart", "native", "quick", 0, 2, 1, 0.5, 1.0, measures)
        done = [
            EngineResult(name, failures={"heart": "took more than 60 s"})
            if name == "bad"
            else EngineResult(name, [row], process={"pair_peak_gb": 1.5})
            for name in engines
        ]
        return SetResult(case_set, [], (0, 1), done)

    monkeypatch.setattr(scaling, "run_set", pretend)
    return asked


class TestMeasure:
    def test_a_sequence_takes_what_its_gaps_take(self, runs):
        (row,) = measure(FRAMES, [((1, 8, 8), 4)], ["quick"], CONDITIONS)
        assert (row["sequence_seconds"], row["gaps"], row["voxels"]) == (4 * 2.5, 4, 64)

    def test_what_took_too_long_is_not_tried_on_more(self, runs):
        rows = measure(SIZE, [((1, 8, 8), 1), ((1, 16, 16), 1)], ["bad", "quick"], CONDITIONS)
        assert [engines for _, engines in runs] == [["bad", "quick"], ["quick"]]
        assert [row.get("failed") for row in rows] == ["took more than 60 s", None, None]

    def test_a_real_process(self):
        (row,) = measure(SIZE, [((1, 16, 16), 1)], ["linear_blend"], CONDITIONS)
        assert row["prepare_seconds"] > 0
        assert 0 < row["pair_peak_gb"] < 2


def sizes(engine, *points):
    return [
        {"study": SIZE, "engine": engine, "shape": f"1 x 1 x {n}", "gaps": 1, "voxels": n, "prepare_seconds": seconds}
        for n, seconds in points
    ]


def test_an_exponent_needs_three_sizes():
    rows = [*sizes("student", (10, 3.0), (100, 3 * 10**1.5), (1000, 3 * 100**1.5)), *sizes("few", (1, 1.0), (2, 2.0))]
    (found,) = growth(rows)
    assert (found["engine"], found["quantity"]) == ("student", "prepare_seconds")
    assert found["exponent"] == pytest.approx(1.5)


class TestBounds:
    def rows(self, *peaks):
        return [
            {"study": SIZE, "engine": "student", "shape": shape, "pair_peak_gb": peak}
            for shape, peak in zip(BOUNDS_GB, peaks, strict=True)
        ]

    def test_kept(self):
        assert broken_bounds(self.rows(2.0, 10.0)) == []

    def test_exceeded(self):
        assert broken_bounds(self.rows(2.01, 9.0)) == ["student took 2.01 GB at 32 x 128 x 128, more than 2 GB."]

    def test_unknown(self):
        row = {"study": SIZE, "engine": "student", "shape": "96 x 256 x 256", "failed": "ended by signal 9"}
        assert broken_bounds([row]) == [
            "The memory of student at 96 x 256 x 256 is not known: ended by signal 9.",
        ]


class TestCommand:
    def test_a_report_and_a_csv_are_written(self, runs, tmp_path):
        scaling.main(tmp_path / "new" / "s.md", engines="student", threads=1, timeout=60.0, quick=True, check=False)
        text = (tmp_path / "new" / "s.md").read_text()
        assert "| student | 1 x 64 x 64 | 2.00 | 0.500 | 0.600 | 6.00 | 1.50 |  |" in text
        with (tmp_path / "new" / "s.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == 3 + 2

    def test_check_fails_with_a_line(self, runs, monkeypatch, capsys):
        monkeypatch.setitem(BOUNDS_GB, "1 x 64 x 64", 1.0)
        with pytest.raises(typer.Exit) as left:
            scaling.main(None, engines="student", threads=1, timeout=60.0, quick=True, check=True)
        assert left.value.exit_code == 1
        assert "student took 1.50 GB" in capsys.readouterr().err

    def test_an_unknown_engine_is_reported_before_the_work(self, runs, capsys):
        with pytest.raises(typer.Exit):
            scaling.main(None, engines="student,magic", threads=1, timeout=60.0, quick=True, check=False)
        assert "no engine 'magic'; choose from" in capsys.readouterr().err
        assert runs == []

    def test_a_failed_run_has_a_report(self, runs):
        rows = measure(SIZE, [((1, 8, 8), 1)], ["bad"], CONDITIONS)
        frames = measure(FRAMES, [((1, 8, 8), 2)], ["bad"], CONDITIONS)
        assert "took more than 60 s" in markdown([*rows, *frames], "a machine")
