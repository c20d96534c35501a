"""What commands print for people and for programs, and how errors become exit codes."""

import json

import pytest
import typer

from temporal_interp.cli import console as console_module
from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import exit_on_error
from temporal_interp.errors import CancelledError, InvalidInputError


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_program_reads_one_json_object_a_line_on_standard_output(capsys):
    console = Console(machine_readable=True)
    console.note("look")
    with console.progress("Working") as progress:
        progress(0.0, "begin")
        progress(1.0, "end")
    console.result({"frames": 3}, "3 frames")
    captured = capsys.readouterr()
    assert events(captured.out) == [
        {"event": "note", "message": "look"},
        {"event": "progress", "fraction": 0.0, "message": "begin"},
        {"event": "progress", "fraction": 1.0, "message": "end"},
        {"event": "result", "frames": 3},
    ]
    assert captured.err == ""


def test_a_person_reads_results_on_standard_output_and_the_rest_on_standard_error(capsys):
    console = Console()
    console.note("look")
    with console.progress("Working") as progress:
        progress(0.5, "half")
    console.result({"frames": 3}, "3 frames [of 5]")
    captured = capsys.readouterr()
    assert captured.out == "3 frames [of 5]\n"
    assert captured.err.splitlines() == ["Note: look", "Working:  50%  half"]


def test_progress_without_a_terminal_says_something_now_and_then_and_the_end_once(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(console_module.time, "monotonic", lambda: now[0])
    with Console().progress("Working") as progress:
        for step in range(100):
            now[0] = step * 0.2
            progress(step / 100, "step")
        progress(1.0, "end")
        progress(1.0, "end")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Working:   0%  step", "Working:  50%  step", "Working: 100%  end"]


def test_a_terminal_gets_a_bar_with_the_time_left(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with Console().progress("Working") as progress:
        progress(0.5, "half [way]")
    shown = capsys.readouterr().err
    assert "Working" in shown
    assert " 50%" in shown
    assert "half [way]" in shown


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InvalidInputError("no such frame"), 3, "Error: no such frame"),
        (FileNotFoundError(2, "No such file or directory", "x.nrrd"), 3, "Error: x.nrrd: No such file or directory"),
        (KeyboardInterrupt(), 130, "Error: Cancelled; nothing has been written."),
        (CancelledError(), 130, "Error: Cancelled; nothing has been written."),
    ],
)
def test_an_expected_error_is_one_line_and_an_exit_code(capsys, error, code, message):
    with pytest.raises(typer.Exit) as stopped, exit_on_error(Console()):
        raise error
    assert stopped.value.exit_code == code
    assert capsys.readouterr().err.splitlines() == [message]


def test_an_unexpected_error_is_not_hidden():
    with pytest.raises(ZeroDivisionError), exit_on_error(Console()):
        raise ZeroDivisionError


def test_a_usage_error_is_an_event_for_a_program(capsys):
    with pytest.raises(typer.Exit) as stopped, exit_on_error(Console(machine_readable=True)):
        raise typer.BadParameter("give --to")
    assert stopped.value.exit_code == 2
    (event,) = events(capsys.readouterr().out)
    assert event["event"] == "error"
    assert "give --to" in event["message"]
