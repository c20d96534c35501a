"""How time and memory grow: the fits, one measurement, the stop at what takes too long, and the bounds."""

import csv
import io
import json
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from temporal_interp.engines.linear_blend import LinearBlend

import scaling
from growth import one_run
from growth.bounds import BOUNDS_GB, broken_bounds
from growth.cases import SPACING_MM, back_and_forth, grown_pair, read, write
from growth.fits import power_law, straight_line
from growth.growths import frames_growth, frames_line, size_growth, times_line
from growth.one_run import EIGHT, REPEATS, Limit, best, measure
from growth.picture import save_picture
from growth.report import comma_separated, markdown
from growth.rows import FRAMES, SIZE, TIMES, Row
from growth.run import Plan, run
from temporal_interp.errors import CancelledError


class TestFits:
    def test_a_power_is_found(self):
        x = [10, 100, 1000, 20000]
        law = power_law(x, [3 * n**1.5 for n in x])
        assert law.exponent == pytest.approx(1.5)
        assert law.factor == pytest.approx(3)
        assert law.r2 == pytest.approx(1)

    def test_scatter_lowers_r2(self):
        """log y of 0, 2, 1 at log x of 0, 1, 2: slope 1/2; squares of 1.5 are left of 2."""
        law = power_law(np.exp([0, 1, 2]), np.exp([0, 2, 1]))
        assert (law.exponent, law.r2) == pytest.approx((0.5, 0.25))

    def test_two_points_are_no_growth(self):
        assert power_law([1, 2], [1, 2]) is None
        assert power_law([1, 1, 2], [1, 1, 2]) is None
        assert power_law([1, 2, 4], [1, 2, 0]) is None
        assert straight_line([1, 2], [1, 2]) is None

    def test_a_line_is_found(self):
        line = straight_line([1, 2, 4, 8], [5.5, 6, 7, 9])
        assert (line.fixed, line.each, line.r2) == pytest.approx((5, 0.5, 1))

    def test_what_stays_the_same_is_explained(self):
        assert straight_line([1, 2, 3], [4, 4, 4]).r2 == 1


class TestCases:
    def test_the_heart_fills_every_grid_and_voxels_stay(self):
        small, large = (grown_pair((2, n, n)).volumes[0] for n in (32, 64))
        assert small.geometry.spacing == large.geometry.spacing == SPACING_MM
        halved = large.array.reshape(2, 32, 2, 32, 2).mean(axis=(2, 4))
        assert np.corrcoef(halved.ravel(), small.array.ravel())[0, 1] > 0.9

    def test_back_and_forth(self):
        pair = grown_pair((1, 16, 16))
        sequence = back_and_forth(pair, 5)
        assert [volume is pair.volumes[n % 2] for n, volume in enumerate(sequence.volumes)] == [True] * 5

    def test_files_hold_the_same(self, tmp_path):
        sequence = back_and_forth(grown_pair((1, 16, 16)), 3)
        write(sequence, tmp_path / "s.npz")
        again = read(tmp_path / "s.npz")
        assert again.volumes[0].geometry == sequence.volumes[0].geometry
        for one, other in zip(sequence.volumes, again.volumes, strict=True):
            np.testing.assert_array_equal(one.array, other.array)


class Asked:
    """An engine that notes what it is asked, and can be slow."""

    name, model, model_sha256, settings = "asked", "", "", ""

    def __init__(self, *, many=True, slow=False):
        self.slow = slow
        self.asked = []
        if many:
            self.at_many = self._at_many

    def _at_many(self, times, *, fields=False):
        self.asked.append(list(times))
        return [None] * len(times)

    def prepare(self, first, last, *, progress=lambda fraction, message: None, **others):
        self.first = first
        while self.slow:
            progress(0.5, "fitting")
        return self

    def at(self, t, *, fields=False):
        self.asked.append((t, fields))


class TestOneRun:
    PAIR = grown_pair((1, 16, 16))

    def test_a_pair(self):
        (row,) = measure(SIZE, LinearBlend(), self.PAIR, 60.0)
        assert set(row["seconds"]) == {"prepare", "frame", "eight", "fields"}
        assert all(seconds > 0 for seconds in row["seconds"].values())
        assert row["gb"]["program"] <= row["gb"]["frame"] <= row["gb"]["peak"]
        assert (row["count"], row["note"]) == (1, "")

    def test_eight_are_asked_for_together(self):
        engine = Asked()
        list(measure(SIZE, engine, self.PAIR, 60.0))
        assert engine.asked == [(0.4, False)] * REPEATS + [list(EIGHT)] * REPEATS + [(0.4, True)] * REPEATS

    def test_or_one_by_one(self):
        engine = Asked(many=False)
        list(measure(SIZE, engine, self.PAIR, 60.0))
        assert engine.asked.count((EIGHT[0], False)) == REPEATS

    def test_a_sequence(self):
        (row,) = measure(FRAMES, LinearBlend(), back_and_forth(self.PAIR, 5), 60.0)
        assert (row["count"], set(row["seconds"])) == (5, {"sequence"})

    def test_numbers_of_t(self):
        engine = Asked()
        rows = list(measure(TIMES, engine, self.PAIR, 60.0, [1, 3]))
        assert [row["count"] for row in rows] == [1, 3]
        assert all({"prepare", "frames"} == set(row["seconds"]) for row in rows)
        assert engine.asked[-1] == [0.25, 0.5, 0.75]

    @pytest.mark.parametrize("study", [SIZE, FRAMES, TIMES])
    def test_what_takes_too_long_is_stopped_and_said(self, study):
        (row,) = measure(study, Asked(slow=True), self.PAIR, 0.01, [1])
        assert row["note"] == "stopped after 0.01 s"
        assert row["seconds"] == {}

    def test_the_limit_is_kept(self, monkeypatch):
        times = iter([5.0, 6.5, 7.5])
        monkeypatch.setattr(one_run, "time", SimpleNamespace(perf_counter=lambda: next(times)))
        limit = Limit(2.0)
        limit(0.1, "early")
        with pytest.raises(CancelledError):
            limit(0.1, "late")

    def test_the_shortest_of_several_counts_unless_one_is_long(self, monkeypatch):
        clock = iter([0, 3, 3, 4.5, 5, 7, 10, 100])
        monkeypatch.setattr(one_run, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
        assert best(lambda: "made") == (1.5, "made")
        assert next(clock) == 10  # 3 + 1.5 + 2 s were enough

    def test_no_two_results_are_in_memory_at_once(self):
        made = []

        def work():
            assert all(result() is None for result in made)
            result = np.zeros(3)
            made.append(weakref.ref(result))
            return result

        best(work)
        assert len(made) == REPEATS


PLAN = Plan(["linear_blend"], [(1, 16, 16)], (1, 16, 16), [3], [1, 2], threads=1, limit=60.0)


class TestRun:
    def test_in_processes_of_their_own(self):
        told = []
        rows = run(replace(PLAN, times=[1]), told.append)
        assert [(row.study, row.count, row.note) for row in rows] == [(SIZE, 1, ""), (FRAMES, 3, ""), (TIMES, 1, "")]
        assert all(row.engine == "linear_blend" and row.shape == (1, 16, 16) for row in rows)
        assert len(told) == 3

    @pytest.fixture
    def processes(self, monkeypatch):
        """Commands of processes that do not run; those of an engine named slow are stopped, of one named bad die."""
        commands = []

        def pretend(command, **options):
            study, engine, _, result = command[3:7]
            commands.append((study, engine))
            row = {"count": 1, "seconds": {}, "gb": {}, "note": "stopped after 60 s" if engine == "slow" else ""}
            if engine != "bad":
                with open(result, "w") as file:  # noqa: PTH123
                    json.dump([row], file)
            return type("Ended", (), {"returncode": -9 if engine == "bad" else 0, "stderr": "one\nKilled\n"})

        monkeypatch.setattr("growth.run.subprocess.run", pretend)
        return commands

    def test_what_took_too_long_is_not_tried_on_more(self, processes):
        plan = replace(PLAN, engines=["slow", "quick"], shapes=[(1, 8, 8), (1, 16, 16)])
        rows = run(plan, lambda line: None)
        sizes = [(row.engine, row.shape[1], row.note) for row in rows if row.study == SIZE]
        slow = [("slow", 8, "stopped after 60 s"), ("slow", 16, "not tried")]
        assert sizes == [slow[0], ("quick", 8, ""), slow[1], ("quick", 16, "")]
        assert processes.count((SIZE, "slow")) == 1
        assert (FRAMES, "slow") in processes  # which is another study

    def test_a_process_that_dies_is_said(self, processes):
        rows = run(replace(PLAN, engines=["bad"]), lambda line: None)
        assert rows[0].note == "ended with code -9: Killed"
        assert [row.count for row in rows] == [1, 3, 1]

    def test_some_shapes_are_for_the_student_alone(self, processes):
        rows = run(replace(PLAN, engines=["student", "quick"], student_only=[(2, 8, 8)]), lambda line: None)
        assert [row.engine for row in rows if row.shape == (2, 8, 8)] == ["student"]


def sizes_of(engine, voxels, seconds, **others):
    return [
        Row(SIZE, engine, (1, 1, n), seconds=dict.fromkeys(("prepare", "frame", "eight", "fields"), s), **others)
        for n, s in zip(voxels, seconds, strict=True)
    ]


ROWS = [
    *sizes_of("student", [10, 100, 1000], [1.0, 10.0, 100.0], gb={"program": 0.5, "frame": 1.0, "peak": 1.5}),
    Row(SIZE, "slow", (1, 1, 10), note="stopped after 120 s"),
    *(Row(FRAMES, "student", (1, 8, 8), n, {"sequence": 1 + 2.0 * (n - 1)}) for n in (3, 5, 9)),
    *(Row(TIMES, "student", (1, 8, 8), n, {"prepare": 3.0, "frames": 0.5 + n / 4}, {"peak": 2.0}) for n in (1, 2, 4)),
    Row(TIMES, "slow", (1, 8, 8), 1, note="stopped after 120 s"),
]


class TestGrowth:
    def test_of_the_size(self):
        law, count = size_growth(ROWS, "student", "further frame")
        assert (law.exponent, count) == (pytest.approx(1), 3)
        law, _ = size_growth(ROWS, "student", "memory above the program's")
        assert law.exponent == pytest.approx(0)
        assert size_growth(ROWS, "slow", "prepare") == (None, 0)

    def test_of_the_frames_by_gaps(self):
        assert (frames_line(ROWS, "student").fixed, frames_line(ROWS, "student").each) == pytest.approx((1, 2))
        assert frames_growth(ROWS, "student").exponent == pytest.approx(1, abs=0.15)

    def test_of_t_with_the_preparation_in_the_fixed_part(self):
        line = times_line(ROWS, "student")
        assert (line.fixed, line.each) == pytest.approx((3.5, 0.25))
        assert times_line(ROWS, "slow") is None

    def test_what_was_stopped_counts_for_no_memory(self):
        stopped = [replace(row, note="stopped") for row in ROWS[:3]]
        assert size_growth(stopped, "student", "memory above the program's") == (None, 0)


class TestBounds:
    def rows(self, *peaks, engine="student"):
        shapes = zip(BOUNDS_GB, peaks, strict=True)
        return [Row(SIZE, engine, shape, gb={"peak": peak}) for shape, peak in shapes]

    def test_kept(self):
        assert broken_bounds(self.rows(2.0, 10.0)) == []

    def test_exceeded(self):
        lines = broken_bounds([*self.rows(2.01, 9.0), *self.rows(1.0, 11.0, engine="refined")])
        assert lines == [
            "student took 2.01 GB at 32 x 128 x 128, more than 2 GB.",
            "refined took 11.00 GB at 96 x 256 x 256, more than 10 GB.",
        ]

    def test_unknown(self):
        small, large = self.rows(1.0, 1.0)
        lines = broken_bounds([replace(small, gb={}), replace(large, note="ended with code -9")])
        assert lines == [
            "The memory of the student at 32 x 128 x 128 is not known: not measured.",
            "The memory of the student at 96 x 256 x 256 is not known: ended with code -9.",
        ]


class TestReport:
    def test_markdown(self):
        text = markdown(ROWS, ["a machine"], "p.png")
        assert "| student | 1 x 1 x 100 | 10 | 10 | 10 | 12% | 10 | 0.5 | 1 | 1.5 |  |" in text
        assert "| slow | 1 x 1 x 10 |  |  |  |  |  |  |  |  | stopped after 120 s |" in text
        assert "| student | prepare | 1.00 | 1.000 | 3 |" in text
        assert "| slow | prepare | too few sizes |  | 0 |" in text
        assert "| student | 5 | 9 | 17 | 1 | 2 | 1.000 | 0.88 | 0.999 |  |" in text
        assert "| student | 3.75 | 4 | 4.5 | 3.5 | 0.25 | 1.000 | 3 | 2 |" in text
        assert "| slow | stopped after 120 s |  |  |  |  |  |  |  |" in text
        assert "![Time and memory against size, frames and t](p.png)" in text

    def test_csv_has_every_value_and_note(self):
        rows = list(csv.DictReader(io.StringIO(comma_separated(ROWS))))
        assert len(rows) == 3 * 7 + 1 + 3 + 3 * 3 + 1
        assert [row["note"] for row in rows if row["engine"] == "slow"] == ["stopped after 120 s"] * 2

    def test_picture_has_three_panels(self, tmp_path):
        save_picture(ROWS, tmp_path / "p.png")
        assert (tmp_path / "p.png").read_bytes()[1:4] == b"PNG"


class TestCommand:
    @pytest.fixture
    def plans(self, monkeypatch):
        """The plans that were run; the rows are made up."""
        plans = []
        monkeypatch.setattr(scaling, "run", lambda plan, tell: plans.append(plan) or ROWS)
        return plans

    def test_writes_three_files(self, plans, tmp_path):
        scaling.main(tmp_path / "new" / "s.md", threads=1, quick=False, check=False)
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["s.csv", "s.md", "s.png"]
        assert set(BOUNDS_GB) <= set(plans[0].shapes)

    def test_check_fails_with_a_line(self, plans, capsys):
        with pytest.raises(typer.Exit) as left:
            scaling.main(None, threads=1, quick=True, check=True)
        assert left.value.exit_code == 1
        assert "not known: not measured" in capsys.readouterr().err
        assert plans[0].student_only == tuple(BOUNDS_GB)

    def test_only_the_engines_that_were_named(self, plans):
        scaling.main(None, engines="student, linear_blend", threads=1, quick=False, check=False)
        assert list(plans[0].engines) == ["student", "linear_blend"]

    def test_an_unknown_engine_is_told_before_the_work(self, plans, capsys):
        with pytest.raises(typer.Exit):
            scaling.main(None, engines="student,magic", threads=1, quick=True, check=False)
        assert "no engine 'magic'; choose of student" in capsys.readouterr().err
        assert plans == []

    def test_a_name_that_cannot_be_written_is_told_before_the_work(self, plans, tmp_path):
        with pytest.raises(typer.Exit) as left:
            scaling.main(tmp_path / "s.txt", threads=1, quick=True, check=False)
        assert left.value.exit_code == 3
        assert plans == []
