"""The engines by name, and which one is taken where none is chosen."""

from dataclasses import replace

import pytest

from temporal_interp.engines.catalogue import (
    DEFAULT_ENGINE,
    EASED_ENGINE,
    ENGINE_NAMES,
    available_engine_names,
    create_engine,
)
from temporal_interp.errors import InvalidInputError
from temporal_interp.models.model_file import checksum
from temporal_interp.models.registry import Registry
from temporal_interp.registration.settings import VelocitySettings


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_the_catalogue_makes_every_engine_it_names(name):
    engine = create_engine(name)
    assert engine.name == name
    assert engine.settings == ""  # nothing differs from the defaults


@pytest.mark.parametrize("name", ["student", "refined"])
def test_engines_with_a_model_say_which_and_take_another(name):
    entry = Registry().default()
    engine = create_engine(name)
    assert engine.model == f"{entry.name} {entry.version}"
    assert engine.model_sha256 == entry.sha256
    file = Registry().path(entry)
    by_name, by_file = create_engine(f"{name}:{entry.name}"), create_engine(f"{name}:{file}")
    assert by_name.model_sha256 == by_file.model_sha256 == checksum(file)
    assert by_file.model == file.name


def test_the_catalogue_passes_the_device_on():
    assert create_engine("velocity_field", device="cuda:1").device == "cuda:1"
    assert create_engine("student", device="cuda:1").device == "cuda:1"


@pytest.mark.parametrize("name", ["magic", "velocity_field:model", ""])
def test_an_unknown_engine_is_refused_with_the_known_ones(name):
    with pytest.raises(InvalidInputError, match=rf"'{name}'.*velocity_field, linear_blend"):
        create_engine(name)


def test_an_unknown_model_is_refused():
    with pytest.raises(InvalidInputError, match="nowhere"):
        create_engine("student:nowhere")


def test_the_default_needs_no_model(monkeypatch):
    monkeypatch.setattr(Registry, "default", lambda self, kind="student": None)
    assert available_engine_names() == ("velocity_field", "linear_blend")
    assert create_engine(DEFAULT_ENGINE).name == DEFAULT_ENGINE
    with pytest.raises(InvalidInputError, match="No trained model"):
        create_engine("student")


def test_the_velocity_field_can_be_that_of_a_network():
    assert create_engine("velocity_field:neural").registration == VelocitySettings.neural()
    assert create_engine("velocity_field:neural").settings.startswith("field=network ")


def test_the_eased_engine_is_the_default_one_with_a_slow_start_and_end():
    eased, plain = create_engine(EASED_ENGINE, device="cuda:1"), create_engine(DEFAULT_ENGINE, device="cuda:1")
    assert eased.settings == "ease=0.5"
    assert replace(eased, ease=0.0) == plain
