"""One engine on one set: what is measured, and that no failure is lost."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from comparison.memory import STATUS, peak_gb
from comparison.one_engine import TIMED, run
from comparison.processes import BENCHMARKS
from comparison.run import Conditions, frame_to_show, run_engine, run_set
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.choice import choose_engine
from temporal_interp.evaluation.evaluate import evaluate

CONDITIONS = Conditions(threads=1, timeout=120.0, weights=Path("nowhere"))


def script(lines: str, **options) -> Conditions:
    """Conditions under which a script runs in place of an engine; its arguments are the name and the two paths."""
    return Conditions(1, options.get("timeout", 60.0), Path("nowhere"), (sys.executable, "-c", lines))


def events_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestOneEngine:
    def test_scores_are_those_of_the_evaluation(self, make_blob, set_folder, tmp_path):
        case = make_blob()
        run("linear_blend", LinearBlend, set_folder(case), tmp_path / "r.jsonl")
        ready, told, end = events_of(tmp_path / "r.jsonl")
        expected = evaluate(case.sequence, case.hold_out, [LinearBlend()], truth=case.truth, patient="blob").rows
        expected = [row for row in expected if row.engine == "linear_blend"]
        assert (ready["event"], told["event"], end["event"]) == ("ready", "rows", "end")
        assert [(r["frame"], r["t"], r["measures"]["psnr_moving"]) for r in told["rows"]] == [
            (row.frame, row.t, row.measures["psnr_moving"]) for row in expected
        ]

    def test_known_motion_is_scored(self, make_blob, set_folder, made_up, tmp_path):
        run("student", made_up, set_folder(make_blob()), tmp_path / "r.jsonl")
        (told,) = [e for e in events_of(tmp_path / "r.jsonl") if e["event"] == "rows"]
        # from the kept frames on either side the blob has moved 1.5 and 3 mm
        assert [row["measures"]["epe_mm"] for row in told["rows"]] == pytest.approx([2.25] * 4)
        assert [row["measures"]["epe_still_mm"] for row in told["rows"]] == pytest.approx([2.25] * 4)

    def test_first_work_of_all_is_done_twice_and_frames_are_timed_after_one_to_warm_up(
        self, make_blob, set_folder, made_up, tmp_path
    ):
        engine = made_up()
        run("x", lambda: engine, set_folder(make_blob()), tmp_path / "r.jsonl")
        frames = ["frame"] * (1 + len(TIMED))
        many = ["many", *["frame"] * 8]
        first = ["prepare", "prepare", *frames, *many, *many, *["frame"] * 8, "fields", "fields"]
        assert engine.calls == [*first, "prepare", *frames, "fields", "fields"]

    def test_seconds_are_what_the_work_takes(self, make_blob, set_folder, made_up, tmp_path):
        engine = made_up(prepare_delay=0.03, frame_delay=0.01)
        run("student", lambda: engine, set_folder(make_blob()), tmp_path / "r.jsonl")
        (told,) = [e for e in events_of(tmp_path / "r.jsonl") if e["event"] == "rows"]
        for row in told["rows"]:
            assert 0.03 <= row["measures"]["prepare_seconds"] < 0.06
            assert 0.01 <= row["measures"]["frame_seconds"] < 0.03
            assert row["measures"]["frame_with_fields_seconds"] >= 0.01
        extra = told["extra"]
        assert extra["eight_one_by_one_seconds"] >= 8 * 0.01
        assert extra["eight_together_seconds"] >= 9 * 0.01
        assert extra["eight_prepared_anew_seconds"] >= 8 * (0.03 + 0.01)

    def test_a_case_that_fails_is_a_reason_in_one_line_and_the_others_go_on(
        self, make_blob, set_folder, made_up, tmp_path
    ):
        engine = made_up(fails_on=4, name="x")
        folder = set_folder(make_blob("one"), make_blob("two"), make_blob("three"))
        run("x", lambda: engine, folder, tmp_path / "r.jsonl")
        told = [(e["event"], e.get("case"), e.get("reason")) for e in events_of(tmp_path / "r.jsonl")]
        # the first case prepares three times: two pairs, the first twice
        reason = "RuntimeError: out of luck"
        assert told[1:-1] == [("rows", "one", None), ("failed", "two", reason), ("failed", "three", reason)]
        assert told[-1][0] == "end"

    def test_the_frame_of_the_picture_is_kept(self, make_blob, set_folder, tmp_path):
        cases = make_blob("one"), make_blob("two", seed=1)
        run("linear_blend", LinearBlend, set_folder(*cases, shown=(1, 4)), tmp_path / "r.jsonl")
        shown = np.load(tmp_path / "r.npy")
        kept = evaluate(cases[1].sequence, cases[1].hold_out, [LinearBlend()], keep_frames=(4,)).kept
        np.testing.assert_array_equal(shown, kept["native", "linear_blend", 4].volume.array)


class TestProcess:
    def test_real_processes_of_real_engines(self, blob_set):
        told = []
        result = run_set(blob_set, ["linear_blend", "student"], CONDITIONS, told.append)
        blend, student = result.engines
        assert not blend.failures
        assert not student.failures
        assert [len(told), told[0].startswith("blobs: linear_blend done")] == [2, True]
        assert result.recommended == choose_engine(result.cases[0].sequence.geometry).name
        assert {row.patient for row in student.rows} == {"one", "two"}
        assert len(student.rows) == len(blend.rows) == 8
        assert student.model.startswith("synthetic-small")
        assert "epe_mm" in student.rows[0].measures
        assert "epe_mm" not in blend.rows[0].measures
        assert student.shown.shape == blend.shown.shape == (1, 16, 18)
        sizes = [student.process[f"{when}_peak_gb"] for when in ("import", "pair", "whole")]
        assert sizes == sorted(sizes)
        assert student.process["eight_prepared_anew_seconds"] > 0

    def test_an_engine_that_cannot_be_had_fails_on_every_case(self, blob_set):
        (result,) = run_set(blob_set, ["x"], script("raise SystemExit('no such engine')"), lambda line: None).engines
        assert result.failures == dict.fromkeys(("one", "two"), "ended with code 1: no such engine")
        assert result.rows == []

    def test_the_threads_of_all_libraries_are_set(self, set_folder, make_blob):
        lines = (
            "import json, os, sys; "
            "names = 'OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS'; "
            "numbers = [os.environ[name] for name in names]; "
            "json.dump({'event': 'ready', 'settings': ' '.join(numbers)}, open(sys.argv[3], 'w'))"
        )
        assert run_engine("x", set_folder(make_blob()), ["blob"], script(lines)).settings == "1 1 1"

    def test_a_process_that_takes_too_long_is_ended(self, set_folder, make_blob):
        start = time.monotonic()
        result = run_engine("x", set_folder(make_blob()), ["blob"], script("import time; time.sleep(60)", timeout=0.5))
        assert result.failures == {"blob": "took more than 0.5 s"}
        assert time.monotonic() - start < 20

    def test_what_was_done_before_a_crash_counts(self, set_folder, make_blob, made_up, tmp_path):
        folder = set_folder(make_blob("one"))
        run("x", made_up, folder, tmp_path / "done.jsonl")
        whole = (tmp_path / "done.jsonl").read_text().splitlines()
        (tmp_path / "begun.txt").write_text("\n".join(whole[:2]) + '\n{"event": "ro')
        lines = (
            "import os, shutil, sys; shutil.copy(os.path.join(sys.argv[2], 'begun.txt'), sys.argv[3]); "
            "print('allocating'); sys.stdout.flush(); os.kill(os.getpid(), 9)"
        )
        result = run_engine("x", folder, ["one", "two"], script(lines))
        assert len(result.rows) == 4
        assert result.failures == {"two": "was ended by signal 9: allocating"}
        assert "whole_peak_gb" not in result.process

    @pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
    def test_stopping_the_benchmark_leaves_no_process_and_no_file(self, blob_set, tmp_path, monkeypatch):
        (tmp_path / "temporary").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
        pid_file = tmp_path / "pid"
        lines = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        try:
            with pytest.raises(KeyboardInterrupt):
                run_set(blob_set, ["x"], script(lines), lambda line: None)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid_file.read_text()), 0)
        assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.skipif(not STATUS.is_file(), reason="not Linux")
class TestMemory:
    def told_by_a_child(self, lines):
        """Numbers that a child prints, which starts with nothing but `peak_gb`."""
        command = [sys.executable, "-c", f"from comparison.memory import peak_gb; {lines}"]
        environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS)}
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        return [float(number) for number in done.stdout.split()]

    def test_it_grows_with_what_is_taken_and_does_not_shrink(self):
        lines = "before = peak_gb(); taken = bytearray(b'1') * 10**8; del taken; print(before, peak_gb())"
        before, after = self.told_by_a_child(lines)
        assert after == pytest.approx(before + 0.1, abs=0.01)

    def test_a_small_process_of_a_large_one_is_small(self):
        (small,) = self.told_by_a_child("print(peak_gb())")
        assert small < 0.05 < 0.2 < peak_gb()


def test_the_picture_shows_the_middle_of_the_gap_whose_ends_differ_most(make_blob):
    case = make_blob()
    brighter = case.sequence.volumes[6].with_array(case.sequence.volumes[6].array + 3)
    volumes = [*case.sequence.volumes[:6], brighter]
    changed = type(case)(case.name, type(case.sequence)(volumes, case.sequence.times), case.hold_out)
    assert frame_to_show(changed) == 5
