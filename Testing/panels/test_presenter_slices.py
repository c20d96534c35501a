"""What Add slices shows, without a panel."""

from dataclasses import replace

from TemporalInterpLib.sections.slices.presenter import Stack, State, present

STACK = State(images="cine", stack=Stack(10, 10.0, 25), factors=(2, 3, 4))


def test_factors_are_told_as_spacings():
    assert present(STACK).choices == ["2 times: 10 mm → 5 mm", "3 times: 10 mm → 3.333 mm", "4 times: 10 mm → 2.5 mm"]


def test_the_plan_counts_slices_and_frames():
    assert present(STACK).plan == "10 slices every 10 mm → 19 slices every 5 mm\nin each of 25 frames"
    volume = replace(STACK, stack=Stack(10, 10.0, 1), factor=4)
    assert present(volume).plan == "10 slices every 10 mm → 37 slices every 2.5 mm"


def test_a_refusal_is_the_plan_and_the_reason():
    view = present(State(refusal="'flat' has one slice.", factors=(2,), images="flat"))
    assert view.plan == view.unless == "'flat' has one slice."
    assert view.choices == ["2 times closer"]


def test_missing_packages_are_the_reason_after_the_images():
    assert "install them" in present(replace(STACK, packages=False)).unless
    assert present(State(refusal="one slice", packages=False)).unless == "one slice"


def test_a_job_under_way_can_always_be_cancelled():
    assert present(State(running=True, refusal="no longer there")).unless == ""


def test_without_a_result_nothing_is_compared():
    assert "'cine'" in present(STACK).compare_unless
    assert present(State()).compare_unless == "There are no images yet."
    assert present(replace(STACK, has_pair=True)).compare_unless == ""
    shown = present(replace(STACK, is_compared=True))
    assert (shown.compare_button, shown.compare_unless) == ("Back to the previous views", "")


def test_only_networks_leave_a_choice_about_acquired_slices():
    assert "always keeps" in present(STACK).keep_unless
    assert present(replace(STACK, networks=True)).keep_unless == ""
