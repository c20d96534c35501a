"""An engine in one file of another package, joined by an entry point: the command line offers it and it computes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from temporal_interp.data.sequence import Sequence
from temporal_interp.io import read_sequence, write_sequence

ENGINE = '''
"""The toy engine: the first frame until half-time, then the last."""

from dataclasses import dataclass

from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.engines.registry import EngineSpec


@dataclass(frozen=True)
class Toy(PairwiseEngine):
    name: str = "toy"

    def prepare_pair(self, pair, *, progress):
        return Prepared(pair)


@dataclass(frozen=True)
class Prepared:
    pair: object

    def at(self, t, *, fields=False):
        return [Synthesised(self.pair.last if share > 0.5 else self.pair.first) for share in t]


SPEC = EngineSpec("toy", "Toy engine", "Switches at half-time.", "At once.", create=lambda variant, device: Toy())
'''


@pytest.fixture
def installed(tmp_path) -> Path:
    """A folder with the package as pip installs it."""
    folder = tmp_path / "site-packages"
    metadata = folder / "toy_engine-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "toy_engine.py").write_text(ENGINE)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-engine\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[temporal_interp.engines]\ntoy = toy_engine:SPEC\n")
    return folder


def command_line(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    code = "from temporal_interp.cli import run; run()"
    paths = [str(folder), str(Path(__file__).parents[2] / "TemporalInterp")]
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_line_offers_it_and_it_computes(installed, tmp_path):
    cine = Sequence.from_numpy(np.arange(2 * 6, dtype="int16").reshape(2, 1, 2, 3), times=[0, 40])
    write_sequence(cine, tmp_path / "cine.seq.nrrd")
    assert "toy: Switches at half-time." in command_line(installed, "interpolate", "--help").stdout
    out = tmp_path / "out.seq.nrrd"
    result = command_line(
        installed, "interpolate", tmp_path / "cine.seq.nrrd", "-o", out, "--factor", 4, "--engine", "toy"
    )
    assert result.returncode == 0, result.stderr
    made = read_sequence(out)
    assert [attributes.get("TemporalInterp.Engine") for attributes in made.item_attributes] == [
        None,
        *["toy"] * 3,
        None,
    ]
    np.testing.assert_array_equal(made[1].array, cine[0].array)
    np.testing.assert_array_equal(made[3].array, cine[1].array)


def test_without_the_package_it_is_unknown(tmp_path):
    result = command_line(tmp_path, "interpolate", "nothing", "-o", "out", "--factor", 2, "--engine", "toy")
    assert result.returncode == 3
    assert "There is no engine 'toy'" in result.stderr
