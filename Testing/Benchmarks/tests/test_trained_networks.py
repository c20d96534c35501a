"""The trained networks of others that come with the benchmark are what their table says."""

import json
import re
from dataclasses import asdict

import pytest
from safetensors import safe_open

from comparison.engines import TRAINED_NETWORKS
from peers.network_file import HEADER
from peers.networks import NETWORKS, network_settings
from peers.train_network import SAME_SECONDS
from temporal_interp.models.model_file import checksum

ROW = re.compile(r"\| `(\w+)\.safetensors` \| (.+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| `(\w+)` \|")


def table():
    return {row[0]: row[1:] for row in ROW.findall((TRAINED_NETWORKS / "README.md").read_text())}


def test_the_table_has_every_network():
    assert sorted(table()) == sorted(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_is_what_the_table_says(name):
    path = TRAINED_NETWORKS / f"{name}.safetensors"
    package, steps, gain, epe, sha256 = table()[name]
    assert checksum(path) == sha256
    with safe_open(path, framework="np") as file:
        description = json.loads(file.metadata()[HEADER])
    training = description["training"]
    assert description["settings"] == json.loads(json.dumps(asdict(network_settings(name))))
    assert (description["name"], description["package"], training["steps"]) == (name, package, int(steps))
    assert training["validation"]["gain"] == pytest.approx(float(gain), abs=6e-4)
    assert training["validation"]["epe_voxels"] == pytest.approx(float(epe), abs=6e-4)
    assert training["seconds"] == pytest.approx(SAME_SECONDS, rel=0.001)
    best_at, _ = max(training["course"], key=lambda point: point[1])
    assert best_at < 5 / 6 * SAME_SECONDS + 1  # "in the last sixth"
