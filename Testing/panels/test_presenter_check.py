"""What the check shows, without a panel."""

import math
from dataclasses import replace

import pytest

from TemporalInterpLib.sections.check.presenter import SHOWN_ROWS, CheckFacts, State, present

CHECK = CheckFacts("velocity_field", 45.0, 315.0, 7, 31.44, 2.345, 0.0, 360.4)


def shown(check: CheckFacts = CHECK, **state):
    return present(State(hidden=3, unit="ms", checks=[check], **state))


def test_the_result_is_one_sentence():
    assert shown().result == (
        "7 hidden frames between 0 and 360.4 ms: where tissue moves, errors are 24 % smaller than with the linear "
        "blend (31.4 against 29.1 dB)."
    )


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (1.68, "errors are 18 % smaller than"),
        (-1.68, "errors are 21 % larger than"),
        (-7.0, "errors are 124 % larger than"),
        (0.1, "errors are about as large as"),
        (-0.1, "errors are about as large as"),
        (0.2, "errors are 2 % smaller than"),
    ],
)
def test_the_gain_is_told_in_errors(gain, words):
    assert f"where tissue moves, {words}" in shown(replace(CHECK, gain_db=gain)).result


def test_a_check_of_old_does_not_know_its_gap():
    assert shown(replace(CHECK, start=math.nan, stop=math.nan)).result.startswith("7 hidden frames: where")


def test_gaps_of_a_whole_sequence_are_easier():
    easier = "The gaps that a whole sequence fills are shorter and easier."
    assert easier not in shown().result
    assert shown(whole=True).result.endswith(f" dB). {easier}")


def test_one_frame_is_singular():
    view = shown(replace(CHECK, count=1, last=45.0))
    assert view.result.startswith("1 hidden frame between 0 and 360.4 ms:")
    assert view.choices == ["velocity field, 45 ms"]


def test_the_blend_is_not_compared_with_itself():
    view = shown(replace(CHECK, engine="linear_blend", gain_db=0.0))
    assert "this is the linear blend itself" in view.result
    assert "of the linear blend" not in view.key


def test_where_nothing_moves_no_number_is_told():
    assert shown(replace(CHECK, moving_db=math.nan, gain_db=math.nan)).result == (
        "7 hidden frames between 0 and 360.4 ms: nothing moves in this sequence."
    )


def test_checks_are_told_apart_by_engine_and_frames():
    other = replace(CHECK, engine="student", last=270.0)
    view = present(State(unit="ms", checks=[CHECK, other], chosen=1))
    assert view.choices == ["velocity field, 45 to 315 ms", "student, 45 to 270 ms"]
    assert shown(replace(CHECK)).choices == ["velocity field, 45 to 315 ms"]
    assert present(State(checks=[CHECK])).choices == ["velocity field, 45 to 315"]
    clock = replace(CHECK, first=36000123.4, last=36000156.4)  # times of a clock
    assert shown(clock).choices == ["velocity field, 36000123.4 to 36000156.4 ms"]


def test_the_scale_of_errors_is_told_in_per_cent_and_follows_window_and_level():
    assert list(shown(white=0.4).scale) == ["0 %", "10 %", "20 %", "30 %", "40 %"]
    assert list(shown(black=0.1, white=0.2).scale) == ["10 %", "12.5 %", "15 %", "17.5 %", "20 %"]


@pytest.mark.parametrize(("is_shown", "text"), [(True, "Back to the images"), (False, "Show the errors")])
def test_one_button_goes_there_and_back(is_shown, text):
    view = shown(errors_there=True, errors_shown=is_shown)
    assert (view.images_button, view.images_unless) == (text, "")


def test_errors_that_were_deleted_cannot_be_shown():
    assert "deleted" in shown().images_unless


def test_why_nothing_can_be_checked():
    assert present(State(refusal="No sequence is chosen.")).unless == "No sequence is chosen."
    assert "choose phases further apart" in present(State()).unless
    assert present(State(hidden=1)).unless == ""
    assert present(State(running=True)).unless == ""


def test_without_a_check_nothing_of_one_is_shown():
    view = present(State(hidden=1))
    assert (view.has_check, view.result, view.key, list(view.choices), view.rows) == (False, "", "", [], 0)


def test_long_tables_scroll():
    assert shown().rows == 7
    assert shown(replace(CHECK, count=30)).rows == SHOWN_ROWS
