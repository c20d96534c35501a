"""What the check shows, without a panel."""

import math
from dataclasses import replace

import pytest

from TemporalInterpLib.sections.check.presenter import SHOWN_ROWS, CheckFacts, State, present

CHECK = CheckFacts("velocity_field", 45.0, 315.0, 7, 31.44, 2.345)


def shown(check: CheckFacts = CHECK, **state):
    return present(State(hidden=3, unit="ms", checks=[check], **state))


def test_the_result_is_one_sentence():
    assert shown().result == (
        "7 hidden frames: +2.35 dB over the linear blend in the moving region (31.4 against 29.1 dB)."
    )


def test_one_frame_is_singular():
    view = shown(replace(CHECK, count=1, last=45.0))
    assert view.result.startswith("1 hidden frame:")
    assert view.choices == ["velocity field, 45 ms"]


def test_the_blend_is_not_compared_with_itself():
    view = shown(replace(CHECK, engine="linear_blend", gain_db=0.0))
    assert "this is the linear blend itself" in view.result
    assert "of the linear blend" not in view.key


def test_where_nothing_moves_no_number_is_told():
    assert shown(replace(CHECK, moving_db=math.nan, gain_db=math.nan)).result == (
        "7 hidden frames: nothing moves in this sequence."
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
