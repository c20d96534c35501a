"""What the section of the engine shows, without Qt."""

import pytest

from TemporalInterpLib.sections.engine.presenter import State, present

ENGINES = {"": "Automatic", "velocity_field": "Velocity field", "student": "Student network"}
DEVICES = {"auto": "Automatic", "cpu": "Processor", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}


def state(**changes) -> State:
    return State(**{"engines": ENGINES, "engine": "student", "devices": DEVICES, "expected": "A second.", **changes})


def test_the_chosen_engine_and_what_to_expect_of_it():
    view = present(state())
    assert view.engines[view.engine] == "Student network"
    assert view.info == "A second."


def test_automatic_says_which_engine_it_is_and_why():
    view = present(state(engine="", why="Automatic is the velocity field: it is best."))
    assert view.info == "Automatic is the velocity field: it is best. A second."


def test_why_an_engine_cannot_compute_takes_the_place_of_what_to_expect():
    assert present(state(refusal="Packages are missing.")).info == "Packages are missing."


def test_an_engine_that_is_not_offered_is_shown_by_its_name():
    view = present(state(engine="velocity_field:pair"))
    assert view.engines[view.engine] == "velocity_field:pair"
    assert not view.engine_falls_back


def test_an_engine_that_is_not_there_is_replaced_and_that_is_said_whatever_else_is():
    assert present(state(engine="gone", engine_is_there=False)).engine_falls_back
    note = "'gone' was chosen, and there is no such engine here: the choice is automatic."
    assert present(state(engine="", engine_not_there="gone")).info == f"{note} A second."
    assert present(state(engine="", engine_not_there="gone", no_sequence="It has one frame.")).info == note


@pytest.mark.parametrize(
    ("there", "names"),
    [(None, []), (["cpu"], []), (["cpu", "cuda"], ["auto", "cpu", "cuda"]), (["cpu", "mps"], ["auto", "cpu", "mps"])],
)
def test_devices_are_a_choice_only_where_there_are_several(there, names):
    view = present(state(there=there))
    assert list(view.devices) == names
    assert list(view.device_texts) == [DEVICES[name] for name in names]


def test_the_chosen_device():
    view = present(state(there=["cpu", "cuda"], device="cuda"))
    assert view.device_texts[view.device] == "NVIDIA GPU"
    assert not view.fall_back


@pytest.mark.parametrize(("there", "falls_back"), [(None, False), (["cpu"], True), (["cpu", "cuda"], False)])
def test_a_device_that_is_not_there_is_replaced_once_that_is_known(there, falls_back):
    assert present(state(there=there, device="cuda")).fall_back is falls_back


def test_what_became_of_it_is_said():
    note = present(state(there=["cpu"], not_there="cuda")).device_note
    assert "'NVIDIA GPU' was chosen" in note
    assert present(state(there=["cpu"])).device_note == ""


def test_an_unfit_sequence_cannot_be_adapted_to_but_adapting_can_be_cancelled():
    assert present(state(no_sequence="It has one frame.")).no_adapting == "It has one frame."
    assert present(state(no_sequence="It has one frame.", adapting=True)).no_adapting == ""
    assert present(state(no_sequence="It has one frame.")).info == ""
