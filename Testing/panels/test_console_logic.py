"""The logic from the Python console: the example of its docstring, and all else it offers."""

import doctest
import sys
from pathlib import Path

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, item_arrays, item_values, put_in_scene, snapshot, synthetic_marks
from panels.panel_helpers import SHIFT, Engines, blend, shifted

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import CancelledError, InvalidInputError
from TemporalInterpLib import logic as library_logic
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.parameter_node import AUTOMATIC

MODULE = Path(__file__).parents[2] / "TemporalInterp" / "TemporalInterp.py"


@pytest.fixture
def module(slicer_session, engines: Engines):
    slicer_session.load_module(MODULE)
    return sys.modules["TemporalInterp"]


@pytest.fixture
def logic(module):
    return module.TemporalInterpLogic()


@pytest.fixture
def small_sample(monkeypatch, blob_frames, scene):
    """In place of the phantom: five single slices, which the student takes."""
    geometry = Geometry((1, 24, 24), (1.5, 1.5, 8.0), OBLIQUE.origin, OBLIQUE.direction)

    def sample():
        cine = put_in_scene(blob_frames(5, geometry.shape), geometry, [0, 12.5, 25, 37.5, 50])
        return AddedSequence(cine.sequence, cine.browser, cine.proxy, {})

    monkeypatch.setattr(library_logic, "run_to_end", _run_to_end(sample, library_logic.run_to_end))


def _run_to_end(sample, usual):
    def run(steps, progress):
        if steps.gi_code.co_name == "sample_cine_steps":
            steps.close()
            return sample()
        return usual(steps, progress)

    return run


def test_the_example_of_the_docstring_runs_as_it_is(module, small_sample, engines, monkeypatch):
    from temporal_interp.engines import registry
    from TemporalInterpLib import engines as library_engines

    monkeypatch.setattr(library_engines, "create_engine", registry.create_engine)  # the shipped student
    examples = doctest.DocTestParser().get_examples(module.TemporalInterpLogic.__doc__)
    assert len(examples) == 5
    names: dict[str, object] = {}
    for example in examples:
        exec(example.source, names)
    result, (first, last) = names["result"].sequence, (names["first"], names["last"])
    assert (first, last) == (0, 4)
    assert item_values(result) == pytest.approx(list(np.linspace(0, 50, 12)), abs=1e-5)
    assert synthetic_marks(result) == [False, *[True] * 10, False]
    source, made = item_arrays(names["cine"]), item_arrays(result)
    assert (made[0].tobytes(), made[-1].tobytes()) == (source[0].tobytes(), source[4].tobytes())
    assert result.GetNthDataNode(5).GetAttribute("TemporalInterp.Engine") == "student"
    assert names["result"].browser.GetMasterSequenceNode() is result


def test_the_sample_is_a_cine_of_the_heart(logic, monkeypatch):
    monkeypatch.setattr("TemporalInterpLib.sample_cine.PHASES", 2)
    added = logic.load_sample_cine()
    assert added.sequence.GetScene() is slicer.mrmlScene
    assert added.sequence.GetIndexUnit() == "ms"
    first, last = item_arrays(added.sequence)
    assert (first != last).any()
    assert added.browser.GetProxyNode(added.sequence) is added.proxy


def test_interpolate_at_index_values_with_fields(cine, logic):
    added = logic.interpolate(
        cine.sequence, 0, 2, [5, 20], engine="student", companions=[Companion.DISPLACEMENT_FIRST_TO_T]
    )
    assert item_values(added.sequence) == [0, 5, 20, 25]
    np.testing.assert_array_equal(item_arrays(added.sequence)[1], shifted(cine.sequence, 0, 2, 0.2))
    assert list(added.companions) == [Companion.DISPLACEMENT_FIRST_TO_T]


def test_multiply_frame_rate(cine, logic):
    added = logic.multiply_frame_rate(cine.sequence, 2, engine="linear_blend")
    source, made = item_arrays(cine.sequence), item_arrays(added.sequence)
    assert len(made) == 9
    np.testing.assert_array_equal(made[1], blend(source[0], source[1], 0.5))
    assert len(item_values(logic.multiply_frame_rate(cine.sequence, 2, cyclic=True).sequence)) == 10


def test_proposed_phases(cine, logic):
    assert logic.proposed_phases(cine.sequence) == (0, 4)


def test_progress_is_reported_and_may_cancel(cine, scene, logic):
    told = []
    logic.interpolate(cine.sequence, 0, 4, 3, progress=lambda *report: told.append(report))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    before = snapshot(scene)

    with pytest.raises(CancelledError):
        logic.interpolate(cine.sequence, 0, 4, 3, progress=cancel_beyond(0.5))
    assert snapshot(scene) == before


@pytest.mark.parametrize(
    ("first", "last", "frames", "words"),
    [
        (4, 0, 3, "must come before"),
        (2, 2, 3, "must come before"),
        (0, 9, 3, "last phase"),
        (-1, 2, 3, "first phase"),
        (0, 4, 0, "at least 1"),
        (0, 4, [], "No times"),
        (0, 4, [float("nan")], "strictly between"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(cine, scene, logic, first, last, frames, words):
    before = snapshot(scene)
    with pytest.raises(InvalidInputError) as caught:
        logic.interpolate(cine.sequence, first, last, frames)
    assert words.lower() in str(caught.value).lower()
    assert snapshot(scene) == before


@pytest.mark.parametrize("engine", [AUTOMATIC, "student", "linear_blend"])
def test_no_sequence_is_reported(logic, engine):
    for call in (
        lambda: logic.interpolate(None, 0, 1, 3, engine=engine),
        lambda: logic.multiply_frame_rate(None, 2, engine=engine),
        lambda: logic.check_steps(None, 0, 2, engine=engine),
        lambda: logic.proposed_phases(None),
        lambda: logic.adaptation_steps(None),
    ):
        with pytest.raises(InvalidInputError, match="no sequence"):
            call()


@pytest.mark.parametrize("engine", [AUTOMATIC, "student", "linear_blend"])
def test_an_empty_sequence_is_reported(cine, logic, engine):
    cine.sequence.RemoveAllDataNodes()
    for call in (
        lambda: logic.interpolate(cine.sequence, 0, 1, 3, engine=engine),
        lambda: logic.check_steps(cine.sequence, 0, 2, engine=engine),
    ):
        with pytest.raises(InvalidInputError, match="empty"):
            call()


def test_two_results_can_be_removed_apart(cine, logic):
    one = logic.interpolate(cine.sequence, 0, 4, 2)
    two = logic.interpolate(cine.sequence, 0, 4, 3)
    assert logic.remove_generated_frames(one.sequence) == 2
    assert item_values(one.sequence) == [0, 50]
    assert len(item_values(two.sequence)) == 5


def test_the_engine_and_its_model_are_noted(cine, logic):
    added = logic.interpolate(cine.sequence, 0, 4, 1, engine="student")
    item = added.sequence.GetNthDataNode(1)
    assert item.GetAttribute("TemporalInterp.Engine") == SHIFT.name
    assert item.GetAttribute("TemporalInterp.Model") == "shifter 1.0"
    assert item.GetAttribute("TemporalInterp.T") == "0.5"


def test_no_models_to_remove(logic):
    assert logic.removable_models() == []
    assert logic.remove_models() == []


def test_the_parameter_node_is_typed_and_one(logic):
    parameters = logic.getParameterNode()
    parameters.frameCount = 12
    assert logic.getParameterNode().frameCount == 12
    with pytest.raises(ValueError, match="500"):
        parameters.frameCount = 501


def test_a_sequence_is_loaded_from_a_folder_that_holds_several(logic, scene, cases):
    listed = logic.sequences_in(cases / "d12_flat")
    assert [(one.number, one.description, one.frames) for one in listed] == [
        ("20", "CINE 2CH", 6),
        ("21", "CINE 4CH", 6),
        ("22", "CINE 3CH", 6),
    ]
    added = logic.load_sequence(cases / "d12_flat", series="4CH")
    assert item_values(added.sequence) == [0, 30, 60, 90, 120, 150]
