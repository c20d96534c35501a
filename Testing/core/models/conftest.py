"""Small model files, files that are none, and a registry of two folders."""

import json
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from temporal_interp.models.model_file import checksum, save_model
from temporal_interp.models.registry import ModelEntry, Registry

TRAINING = {"trained_on": "synthetic motion", "seed": 3}


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def model_file(tmp_path):
    """A student's file with two weights, which make no network."""
    path = tmp_path / "tiny.safetensors"
    state = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([-1.0, 2.0])}
    save_model(path, state, kind="student", settings={"widths": [4, 8]}, training=TRAINING)
    return path


@pytest.fixture
def sprung(tmp_path):
    """The file that is there once a trap has been unpickled."""
    return tmp_path / "sprung"


@pytest.fixture(params=["zip", "legacy", "plain-0", "plain-2", "plain-5"])
def pickled(request, tmp_path, sprung):
    """A pickle with a trap in it, as PyTorch and as Python write them."""
    path = tmp_path / "pickled.pt"
    way, _, protocol = request.param.partition("-")
    if way == "plain":
        path.write_bytes(pickle.dumps(Trap(sprung), protocol=int(protocol)))
    else:
        torch.save({"weight": Trap(sprung)}, path, _use_new_zipfile_serialization=way == "zip")
    return path


@pytest.fixture
def registry(tmp_path):
    """A registry without models; neither folder is there yet."""
    return Registry(tmp_path / "shipped", tmp_path / "user")


@pytest.fixture
def register(model_file):
    """Writes the registry file of a folder, with copies of the model file under the given names."""

    def write(folder, *names, **changed):
        folder.mkdir(exist_ok=True)
        models = []
        for name in names:
            (folder / f"{name}.safetensors").write_bytes(model_file.read_bytes())
            entry = ModelEntry(
                name=name,
                version="1.2",
                kind="student",
                file=f"{name}.safetensors",
                sha256=checksum(model_file),
                licence="CC0-1.0",
                trained_on="synthetic motion",
                scores={"psnr_db": 31.5},
            )
            models.append({key: value for key, value in asdict(entry).items() if key != "shipped"} | changed)
        (folder / "models.json").write_text(json.dumps({"schema": 1, "models": models}), encoding="utf-8")

    return write
