"""Errors become one line and an exit code, whatever raises them."""

import sys

import pytest
import typer

from temporal_interp import cli
from temporal_interp.cli import exits
from temporal_interp.cli.console import Console
from temporal_interp.errors import CancelledError, InvalidInputError

NO_SPACE = OSError(28, "No space left on device", "result.nrrd")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InvalidInputError("one frame"), 3, "one frame"),
        (NO_SPACE, 3, "result.nrrd: No space left on device"),
        (OSError("the network is gone"), 3, "Reading or writing failed: the network is gone"),
        (OSError(12, "Cannot allocate memory"), 3, "not enough memory"),
        (MemoryError(), 3, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), 3, "not enough"),
        (CancelledError("Kept the first row."), 130, "Kept the first row."),
        (KeyboardInterrupt(), 130, "ancelled"),
        (ModuleNotFoundError("No module named 'av'", name="av"), 3, "video"),
    ],
    ids=["ours", "disk", "network", "no memory for a call", "memory", "PyTorch", "cancelled", "Ctrl-C", "extra"],
)
def test_an_error_is_told_in_one_line(error, code, words, capsys):
    with pytest.raises(typer.Exit) as ended, exits.exit_on_error(Console()):
        raise error
    assert ended.value.exit_code == code
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), BrokenPipeError(), ModuleNotFoundError("No module named 'nothing'", name="nothing")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_the_program_itself_is_shown_whole(error):
    with pytest.raises(type(error)), exits.exit_on_error(Console()):
        raise error


def test_what_a_signal_makes_of_an_import_is_an_end_by_the_signal(monkeypatch, capsys):
    monkeypatch.setattr(exits, "received", lambda: 15)
    with pytest.raises(typer.Exit) as ended, exits.exit_on_error(Console()):
        raise SystemError("initialization failed")
    assert ended.value.exit_code == 143
    assert "ancelled" in capsys.readouterr().err


class TestRun:
    @pytest.fixture(autouse=True)
    def _quiet(self, monkeypatch):
        monkeypatch.setattr(cli, "end_at_once", lambda: None)

    def test_it_starts_the_command_line(self, monkeypatch):
        from temporal_interp.cli import main

        started = []
        monkeypatch.setattr(main, "main", lambda: started.append(True))
        cli.run()
        assert started == [True]

    @pytest.mark.parametrize(("missing", "ends"), [("typer", SystemExit), ("nothing", ModuleNotFoundError)])
    def test_without_the_extra_it_says_how_to_install_it(self, monkeypatch, missing, ends):
        monkeypatch.setitem(sys.modules, "temporal_interp.cli.main", None)

        def advice(error):
            return "pip install it" if missing == "typer" else None

        monkeypatch.setattr(cli, "missing_extra", advice)
        with pytest.raises(ends):
            cli.run()
