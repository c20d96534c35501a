"""The short way to an evaluation."""

import numpy as np
import pytest

from stand_in_engines import StandIn, blended
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines import choice
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation import hold_out
from temporal_interp.evaluation.evaluate import evaluate as evaluate_held_out
from temporal_interp.workflows.evaluation import evaluate


@pytest.fixture
def cine():
    return Sequence.from_numpy(np.random.default_rng(0).random((5, 1, 16, 16)), times=[0, 10, 30, 40, 50])


def test_engines_are_given_by_name_or_as_they_are(cine):
    evaluation = evaluate(cine, every=2, engines=["linear_blend", StandIn(blended, name="mine")])
    scores = {row.engine: row.measures["psnr"] for row in evaluation.rows if row.frame == 3}
    assert scores["mine"] == scores["linear_blend"]
    assert set(scores) == {"nearest_endpoint", "linear_blend", "mine"}


def test_without_engines_the_automatic_one_is_compared_with_the_linear_blend(cine, monkeypatch):
    monkeypatch.setattr(choice, "choose_engine", lambda *_, **__: choice.Choice("cubic_blend", "It is quick."))
    assert {row.engine for row in evaluate(cine, every=2).rows} == {"nearest_endpoint", "cubic_blend", "linear_blend"}


def test_frames_between_two_are_hidden(cine):
    evaluation = evaluate(cine, between=(0, 3), engines=["linear_blend"])
    expected = evaluate_held_out(cine, hold_out.between(cine, 0, 3), [StandIn(blended, name="linear_blend")])
    assert [(row.frame, row.measures["psnr"]) for row in evaluation.rows if row.engine == "linear_blend"] == [
        (row.frame, row.measures["psnr"]) for row in expected.rows if row.engine == "linear_blend"
    ]


@pytest.mark.parametrize(("cyclic", "frames"), [(None, {1, 2, 4}), (True, {1, 2, 4}), (False, {1, 2})])
def test_a_loop_is_evaluated_round_unless_it_is_called_none(cine, cyclic, frames):
    evaluation = evaluate(cine.as_loop(70.0), every=3, cyclic=cyclic, engines=["linear_blend"])
    assert {row.frame for row in evaluation.rows} == frames
    engine = StandIn(blended)
    evaluate(cine, between=(0, 3), cyclic=cyclic, engines=[engine])
    assert engine.prepared[0].sequence.period == (60.0 if cyclic else None)


@pytest.mark.parametrize("which", [{}, {"every": 2, "between": (0, 3)}])
def test_which_frames_to_hide_is_said_once(cine, which):
    with pytest.raises(InvalidInputError, match="either every or between"):
        evaluate(cine, **which)


@pytest.mark.parametrize("step", [0, 1, 5])
def test_a_step_that_hides_nothing_is_refused(cine, step):
    with pytest.raises(InvalidInputError, match=r"[Kk]eeping"):
        evaluate(cine, every=step)
