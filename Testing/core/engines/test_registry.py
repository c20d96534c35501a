"""The engines by name, and which one is taken where none is chosen."""

import subprocess
import sys
from dataclasses import replace

import pytest

from temporal_interp.engines import registry
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.registry import (
    EngineSpec,
    available_engine_names,
    create_engine,
    engine_names,
    engine_specs,
    find_engine,
    is_registered_here,
    register_engine,
    unregister_engine,
)
from temporal_interp.engines.velocity_field import EASE_IN_OUT_ENGINE
from temporal_interp.errors import InvalidInputError
from temporal_interp.models.model_file import checksum
from temporal_interp.models.registry import Registry
from temporal_interp.registration.settings import VelocitySettings


@pytest.mark.parametrize("name", engine_names())
def test_the_registry_makes_every_engine_it_names(name):
    engine = create_engine(name)
    assert engine.name == name
    assert engine.settings == ""  # nothing differs from the defaults


def test_an_engine_with_a_model_says_which_and_takes_another():
    entry = Registry().default()
    engine = create_engine("student")
    assert engine.model == f"{entry.name} {entry.version}"
    assert engine.model_sha256 == entry.sha256
    file = Registry().path(entry)
    by_name, by_file = create_engine(f"student:{entry.name}"), create_engine(f"student:{file}")
    assert by_name.model_sha256 == by_file.model_sha256 == checksum(file)
    assert by_file.model == file.name


def test_the_registry_passes_the_device_on():
    assert create_engine("velocity_field", device="cuda:1").device == "cuda:1"
    assert create_engine("student", device="cuda:1").device == "cuda:1"


@pytest.mark.parametrize("name", ["magic", ""])
def test_an_unknown_engine_is_refused_with_the_known_ones(name):
    with pytest.raises(
        InvalidInputError, match=f"^There is no engine '{name}'; choose one of {', '.join(engine_names())}.$"
    ):
        create_engine(name)


@pytest.mark.parametrize("name", ["refined", "refined:synthetic-small"])
def test_an_engine_that_has_left_the_program_is_refused_as_such(name):
    with pytest.raises(InvalidInputError, match=f"no engine '{name}' any more; choose one of velocity_field"):
        create_engine(name)


def test_auto_is_no_engine_without_a_sequence():
    with pytest.raises(InvalidInputError, match=r"depends on the sequence.*choose one of velocity_field"):
        create_engine("auto")


def test_engines_with_the_best_scores_come_first():
    assert engine_names() == ("velocity_field", "student", "linear_blend", "cubic_blend")


def test_an_unknown_variant_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"'velocity_field:model'.*velocity_field:pair, velocity_field:eased"):
        create_engine("velocity_field:model")
    with pytest.raises(InvalidInputError, match="Variants of linear_blend: none"):
        create_engine("linear_blend:fast")


def test_an_unknown_model_is_refused():
    with pytest.raises(InvalidInputError, match="nowhere"):
        create_engine("student:nowhere")


def test_without_a_model_the_other_engines_are_there(monkeypatch):
    monkeypatch.setattr(Registry, "default", lambda self, kind="student", images="": None)
    assert available_engine_names() == ("velocity_field", "linear_blend", "cubic_blend")
    with pytest.raises(InvalidInputError, match="No trained model"):
        create_engine("student")


def test_the_velocity_field_can_be_that_of_a_network():
    assert create_engine("velocity_field:neural").registration == VelocitySettings.neural()
    assert create_engine("velocity_field:neural").settings.startswith("field=network ")


def test_the_ease_in_out_engine_is_the_velocity_field_with_two_frames_alone_and_a_slow_start_and_end():
    eased, plain = (create_engine(name, device="cuda:1") for name in (EASE_IN_OUT_ENGINE, "velocity_field"))
    assert eased.settings == "ease=0.5"
    assert replace(eased, ease=0.0, context=True) == plain


class TestEnginesOfOthers:
    @pytest.fixture
    def toy(self):
        spec = EngineSpec("toy", "Toy", "Blends.", "At once.", create=lambda variant, device: LinearBlend())
        register_engine(spec)
        yield spec
        unregister_engine("toy")

    def test_a_registered_engine_is_made_by_its_name(self, toy):
        assert find_engine("toy:anything") is toy
        assert isinstance(create_engine("toy"), LinearBlend)
        assert engine_names()[-1] == "toy"
        assert is_registered_here("toy:variant")
        assert not is_registered_here("velocity_field")

    def test_a_name_is_given_once(self, toy):
        with pytest.raises(InvalidInputError, match="'toy' already"):
            register_engine(toy)
        with pytest.raises(InvalidInputError, match="'student' already"):
            register_engine(replace(toy, name="student"))

    def test_entry_points_of_other_packages_are_found_and_broken_ones_are_reported(self, monkeypatch, toy):
        class Point:
            name, value = "ours", "somewhere:SPEC"

            def __init__(self, spec):
                self.spec = spec

            def load(self):
                if self.spec is None:
                    raise ImportError("no such thing")
                return self.spec

        points = [
            Point(replace(toy, name="theirs")),
            Point(None),
            Point(replace(toy, name="student")),
            Point(toy.create),
        ]
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        registry._declared.cache_clear()
        with pytest.warns(UserWarning, match="'ours' of somewhere:SPEC cannot be loaded") as told:
            specs = engine_specs()
        reasons = [str(warning.message).rpartition(": ")[2] for warning in told]
        assert reasons == [
            "no such thing",
            "there is an engine 'student' already",
            "it is a function, not an EngineSpec",
        ]
        registry._declared.cache_clear()
        assert specs["theirs"].label == "Toy"
        assert specs["student"].label != "Toy"  # the program's own


def test_the_list_of_engines_needs_neither_pytorch_nor_any_other_package_that_slicer_lacks():
    code = (
        "import sys; from temporal_interp.engines.registry import engine_specs; engine_specs(); "
        "sys.exit(' '.join(sys.modules.keys() & {'torch', 'pydantic', 'safetensors', 'lightning', 'typer'}) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("spec", engine_specs().values(), ids=engine_names())
def test_what_an_engine_declares_is_so(spec):
    engine = spec.create("", "cpu")
    assert engine.name == spec.name
    assert bool(engine.model_sha256) is spec.needs_model
    assert ":" not in spec.name
    assert spec.description.endswith(".")
    assert spec.expected_time.endswith(".")
