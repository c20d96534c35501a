"""A way to run the command line in the test's own process, and small sequences to run it on."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from temporal_interp.cli.main import app
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
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
    rows, columns = np.mgrid[:24, :28]
    distance = np.hypot(rows - 11.5, columns - 13.5)
    geometry = Geometry((1, 24, 28), (1.5, 1.5, 8.0), (10.0, -20.0, 30.0))
    frames = [Volume((1000 * (distance < 5 + n)).astype(np.uint16)[None], geometry) for n in range(5)]
    return Sequence(frames, [0, 100, 200, 300, 400])


@pytest.fixture
def recording(sequence, tmp_path):
    """The sequence in a file."""
    path = tmp_path / "recording.seq.nrrd"
    write_sequence(sequence, path)
    return path
