"""What Clean up lists and asks, without a panel."""

import pytest

from TemporalInterpLib.sections.clean_up.presenter import (
    NAMED,
    SHOWN_ROWS,
    ModelFacts,
    ResultFacts,
    State,
    megabytes,
    models_question,
    present,
    question,
    removed,
)

FRAMES = ResultFacts("interpolation", "cine interpolated", "velocity_field", 10, 3, "2026-08-05 14:03", 24_600_000)
CHECK = ResultFacts("check", "Errors of cine", "student", 7, 6, "", 90_000)


def test_nothing_made_leaves_nothing_to_press():
    view = present(State())
    assert view.total == view.chosen_unless == view.all_unless == "This module has made nothing in this scene."
    assert "All models came with the program" in view.models_unless
    assert view.models_title == ""
    assert list(view.rows) == []


def test_a_row_says_what_and_how_much_and_its_tooltip_all():
    view = present(State(results=[FRAMES, CHECK]))
    assert [(row.what, row.size) for row in view.rows] == [
        ("cine interpolated, 14:03", "25"),
        ("Check: Errors of cine", "< 0.1"),
    ]
    for words in ("velocity field", "10 synthetic frames", "3 parts", "made 2026-08-05 14:03", "interpolated sequence"):
        assert words in view.rows[0].tooltip
    assert view.total == "25 MB in this scene, made by this module:"


def test_only_what_is_ticked_can_be_removed():
    assert present(State(results=[FRAMES])).chosen_unless == "Tick a result first."
    view = present(State(results=[FRAMES], chosen=[0], models=[ModelFacts("mine", 1)]))
    assert (view.chosen_unless, view.all_unless) == ("", "")
    assert view.models_unless == "Tick a model first."
    assert present(State(models=[ModelFacts("mine", 1)], chosen_models=[0])).models_unless == ""


def test_models_that_cannot_be_listed_say_why():
    view = present(State(models_refusal="models.json is broken."))
    assert view.models_title == view.models_unless == "models.json is broken."


def test_long_lists_scroll():
    view = present(State(results=[FRAMES] * 40, models=[ModelFacts("mine", 1)] * 9))
    assert (view.rows_shown, view.models_shown) == (SHOWN_ROWS, SHOWN_ROWS)
    assert present(State(results=[FRAMES])).rows_shown == 1


@pytest.mark.parametrize(("undo", "words"), [(True, "frames cannot be brought back"), (False, "cannot be undone")])
def test_the_question_names_what_goes_and_what_undo_can_do(undo, words):
    text = question([FRAMES, CHECK], undo=undo)
    for expected in ("these 2 results", "cine interpolated (25 MB)", "Errors of cine", "Acquired frames stay", words):
        assert expected in text


def test_a_long_question_is_cut():
    text = question([FRAMES] * (NAMED + 5), undo=False)
    assert text.count("cine interpolated") == NAMED
    assert "and 5 more" in text


def test_frames_in_a_sequence_of_the_user_are_named_as_such():
    facts = ResultFacts("synthetic frames in a sequence", "cine", frames=4)
    assert "4 synthetic frames in cine" in question([facts], undo=False)
    assert removed([facts]) == "Removed: 4 synthetic frames in cine (0.0 MB)."
    assert removed([FRAMES, CHECK]) == "2 results removed (25 MB)."


def test_models_are_asked_for_by_name_and_size():
    assert "mine (2.5 MB)" in models_question([ModelFacts("mine", 2_500_000)])


@pytest.mark.parametrize(("count", "words"), [(0, "0.0"), (50_000, "< 0.1"), (2_440_000, "2.4"), (999_000_000, "999")])
def test_megabytes(count, words):
    assert megabytes(count) == words
