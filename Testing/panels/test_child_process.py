"""The command line in a child process: JSON lines, crashes, and a cancel that ends the whole tree."""

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from panels.panel_helpers import is_running

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib import child_process
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.child_process import ChildEndedError, command_line

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are looked up in /proc")


def run(*arguments):
    """The result of a command and what it reported."""
    reports = []
    return run_to_end(command_line(arguments), lambda *report: reports.append(report)), reports


def ended(pid: int) -> bool:
    end = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_running(pid)


def step_until(steps, condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        next(steps)


def noted(path: Path) -> int | None:
    """The number a child has written into a file, None before."""
    return int(path.read_text()) if path.exists() and path.read_text().endswith("\n") else None


def test_threads_of_a_child_sleep_while_they_wait(monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_WAIT_POLICY", "of the test")  # so that it is as it was afterwards
    monkeypatch.delenv("OMP_WAIT_POLICY")
    told = tmp_path / "policy"
    program = f"import os; open({str(told)!r}, 'w').write(os.environ['OMP_WAIT_POLICY'])"
    monkeypatch.setattr(child_process, "PROGRAM", program)
    with pytest.raises(ChildEndedError):  # it gives no result
        run()
    assert told.read_text() == "passive"


TREE = """
def note(name, pid):
    with open(os.path.join({folder!r}, name + ".part"), "w") as file:
        file.write(str(pid) + "\\n")
    os.replace(file.name, os.path.join({folder!r}, name))
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
note("child", os.getpid())
note("grandchild", grandchild.pid)
"""


@pytest.fixture
def tree(tmp_path):
    """Program of a child that starts a grandchild, and the files that their numbers are in."""
    return TREE.format(folder=str(tmp_path)), tmp_path / "child", tmp_path / "grandchild"


def test_result_progress_and_arguments(child_program):
    child_program("""
        say("progress", fraction=0.25, message="first")
        time.sleep(0.2)
        say("note", message="by the way")
        say("progress", fraction=0.75, message="second")
        time.sleep(0.2)
        say("result", arguments=sys.argv[1:], number=1.5)
    """)
    result, reports = run("adapt", "file with spaces.nrrd", "--device", "cpu")
    assert result == {"arguments": ["adapt", "file with spaces.nrrd", "--device", "cpu", "--json"], "number": 1.5}
    assert reports[0] == (0.0, "starting")
    assert (0.25, "first") in reports
    assert (0.75, "second") in reports


def test_every_step_is_short(child_program):
    child_program("time.sleep(0.5); say('result')")
    steps, durations = command_line(["x"]), []
    while True:
        started = time.monotonic()
        try:
            next(steps)
        except StopIteration:
            break
        durations.append(time.monotonic() - started)
    assert sorted(durations)[len(durations) // 2] < 0.1
    assert len(durations) >= 5


def test_half_a_line_is_read_when_it_is_whole(child_program):
    child_program("""
        text = json.dumps({"event": "progress", "fraction": 0.5, "message": "Zähler"}, ensure_ascii=False).encode()
        for part in (text[:10], text[10:40], text[40:-5], text[-5:] + b"\\n" + b'{"event": "res', b'ult", "n": 3}\\n'):
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            time.sleep(0.08)
    """)
    result, reports = run("x")
    assert result == {"n": 3}
    assert (0.5, "Zähler") in reports


def test_many_lines_at_once(child_program):
    child_program("""
        print("\\n".join(json.dumps({"event": "progress", "fraction": n / 20000, "message": "m" * 50})
                         for n in range(20000)))
        say("result", n=1)
    """)
    assert run("x")[0] == {"n": 1}


def test_a_line_that_is_no_json_is_passed_over(child_program):
    child_program("""
        print("a library says hello")
        print()
        print("[1, 2]")
        say("result", n=1)
    """)
    assert run("x")[0] == {"n": 1}


def test_an_error_event_becomes_an_error_in_its_words(child_program):
    child_program("say('error', message='Frame 3 has voxels that are not finite.'); sys.exit(3)")
    with pytest.raises(InvalidInputError, match=r"^Frame 3 has voxels that are not finite\.$"):
        run("x")


def test_an_error_event_ends_a_child_that_continues(child_program, tree):
    program, child, grandchild = tree
    child_program(program + "say('error', message='no'); time.sleep(60)")
    with pytest.raises(InvalidInputError, match="no"):
        run("x")
    assert ended(noted(child))
    assert ended(noted(grandchild))


@pytest.mark.parametrize(
    ("end", "code"), [("os.abort()", "-6"), ("os._exit(137)", "137"), ("raise MemoryError('too much')", "1")]
)
def test_a_crash_is_a_message_with_the_last_words(child_program, end, code):
    child_program(f"say('progress', fraction=0.5, message='half')\nsys.stderr.write('last words\\n')\n{end}")
    with pytest.raises(ChildEndedError) as caught:
        run("x")
    assert f"exit code {code}" in str(caught.value)
    assert "last words" not in str(caught.value)
    assert "last words" in caught.value.details


def test_long_last_words_are_cut(child_program):
    child_program("sys.stderr.write('x' * 100000 + 'the end'); sys.exit(1)")
    with pytest.raises(ChildEndedError) as caught:
        run("x")
    assert caught.value.details.endswith("the end")
    assert len(caught.value.details) < 3000


def test_an_end_without_a_result_is_a_message(child_program):
    child_program("say('progress', fraction=1.0, message='done')")
    with pytest.raises(ChildEndedError, match="exit code 0"):
        run("x")


def test_a_result_before_a_crash_does_not_count(child_program):
    child_program("say('result', n=1); os._exit(9)")
    with pytest.raises(ChildEndedError, match="exit code 9"):
        run("x")


def test_cancel_ends_the_child_and_the_grandchild(child_program, tree):
    program, child, grandchild = tree
    child_program(program + "time.sleep(60)")
    steps = command_line(["x"])
    step_until(steps, lambda: noted(grandchild))
    assert is_running(noted(child))
    assert is_running(noted(grandchild))
    steps.close()
    assert ended(noted(child))
    assert ended(noted(grandchild))


def test_cancel_ends_a_child_that_ignores_signals(child_program, tree):
    program, child, _ = tree
    child_program(
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        + program
        + "time.sleep(60)"
    )
    steps = command_line(["x"])
    step_until(steps, lambda: noted(child))
    started = time.monotonic()
    steps.close()
    assert time.monotonic() - started < 2, "the panel waits for it"
    assert ended(noted(child))


@pytest.mark.parametrize("end", ["os._exit(9)", "say('result', n=1)"])
def test_a_grandchild_does_not_outlive_its_child(child_program, tree, end):
    program, _, grandchild = tree
    child_program(f"{program}\n{end}")
    steps = command_line(["x"])
    with suppress(StopIteration, ChildEndedError):
        step_until(steps, lambda: False)
    assert ended(noted(grandchild))


def test_cancel_after_the_end_does_nothing(child_program):
    child_program("time.sleep(0.05); say('result')")
    steps = command_line(["x"])
    next(steps)
    time.sleep(1.0)
    steps.close()


def test_steps_that_were_never_taken_start_no_process(child_program, tree):
    program, child, _ = tree
    child_program(program)
    command_line(["x"]).close()
    time.sleep(0.2)
    assert noted(child) is None


def test_it_leaves_no_temporary_files(child_program, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    child_program("say('result')")
    run("x")
    child_program("sys.exit(1)")
    with pytest.raises(ChildEndedError):
        run("x")
    assert list(tmp_path.iterdir()) == []


def test_the_real_command_line_runs_and_refuses_in_words(tmp_path):
    with pytest.raises(InvalidInputError) as caught:
        run("info", str(tmp_path / "none.nrrd"))
    assert "none.nrrd" in str(caught.value)
    assert "stopped unexpectedly" not in str(caught.value)


def test_a_temporary_file_is_not_named_in_a_refusal(child_program):
    child_program("say('error', message=f'{sys.argv[2]}: Frame 3 shows nothing.'); sys.exit(3)")
    with pytest.raises(InvalidInputError, match=r"^Frame 3 shows nothing"):
        run("track", "/tmp/TemporalInterp-x1/frames.seq.nrrd")
    with pytest.raises(InvalidInputError, match=r"^/data/cine\.nrrd: Frame 3"):
        run("track", "/data/cine.nrrd")


def test_it_finds_the_python_of_slicer(child_program, monkeypatch, tmp_path):
    wrapper = tmp_path / "PythonSlicer"
    wrapper.write_text('#!/bin/sh\nTHROUGH=slicer exec python3 "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    child_program("say('result', through=os.environ.get('THROUGH'))")
    assert run("x")[0] == {"through": "slicer"}


def test_waiting_is_short_enough_for_the_event_loop():
    assert child_process.WAIT < 0.1
