"""What the section says before it interpolates, without Qt."""

from dataclasses import replace

import numpy as np
import pytest

from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.workflows.request import BetweenPhases, FramesInAll, WholeSequence
from TemporalInterpLib.parameter_node import Fill, FillWhole, Span
from TemporalInterpLib.sections.interpolate.presenter import State, present, request_of


def cine(times, unit="ms", period=None) -> Sequence:
    frames = Sequence.from_numpy(np.zeros((len(times), 2, 4, 4), "int16"), spacing=(1, 1, 1), times=times, unit=unit)
    return replace(frames, period=period)


STATE = State(
    refusal="",
    frames=cine([33.1 * n for n in range(25)]),
    span=Span.WHOLE,
    fill=Fill.EVENLY,
    first=0,
    last=10,
    frame_count=10,
    times="",
    fill_whole=FillWhole.FACTOR,
    factor=4,
    in_all=60,
    cyclic=True,
)
BETWEEN = replace(STATE, span=Span.BETWEEN)
IN_ALL = replace(STATE, fill_whole=FillWhole.IN_ALL)


@pytest.mark.parametrize(
    ("state", "plan"),
    [
        (STATE, "25 frames become 100, one every 8.3 ms."),
        (replace(STATE, cyclic=None), "25 frames become 97, one every 8.3 ms."),
        (replace(STATE, factor=2, cyclic=None), "25 frames become 49, one every 16.6 ms."),
        (IN_ALL, "25 frames become 60, one every 13.8 ms; 5 of them are acquired."),
        (replace(IN_ALL, in_all=61), "25 frames become 61, one every 13.6 ms; 1 of them is acquired."),
        (replace(IN_ALL, cyclic=None, in_all=60), "25 frames become 60, one every 13.5 ms; 2 of them are acquired."),
        (BETWEEN, "10 frames between A (0 ms) and B (331 ms), one every 30.1 ms."),
        (replace(BETWEEN, frame_count=1), "1 frame between A (0 ms) and B (331 ms), one every 166 ms."),
        (replace(BETWEEN, fill=Fill.AT_TIMES, times="120.5, 100"), "2 frames between A and B: 100, 120.5 ms."),
        (
            replace(BETWEEN, fill=Fill.AT_TIMES, times="1,2,3,4,5,6"),
            "6 frames between A and B: 1 to 6 ms.",
        ),
        (
            replace(STATE, frames=cine([0, 10, 20, 50], "%"), cyclic=None, factor=2),
            "4 frames become 7, one every 5 % or so.",
        ),
        (replace(STATE, frames=cine([0, 1, 2], ""), cyclic=None, factor=2), "3 frames become 5, one every 0.5."),
        (
            replace(STATE, frames=cine([0, 1, 2], "s", 3.0), cyclic=None, factor=2),
            "3 frames become 6, one every 0.5 s.",
        ),
        (replace(STATE, frames=cine([0, 250, 500]), cyclic=None, factor=2), "3 frames become 5, one every 125 ms."),
    ],
)
def test_it_says_what_will_be_made(state, plan):
    view = present(state)
    assert (view.plan, view.unless) == (plan, "")


def test_synthetic_frames_do_not_count_as_frames_to_start_from():
    mark = Provenance("linear_blend", 0, 20, 0.5).as_attributes()
    frames = replace(cine([0, 10, 20]), item_attributes=[{}, mark, {}])
    assert present(replace(STATE, frames=frames, cyclic=None)).plan == "2 frames become 5, one every 5 ms."


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (replace(BETWEEN, first=10, last=10), "Choose phase A, and phase B after it"),
        (replace(BETWEEN, first=-1), "Choose phase A"),
        (replace(BETWEEN, last=99), "Choose phase A"),
        (replace(BETWEEN, fill=Fill.AT_TIMES, times="soon"), "'soon' is not a list of instants"),
        (replace(BETWEEN, fill=Fill.AT_TIMES, times=" "), "Write the instants"),
        (replace(BETWEEN, fill=Fill.AT_TIMES, times="400"), "400 ms does not lie strictly between"),
        (replace(STATE, frames=cine([0, 0.004]), factor=50), "no further apart than"),
        (replace(IN_ALL, in_all=25), "All 25 instants are those of acquired frames"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(state, words):
    view = present(state)
    assert words in view.plan
    assert view.unless == view.plan


def test_the_refusal_of_the_sequence_is_said_where_it_is_chosen_and_only_in_the_tooltip_here():
    view = present(replace(STATE, refusal="This sequence has fewer than two acquired frames.", frames=None))
    assert (view.plan, view.unless) == ("", "This sequence has fewer than two acquired frames.")


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (STATE, (False, False, False, True, True, False)),
        (IN_ALL, (False, False, False, True, False, True)),
        (replace(BETWEEN, fill_whole=FillWhole.IN_ALL), (True, True, False, False, False, False)),
        (replace(BETWEEN, fill=Fill.AT_TIMES), (True, False, True, False, False, False)),
    ],
)
def test_only_what_belongs_to_the_choice_is_shown(state, shown):
    view = present(state)
    assert (view.fill, view.frame_count, view.times, view.fill_whole, view.factor, view.in_all) == shown


def test_requests():
    assert request_of(STATE) == WholeSequence(4, True)
    assert request_of(IN_ALL) == FramesInAll(60, True)
    assert request_of(BETWEEN) == BetweenPhases(0, 10, 10, True)
    assert request_of(replace(BETWEEN, fill=Fill.AT_TIMES, times=" 40, 2.5")).frames == [40, 2.5]
