"""A way to run the command line in the test's own process, and small sequences to run it on."""

import json

import pytest
from typer.testing import CliRunner

from stand_ins import growing_disc
from temporal_interp.cli.main import app
from temporal_interp.data.geometry import Geometry
from temporal_interp.io import write_sequence


@pytest.fixture
def command(monkeypatch):
    """Runs `temporal-interp` with the given arguments; the result has exit_code, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "200")  # so that no message is broken into lines

    def run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def events():
    """Reads the JSON lines that a command printed."""

    def read(result):
        return [json.loads(line) for line in result.stdout.splitlines()]

    return read


@pytest.fixture
def sequence():
    """Five frames of a disc that grows, one slice, every 100 ms."""
    return growing_disc(Geometry((1, 24, 28), (1.5, 1.5, 8.0), (10.0, -20.0, 30.0)), [0, 100, 200, 300, 400])


@pytest.fixture
def recording(sequence, tmp_path):
    """The sequence in a file."""
    path = tmp_path / "recording.seq.nrrd"
    write_sequence(sequence, path)
    return path


@pytest.fixture
def loop(sequence, tmp_path):
    """The sequence in a file that says that it is a loop of 480 ms."""
    path = tmp_path / "loop.seq.nrrd"
    write_sequence(sequence.as_loop(480.0), path)
    return path
