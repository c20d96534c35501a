"""Models of slice synthesis in files."""

import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.models.registry import Registry
from temporal_interp.slices.fit_volume import new_model
from temporal_interp.slices.model_file import save_slice_model, slice_model_of
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings

SMALL = SliceNetworkSettings(features=1, blocks=1), PixelNetworkSettings(width=4, groups=1, blocks=1, holistic=True)


@pytest.fixture
def path(tmp_path):
    save_slice_model(new_model(4, *SMALL), tmp_path / "model.safetensors", {"trained_on": "a phantom"})
    return tmp_path / "model.safetensors"


def test_networks_come_back_as_they_were(path):
    loaded = load_model(path)
    model, original = slice_model_of(loaded), new_model(4, *SMALL)
    assert loaded.kind == "slices"
    assert model.factor == 4
    assert not model.training
    assert (model.slice_network.settings, model.pixel_network.settings) == SMALL
    for name, weights in original.state_dict().items():
        assert torch.equal(model.state_dict()[name], weights)


def test_a_model_can_be_registered(path, tmp_path):
    registry = Registry(user=tmp_path / "models")
    entry = registry.add(path, name="chest")
    assert (entry.kind, entry.trained_on) == ("slices", "a phantom")
    assert slice_model_of(registry.load("chest")).factor == 4


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("student", {}, "holds a student"),
        ("slices", {}, "describes no model for slices"),
        ("slices", {"factor": 9, "slice_network": {}, "pixel_network": {}}, "its factor is 9"),
        ("slices", {"factor": 2, "slice_network": {"blocks": 0}, "pixel_network": {}}, "'blocks'"),
        ("slices", {"factor": 2, "slice_network": {"depth": 1}, "pixel_network": {}}, "describes no model for slices"),
        ("slices", {"factor": 2, "slice_network": {}, "pixel_network": {}}, "does not hold the weights"),
    ],
)
def test_other_files_are_refused(tmp_path, kind, settings, words):
    path = tmp_path / "other.safetensors"
    save_model(path, {"weight": torch.zeros(1)}, kind=kind, settings=settings, training={})
    with pytest.raises(InvalidInputError, match=words):
        slice_model_of(load_model(path))
