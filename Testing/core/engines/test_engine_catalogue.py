"""The engines by name, and which one is taken where none is chosen."""

import pytest

from temporal_interp.engines.catalogue import (
    ENGINE_NAMES,
    available_engine_names,
    create_engine,
    default_engine_name,
)
from temporal_interp.errors import InvalidInputError
from temporal_interp.volumes import Geometry
from temporal_interp.weights.model_file import checksum
from temporal_interp.weights.registry import Registry

SLICE = Geometry((1, 128, 128), (1.5, 1.5, 8.0))
STACK = Geometry((10, 128, 128), (1.5, 1.5, 8.0))


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


@pytest.mark.parametrize(("geometry", "thickness"), [(SLICE, None), (SLICE, 8.0), (STACK, 4.0)])
def test_slices_on_their_own_go_to_the_student(geometry, thickness):
    assert default_engine_name(geometry, thickness) == "student"


def test_slices_that_touch_are_refined_since_the_shipped_student_looks_at_one_at_a_time():
    assert not create_engine("student").student.sees_neighbours
    assert not Registry().default().sees_neighbours
    assert default_engine_name(STACK, 8.0) == "refined"


def test_without_a_model_the_velocity_field_is_the_default(monkeypatch):
    monkeypatch.setattr(Registry, "default", lambda self, kind="student": None)
    assert available_engine_names() == ("velocity_field", "linear_blend")
    assert default_engine_name(SLICE, None) == default_engine_name(STACK, 8.0) == "velocity_field"
    with pytest.raises(InvalidInputError, match="No trained model"):
        create_engine("student")
