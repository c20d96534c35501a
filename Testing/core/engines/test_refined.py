"""The refined engine: what it says of the student that it refines."""

from disc_pairs import QUICK
from temporal_interp.engines.refined import RefinedEngine
from temporal_interp.engines.student import StudentEngine


def test_the_refined_engine_says_which_model_it_refines(known_student):
    student = StudentEngine(known_student(), "toy 1.0", "abc", precision="float32")
    engine = RefinedEngine(student, QUICK)
    assert (engine.name, engine.model, engine.model_sha256) == ("refined", "toy 1.0", "abc")
    assert engine.settings.startswith("precision=float32 ")
    assert "stride=1.5" in engine.settings
