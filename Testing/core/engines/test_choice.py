"""Which engine "auto" is, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines import choice, registry
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.choice import choose_engine, engine_for, kind_of
from temporal_interp.engines.registry import EngineSpec, Kind, engine_specs, register_engine, unregister_engine
from temporal_interp.models.registry import Registry

SLICES = Geometry((6, 20, 20), (1.5, 1.5, 13.0))
VOLUMES = Geometry((30, 20, 20), (1.5, 1.5, 1.5))
GB = 10**9


@pytest.fixture
def scores(monkeypatch):
    """Function that gives the engines of the program other scores, by kind of data; none in slices unless given."""

    def declare(volumes=None, **slices):
        for name, spec in engine_specs().items():
            given = {Kind.SLICES: slices.get(name), Kind.VOLUMES: (volumes or {}).get(name)}
            given = {kind: score for kind, score in given.items() if score is not None}
            monkeypatch.setitem(registry._declared(), name, replace(spec, scores=given))

    return declare


@pytest.fixture
def memory(monkeypatch):
    """Function that sets the memory of the devices, in bytes."""
    return lambda **bytes_of: monkeypatch.setattr(choice, "memory_of", lambda device: bytes_of[device])


class TestKind:
    def test_a_single_slice_and_a_stack_with_gaps_are_slices(self):
        assert kind_of(Geometry((1, 20, 20), (1.5, 1.5, 1.5))) is Kind.SLICES
        assert kind_of(SLICES) is Kind.SLICES
        assert kind_of(VOLUMES) is Kind.VOLUMES

    def test_the_thickness_tells_whether_there_are_gaps(self):
        apart = Geometry((6, 20, 20), (1.5, 1.5, 3.0))
        assert kind_of(apart) is kind_of(apart, 3.0) is Kind.VOLUMES
        assert kind_of(apart, 1.5) is Kind.SLICES

    def test_a_stack_of_thick_slices_without_gaps_is_slices(self):
        assert kind_of(Geometry((6, 20, 20), (1.4, 1.5, 8.0)), 8.0) is Kind.SLICES
        assert kind_of(Geometry((60, 20, 20), (0.7, 0.7, 2.5)), 2.5) is Kind.VOLUMES


class TestChoice:
    def test_the_best_score_for_the_kind_of_data_is_taken(self, scores):
        scores(velocity_field=1.5, student=0.9, linear_blend=0.0, volumes={"student": 0.5, "velocity_field": 0.3})
        assert choose_engine(SLICES).name == "velocity_field"
        assert choose_engine(VOLUMES).name == "student"

    @pytest.mark.parametrize(
        ("student", "name"), [(1.39, "velocity_field"), (1.4, "student"), (1.5, "student"), (1.6, "student")]
    )
    def test_where_the_student_is_level_it_is_taken(self, scores, student, name):
        scores(velocity_field=1.5, student=student, linear_blend=0.0)
        assert choose_engine(SLICES).name == name

    def test_another_engine_that_is_level_is_not(self, scores):
        scores(velocity_field=1.5, cubic_blend=1.45)
        assert choose_engine(SLICES).name == "velocity_field"

    def test_without_pytorch_it_is_the_linear_blend(self, monkeypatch):
        assert choose_engine(SLICES, torch=False).name == "linear_blend"
        monkeypatch.setattr(registry, "find_spec", lambda name: None)
        assert choose_engine(SLICES).name == "linear_blend"

    def test_without_a_model_it_is_not_the_student(self, scores, monkeypatch):
        scores(velocity_field=1.5, student=2.0, linear_blend=0.0)
        monkeypatch.setattr(Registry, "default", lambda self, kind="student", images="": None)
        found = choose_engine(SLICES)
        assert found.name == "velocity_field"
        assert "Left out: the student (no trained model comes with this copy of the program)." in found.reason

    def test_what_does_not_fit_into_the_memory_of_the_device_is_left_out(self, scores, memory):
        scores(volumes={"student": 0.5, "velocity_field": 0.3, "linear_blend": 0.0})
        large = Geometry((400, 512, 512), (1.0, 1.0, 1.0))
        memory(cpu=64 * GB, cuda=24 * GB)
        assert choose_engine(large).name == "student"
        found = choose_engine(large, device="cuda")
        assert found.name == "velocity_field"
        assert "Left out: the student (about 27 GB of memory for such frames, and there are 24 GB)." in found.reason
        assert choose_engine(VOLUMES, device="cuda").name == "student"
        memory(cpu=2 * GB)
        assert choose_engine(large).name == "linear_blend"

    def test_where_the_system_does_not_tell_its_memory_nothing_is_left_out(self, scores, memory):
        scores(volumes={"student": 0.5, "linear_blend": 0.0})
        memory(cpu=None)
        assert choose_engine(Geometry((4000, 5120, 5120), (1.0, 1.0, 1.0))).name == "student"

    def test_an_engine_from_outside_is_taken_only_with_a_score(self):
        spec = EngineSpec("toy", "Toy", "Blends.", "At once.", create=lambda v, d: LinearBlend(), needs_torch=False)
        for declared, name in ((spec, "velocity_field"), (replace(spec, scores={Kind.SLICES: 50.0}), "toy")):
            register_engine(declared)
            try:
                assert choose_engine(SLICES).name == name
            finally:
                unregister_engine("toy")


class TestReason:
    def test_it_says_what_the_best_gains_and_what_the_others_do(self, scores):
        scores(velocity_field=1.5, student=0.94, linear_blend=0.0)
        assert choose_engine(SLICES).reason == (
            "Automatic is the velocity field: of the engines that run here it predicts hidden frames of slices best, "
            "1.5 dB above the linear blend on average; the student 0.9 dB."
        )

    def test_it_says_that_the_student_is_level(self, scores):
        scores(volumes={"velocity_field": 0.34, "student": 0.26, "linear_blend": 0.0})
        assert choose_engine(VOLUMES).reason == (
            "Automatic is the student: it predicts hidden frames of volumes as well as the velocity field, 0.3 and "
            "0.3 dB above the linear blend on average, and sooner."
        )

    def test_it_says_what_does_not_run_here(self):
        assert choose_engine(SLICES, torch=False).reason == (
            "Automatic is the linear blend: no other engine runs here. Left out: the velocity field and the student "
            "(Python packages are missing)."
        )


def test_auto_is_the_engine_of_the_choice_and_a_name_or_an_engine_stays():
    cine = Sequence.from_numpy(np.random.default_rng(1).random((3, 1, 8, 8)), times=[0, 40, 80])
    assert engine_for("auto", cine, device="cpu").name == choose_engine(cine.geometry).name
    assert engine_for("cubic_blend", cine).name == "cubic_blend"
    own = LinearBlend()
    assert engine_for(own, cine) is own
