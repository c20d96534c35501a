"""What all subcommands share: help, version, speed of the start, exit codes."""

import re
import subprocess
import sys

import pytest

import temporal_interp
from temporal_interp.engines.registry import engine_names

COMMANDS = (
    "demo",
    "info",
    "interpolate",
    "track",
    "register",
    "evaluate",
    "evaluate-tracking",
    "evaluate-registration",
    "phantom",
)


def test_help_names_every_command_and_the_exit_codes(command):
    result = command("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert re.search(rf"^\W*{name}\b", result.stdout, re.MULTILINE)
    assert "130 cancelled" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_its_exit_codes(command, name):
    result = command(name, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert "3 unusable input or output" in result.stdout


def test_help_names_every_engine(command):
    shown = command("interpolate", "--help").stdout
    assert all(name in shown for name in engine_names())


def test_version(command):
    result = command("--version")
    assert (result.exit_code, result.stdout) == (0, f"{temporal_interp.__version__}\n")


def test_help_imports_nothing_heavy():
    check = (
        "import sys; from temporal_interp.cli import main; "
        "print([name for name in ('torch', 'numpy', 'SimpleITK', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments", [["no-such-command"], ["info"], ["info", "x", "--no-such-option"], ["--no-such-option"]]
)
def test_wrong_usage_is_exit_code_2(command, events, arguments):
    assert command(*arguments).exit_code == 2
    result = command(*arguments, "--json")
    assert result.exit_code == 2
    assert [event["event"] for event in events(result)] == ["error"]


def test_a_missing_file_is_exit_code_3_and_one_line_that_names_it(command, events, tmp_path):
    path = tmp_path / "missing.seq.nrrd"
    result = command("info", path)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert str(path) in result.stderr
    (event,) = events(command("info", path, "--json"))
    assert event["event"] == "error"
    assert str(path) in event["message"]
