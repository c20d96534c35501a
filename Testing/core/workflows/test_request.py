"""What a request asks for, what it lets an engine see, and how the command line says the same."""

import numpy as np
import pytest

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.workflows.request import BetweenPhases, FramesInAll, WholeSequence, kept_volumes, result_times

SYNTHETIC = {"TemporalInterp.Synthetic": "true"}


@pytest.fixture
def cine():
    """Six frames at uneven times; the third is synthetic."""
    attributes = [{}, {}, SYNTHETIC, {}, {}, {}]
    array = np.arange(6 * 4, dtype=float).reshape(6, 1, 2, 2)
    return Sequence.from_numpy(array, times=[0, 10, 25, 40, 70, 100], item_attributes=attributes)


class TestBetweenPhases:
    def test_the_engine_sees_the_acquired_frames_but_those_between(self, cine):
        request = BetweenPhases(1, 4, [20.0, 60.0])
        source = request.source(cine)
        assert source.times == (0.0, 10.0, 70.0, 100.0)
        ((gap, times),) = request.gaps(source, cine)
        assert (gap.start, gap.stop, times) == (10.0, 70.0, [20.0, 60.0])
        assert kept_volumes(request, cine) == [cine[1], cine[4]]

    def test_frames_are_spaced_evenly_or_put_in_order(self, cine):
        assert BetweenPhases(1, 4, 2).times(cine) == [30.0, 50.0]
        assert BetweenPhases(1, 4, (60, 20)).times(cine) == [20.0, 60.0]

    def test_the_command_line_says_the_same_to_the_last_digit(self, cine):
        times = BetweenPhases(0, 1, 2).times(cine)
        assert BetweenPhases(0, 1, 2).arguments(cine) == [
            "--from",
            "0",
            "--to",
            "1",
            f"--times={times[0]!r},{times[1]!r}",
        ]

    def test_a_loop_has_its_end_before_its_first_phase_unless_it_is_called_none(self, cine):
        # the median of the gaps between acquired frames is 30, hidden or not
        for cyclic, periods in ((None, [None, 120.0]), (True, [130.0, 120.0]), (False, [None, None])):
            request = BetweenPhases(0, 4, 1, cyclic)
            assert [request.source(one).period for one in (cine, cine.as_loop(120.0))] == periods
        assert BetweenPhases(0, 4, 1, True).arguments(cine)[-1] == "--cyclic"
        assert BetweenPhases(0, 4, 1, False).arguments(cine)[-1] == "--no-cyclic"

    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            (BetweenPhases(2, 4, 1), "The first phase, frame 2, is itself synthetic"),
            (BetweenPhases(0, 6, 1), "The last phase is frame 6"),
            (BetweenPhases(4, 1, 1), "must come before"),
            (BetweenPhases(0, 1, [10.0]), "strictly between"),
        ],
    )
    def test_what_makes_no_sense_is_refused_before_anything_is_prepared(self, cine, request_, words):
        with pytest.raises(InvalidInputError, match=words):
            request_.source(cine)


class TestWholeSequence:
    def test_every_gap_between_acquired_frames_is_filled(self, cine):
        request = WholeSequence(2)
        source = request.source(cine)
        assert source.times == (0.0, 10.0, 40.0, 70.0, 100.0)
        assert [times for _, times in request.gaps(source, cine)] == [[5.0], [25.0], [55.0], [85.0]]
        assert request.kept(cine) == [0, 1, 3, 4, 5]
        assert request.arguments(cine) == ["--factor", "2"]

    def test_a_cycle_is_closed(self, cine):
        request = WholeSequence(2, cyclic=True)
        gaps = request.gaps(request.source(cine), cine)
        assert gaps[-1][1] == [115.0]  # the median of the gaps between acquired frames is 30
        assert request.arguments(cine) == ["--factor", "2", "--cyclic"]

    @pytest.mark.parametrize("cyclic", [None, True])
    def test_what_is_a_loop_is_closed_after_its_own_period(self, cine, cyclic):
        request, loop = WholeSequence(2, cyclic), cine.as_loop(120.0)
        assert request.gaps(request.source(loop), loop)[-1][1] == [110.0]

    def test_a_loop_that_is_called_none_is_not_closed(self, cine):
        request, loop = WholeSequence(2, cyclic=False), cine.as_loop(120.0)
        assert request.gaps(request.source(loop), loop)[-1][1] == [85.0]
        assert request.arguments(loop) == ["--factor", "2", "--no-cyclic"]

    def test_one_acquired_frame_is_too_few(self, cine):
        with pytest.raises(InvalidInputError, match="one frame"):
            WholeSequence(2).source(cine[1:3])


class TestFramesInAll:
    def test_they_are_spaced_evenly_from_first_to_last_or_over_the_period(self, cine):
        assert result_times(FramesInAll(6), cine) == [0, 20, 40, 60, 80, 100]
        loop = cine.as_loop(120.0)
        assert result_times(FramesInAll(6), loop) == [0, 20, 40, 60, 80, 100]
        assert result_times(FramesInAll(4), loop) == [0, 30, 60, 90]
        assert result_times(FramesInAll(4, cyclic=False), loop) == pytest.approx([0, 100 / 3, 200 / 3, 100])
        assert result_times(FramesInAll(13, cyclic=True), cine) == [10 * n for n in range(13)]  # a period of 130

    def test_acquired_frames_stay_where_an_instant_falls_upon_them(self, cine):
        request = FramesInAll(6)
        assert request.kept(cine) == [0, 3, 5]
        gaps = request.gaps(request.source(cine), cine)
        assert [(gap.start, times) for gap, times in gaps] == [(10.0, [20.0]), (40.0, [60.0]), (70.0, [80.0])]
        assert request.frame_count(cine) == 6

    def test_times_that_a_scanner_has_rounded_count_as_the_instants(self):
        rounded = Sequence.from_numpy(np.ones((5, 1, 2, 2)), times=[0, 33.1, 66.2, 99.4, 132.5])
        request = FramesInAll(10, cyclic=True)
        assert request.kept(rounded) == [0, 1, 2, 3, 4]
        assert result_times(request, rounded)[2:7:2] == [33.1, 66.2, 99.4]

    def test_of_two_frames_at_one_instant_one_stays(self):
        close = Sequence.from_numpy(np.ones((4, 1, 2, 2)), times=[0, 49.9, 50, 100])
        assert FramesInAll(3).kept(close) == [0, 1, 3]
        assert len(result_times(FramesInAll(5), close)) == 5

    def test_fewer_frames_than_were_acquired(self, cine):
        assert result_times(FramesInAll(3), cine) == [0, 50, 100]

    def test_the_command_line_says_the_same(self, cine):
        assert FramesInAll(60).arguments(cine) == ["--in-all", "60"]
        assert FramesInAll(60, True).arguments(cine) == ["--in-all", "60", "--cyclic"]

    @pytest.mark.parametrize(("frames", "words"), [(1, "at least 2"), (2, "All 2 instants")])
    def test_what_makes_no_sense_is_refused(self, cine, frames, words):
        with pytest.raises(InvalidInputError, match=words):
            FramesInAll(frames).source(cine)
