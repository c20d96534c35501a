"""What the section of the instant shows, without Qt."""

from dataclasses import replace

import pytest

from temporal_interp.data.provenance import Provenance
from TemporalInterpLib.parameter_node import MIDDLE
from TemporalInterpLib.sections.preview.phase_choice import PhaseChoice
from TemporalInterpLib.sections.preview.presenter import Shown, State, present, rests_on_text
from TemporalInterpLib.sections.preview.time_axis import TimeAxis

MADE = Provenance("velocity_field", 33.0, 66.0, 0.25, frames=(33.0, 66.0, 0.0, 99.0))
STATE = State(times=[0.0, 33.0, 66.0, 99.0], numbers=[0, 1, 2, 3], unit="ms", first=0, last=2, instant=40.0)


def shown(time: float, made: Provenance | None = MADE, **changes) -> State:
    return replace(STATE, instant=time, shown=Shown(time, made), **changes)


class TestLabel:
    """It tells what the views show."""

    def test_a_synthetic_frame(self):
        assert present(shown(40.0)).label == "SYNTHETIC 40 ms"

    @pytest.mark.parametrize(("time", "words"), [(0.0, "acquired 0 ms, phase A"), (66.0, "acquired 66 ms, phase B")])
    def test_a_phase(self, time, words):
        assert present(shown(time, None)).label == words

    def test_an_acquired_frame_of_the_whole_sequence(self):
        assert present(shown(66.0, None, whole=True)).label == "acquired 66 ms"

    def test_the_frame_that_is_shown_counts_and_not_the_instant_that_was_chosen(self):
        assert present(replace(shown(0.0, None), instant=40.0, doing="Soon.")).label == "acquired 0 ms, phase A"

    def test_something_else_in_the_views(self):
        view = present(replace(shown(40.0), elsewhere="Jacobian of sax"))
        assert view.label == "The slice views show 'Jacobian of sax'."
        assert view.status == ""
        assert view.bring_back == "Show the frame at 40 ms"

    def test_nothing_is_shown_yet(self):
        view = present(STATE)
        assert (view.label, view.status) == ("", "")
        assert view.bring_back == "Show the frame at 40 ms"

    def test_what_is_shown_needs_no_button(self):
        assert present(shown(40.0)).bring_back == ""


class TestStatus:
    def test_an_answer_says_who_made_it_and_from_what(self):
        assert present(shown(40.0)).status == "By the velocity field; from 33, 66 ms; timing from 0, 99 ms."

    def test_work_on_the_answer_takes_its_place(self):
        assert present(shown(40.0, doing="Linear blend for now.")).status == "Linear blend for now."

    def test_an_engine_that_waits_says_what_to_do(self):
        view = present(shown(40.0, waits=True))
        assert view.status.startswith("Linear blend: with images of this size the engine can take minutes")
        assert view.bring_back == "Compute the frame at 40 ms"
        assert present(shown(40.0, waits=True, elsewhere="CT")).bring_back == "Show the frame at 40 ms"

    def test_a_failure_comes_first(self):
        blend = replace(MADE, engine="linear_blend", frames=(33.0, 66.0))
        status = present(shown(40.0, blend, failure="No memory.")).status
        assert status.startswith("The engine failed, so this is the linear blend. No memory.")
        assert status.endswith("By the linear blend; from 33, 66 ms.")

    def test_a_refusal_is_said_whatever_the_views_show(self):
        assert present(replace(STATE, refused="It has no number.")).status == "It has no number."

    def test_an_acquired_frame_needs_none(self):
        assert present(shown(0.0, None)).status == ""

    @pytest.mark.parametrize(
        ("engine", "frames", "words"),
        [
            ("velocity_field", (33.0, 66.0), "from 33, 66 ms"),
            ("cubic_blend", (33.0, 66.0, 0.0), "from 33, 66 ms; also from 0 ms"),
            ("velocity_field", (33.3333333, 66.0, 797.0), "from 33.33, 66 ms; timing from 797 ms"),
            ("of another package", (33.0, 66.0, 0.0), "from 33, 66 ms; also from 0 ms"),
            ("linear_blend", (), ""),
        ],
    )
    def test_what_it_rests_on(self, engine, frames, words):
        assert rests_on_text(replace(MADE, engine=engine, frames=frames), "ms") == words


class TestChoices:
    def test_between_phases(self):
        view = present(STATE)
        assert (view.axis.low, view.axis.high, list(view.axis.stops)) == (0.0, 66.0, [0.0, 66.0])
        assert view.chosen == (0, 2)
        assert view.phases[1] == "33 ms (1)"
        assert view.no_phases == ""

    def test_the_whole_sequence_has_no_phases(self):
        view = present(replace(STATE, whole=True))
        assert (view.axis.low, view.axis.high) == (0.0, 99.0)
        assert list(view.axis.stops) == [0.0, 33.0, 66.0, 99.0]
        assert "has no phases" in view.no_phases

    def test_a_loop_goes_on_to_its_first_frame(self):
        view = present(replace(STATE, whole=True, period=132.0))
        assert view.axis.high == view.axis.stops[-1] == 132.0

    def test_numbers_are_those_in_the_sequence(self):
        view = present(replace(STATE, numbers=[0, 2, 4, 6], first=2, last=6))
        assert view.chosen == (1, 3)
        assert view.axis.low == 33.0
        assert view.phases[1] == "33 ms (2)"

    @pytest.mark.parametrize(("unit", "text"), [("", "33 (1)"), ("%", "33 % (1)")])
    def test_units(self, unit, text):
        assert present(replace(STATE, unit=unit)).phases[1] == text

    def test_an_unfit_sequence_is_the_reason_for_all(self):
        view = present(State(refusal="It has one frame."))
        assert view.axis is None
        assert view.no_phases == view.no_instant == "It has one frame."
        assert (view.label, view.bring_back) == ("", "")


class TestTimeAxis:
    @pytest.mark.parametrize(
        ("times", "step", "decimals"),
        [
            ([33.2 * n for n in range(25)], 1.0, 1),
            ([0, 12.5, 25, 37.5], 0.5, 1),
            ([0, 10, 20, 30], 0.5, 1),
            (range(25), 0.05, 2),
            ([0, 0.0333, 0.0666], 0.001, 4),
            ([100 / 3 * n for n in range(10)], 1.0, 1),
            ([1.7e9, 1.7e9 + 0.04, 1.7e9 + 0.08], 0.001, 3),
            ([-100, -50, 0], 2.0, 0),
        ],
    )
    def test_steps_suit_the_unit(self, times, step, decimals):
        axis = TimeAxis.over(times[0], times[-1], times, times)
        assert axis.step == pytest.approx(step)
        assert axis.decimals == decimals

    def test_a_step_is_never_longer_than_the_range(self):
        axis = TimeAxis.over(200, 201, [200, 201], [0, 100, 200, 201])
        assert axis.step < 1

    def test_an_instant_outside_becomes_the_middle(self):
        axis = TimeAxis.over(0, 100, [0, 100], [0, 50, 100])
        assert [axis.inside(instant) for instant in (-1e300, 0, 20.5, 100, 100.1)] == [50, 0, 20.5, 100, 50]

    def test_half_a_step_from_an_acquired_time_that_time_is_meant(self):
        axis = TimeAxis.over(0, 200 / 3, [0, 100 / 3, 200 / 3], [0, 100 / 3, 200 / 3])
        assert axis.step == 1
        assert axis.snapped(33.0) == 100 / 3
        assert axis.snapped(34.0) == 34.0
        assert axis.snapped(500) == 200 / 3

    def test_no_acquired_time_is_stepped_over(self):
        axis = TimeAxis.over(0, 66.4, [0, 33.2, 66.4], [0, 33.2, 66.4])
        seen = [instant := 0.0]
        while instant < axis.high:
            seen.append(instant := axis.stepped(instant, 1))
        assert {0, 33.2, 66.4} <= set(seen)
        assert seen == sorted(set(seen))
        back = [instant]
        while instant > axis.low:
            back.append(instant := axis.stepped(instant, -1))
        assert {0, 33.2, 66.4} <= set(back)


class TestPhaseChoice:
    @pytest.mark.parametrize(("place", "phases"), [(1, (1, 2)), (3, (3, 4)), (4, (3, 4))])
    def test_the_first_pushes_the_last(self, place, phases):
        choice = PhaseChoice(0, 2, 5).with_first(place)
        assert (choice.first, choice.last) == phases

    @pytest.mark.parametrize(("place", "phases"), [(4, (2, 4)), (1, (0, 1)), (0, (0, 1))])
    def test_the_last_pushes_the_first(self, place, phases):
        choice = PhaseChoice(2, 3, 5).with_last(place)
        assert (choice.first, choice.last) == phases

    @pytest.mark.parametrize(("place", "phases"), [(1, (1, 4)), (3, (0, 3))])
    def test_the_nearer_in_time_is_moved(self, place, phases):
        choice = PhaseChoice(0, 4, 5).with_nearer(place, [0, 10, 20, 30, 40])
        assert (choice.first, choice.last) == phases

    def test_nearness_is_that_of_times(self):
        assert PhaseChoice(0, 3, 4).with_nearer(2, [0, 1, 2, 50]) == PhaseChoice(2, 3, 4)


def test_an_instant_that_was_not_chosen_yet_is_the_middle():
    assert present(replace(STATE, instant=MIDDLE)).bring_back == "Show the frame at 33 ms"
