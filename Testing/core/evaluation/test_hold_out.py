"""Frames held out: which ones are hidden between which."""

import pytest

from scored_sequences import make_sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.hold_out import between, every


class TestHoldOut:
    def test_between_hides_all_frames_strictly_between(self):
        (gap,) = between(make_sequence(6), 1, 4).gaps
        assert (gap.first, gap.last, list(gap.held_out)) == (1, 4, [2, 3])

    def test_every_keeps_each_nth_and_leaves_out_what_comes_after_the_last_kept(self):
        gaps = every(make_sequence(8), 3).gaps
        assert [(g.first, g.last) for g in gaps] == [(0, 3), (3, 6)]
        assert [n for g in gaps for n in g.held_out] == [1, 2, 4, 5]

    def test_every_uses_the_last_frame_when_it_is_a_kept_one(self):
        assert [(g.first, g.last) for g in every(make_sequence(5), 2).gaps] == [(0, 2), (2, 4)]

    def test_frames_after_the_last_kept_one_lie_in_the_last_gap_of_a_loop(self):
        sequence = make_sequence(8)
        assert every(sequence, 3).unused == (7,)
        loop = sequence.as_loop(90.0)
        hold_out = every(loop, 3)
        assert [(g.first, g.last, *g.held_out) for g in hold_out.gaps] == [(0, 3, 1, 2), (3, 6, 4, 5), (6, 0, 7)]
        assert hold_out.unused == ()
        assert "of a loop" in hold_out.description
        shown = hold_out.shown(loop)
        assert (shown.times, shown.period) == ((0.0, 30.0, 60.0), 90.0)

    @pytest.mark.parametrize(("count", "step"), [(5, 2), (5, 4), (7, 3)])
    def test_nothing_is_held_out_of_the_last_gap_of_a_loop_if_the_last_frame_is_kept(self, count, step):
        sequence = make_sequence(count)
        assert every(sequence.as_loop(), step).gaps == every(sequence, step).gaps

    def test_a_frame_has_its_place_in_the_gap_by_its_time(self):
        loop = make_sequence(6, values=[0, 10, 40, 50, 70, 90]).as_loop(110.0)
        within, closing = every(loop, 4).gaps
        assert [within.t_of(loop, n) for n in within.held_out] == [10 / 70, 40 / 70, 50 / 70]
        assert [closing.t_of(loop, n) for n in closing.held_out] == [0.5]

    @pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 2), (3, 1), (-1, 3), (0, 5)])
    def test_between_refuses_ends_without_frames_between(self, first, last):
        with pytest.raises(InvalidInputError):
            between(make_sequence(5), first, last)

    @pytest.mark.parametrize(("count", "step"), [(5, 1), (5, 0), (5, 5), (1, 2)])
    def test_every_refuses_steps_that_hold_nothing_out(self, count, step):
        with pytest.raises(InvalidInputError):
            every(make_sequence(count), step)
