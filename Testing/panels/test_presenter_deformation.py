"""What the section says of the motion, without Qt."""

from dataclasses import replace

import pytest

from TemporalInterpLib.deformation_facts import DeformationFacts
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.sections.deformation.presenter import State, present

FACTS = DeformationFacts(longest_mm=8.24, item=1, spacing_mm=5.0, smallest=0.43)
STATE = State(True, True, FACTS, ("0 ms", "33 ms", "66 ms"), FieldStyle.GRID)


def test_a_motion_without_folds():
    view = present(STATE)
    assert view.message == (
        "The tissue moves by up to 8.2 mm since phase A, at 33 ms. No folds: the smallest Jacobian determinant is 0.43."
    )
    assert (view.unless, view.spacing_unless, view.jacobian_unless) == ("", "", "")


@pytest.mark.parametrize(("share", "said"), [(0.0123, "1.23 %"), (0.00001, "less than 0.01 %")])
def test_folds_are_said_with_share_and_instant(share, said):
    view = present(replace(STATE, facts=replace(FACTS, smallest=-0.2, folded=share, folded_item=2)))
    assert f"It folds in {said} of the tissue at 66 ms" in view.message
    assert "do not trust" in view.message


def test_without_fields_it_says_how_to_get_them():
    view = present(State(False, False, None, ()))
    assert "press Interpolate" in view.message
    assert view.unless == view.spacing_unless == view.jacobian_unless == view.message


def test_without_determinants_only_the_motion_is_drawn():
    view = present(replace(STATE, has_jacobians=False, facts=replace(FACTS, smallest=float("nan"))))
    assert view.message == "The tissue moves by up to 8.2 mm since phase A, at 33 ms."
    assert (view.unless, view.jacobian_unless) == ("", "This result has no Jacobian determinants.")


def test_while_it_is_measured_nothing_can_be_drawn():
    view = present(replace(STATE, facts=None, instants=()))
    assert view.message == view.unless == "The motion is being measured."


def test_the_spacing_waits_for_arrows_or_a_grid():
    assert "first" in present(replace(STATE, style=FieldStyle.HIDDEN)).spacing_unless


def test_arrows_say_where_they_point_and_how_long_they_are():
    arrows = replace(STATE, style=FieldStyle.ARROWS)
    assert present(arrows).message.endswith(" 0.43. Arrows point back to where the tissue was.")
    longer = "Arrows, 4 times as long as the motion, point back to where the tissue was."
    assert present(replace(arrows, arrow_scale=4)).message.endswith(longer)
    assert "Arrows" not in present(STATE).message


def test_in_a_whole_sequence_the_motion_is_that_since_the_acquired_frame_before():
    said = "The tissue moves by up to 8.2 mm since the acquired frame before, at 33 ms."
    assert present(replace(STATE, from_a=False)).message.startswith(said)


@pytest.mark.parametrize(
    ("style", "label"),
    [(FieldStyle.HIDDEN, "Arrow"), (FieldStyle.ARROWS, "Arrow"), (FieldStyle.GRID, "Grid")],
    ids=["hidden", "arrows", "grid"],
)
def test_the_spacing_is_that_of_what_is_drawn(style, label):
    assert present(replace(STATE, style=style)).spacing_label == f"{label} spacing:"


def test_a_failure_is_said():
    assert present(replace(STATE, failure="No room.")).message == "No room."
