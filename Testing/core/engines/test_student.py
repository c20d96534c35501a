"""The engine of the student: settings that make no sense are refused, and which network is for which images."""

from dataclasses import replace

import pytest

from stand_ins import growing_disc
from temporal_interp.data.geometry import Geometry
from temporal_interp.engines.student import StudentEngine
from temporal_interp.errors import InvalidInputError


@pytest.mark.parametrize("setting", [{"precision": "float16"}, {"max_voxels": 0}])
def test_settings_that_make_no_sense_are_refused(known_student, setting):
    with pytest.raises(InvalidInputError):
        StudentEngine(known_student(), **setting)


@pytest.mark.parametrize(("apart", "model"), [(1.0, "thick 1"), (9.0, "flat 1")], ids=["a volume", "slices apart"])
def test_a_network_of_volumes_takes_the_place_of_that_of_slices(known_student, monkeypatch, apart, model):
    def from_model(name, *, device):
        assert (name, device) == ("thick", "cpu")
        return StudentEngine(known_student(), "thick 1")

    monkeypatch.setattr(StudentEngine, "from_model", staticmethod(from_model))
    engine = StudentEngine(known_student(), "flat 1", precision="float32", model_of_volumes="thick")
    sequence = growing_disc(Geometry((3, 16, 16), spacing=(1.0, 1.0, apart)), [0.0, 1.0])
    prepared = engine.prepare(sequence)
    assert prepared.engine.model == model
    assert prepared.engine.precision == "float32"
    assert replace(engine, model_of_volumes="").prepare(sequence).engine.model == "flat 1"
