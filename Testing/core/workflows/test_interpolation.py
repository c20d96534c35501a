"""Fuller sequences: acquired frames untouched, synthetic frames in their place and marked, bad requests refused."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.blend import LinearBlend, PreparedBlend
from temporal_interp.engines.pairwise import PairwiseEngine
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.workflows.interpolation import interpolate, run
from temporal_interp.workflows.request import BetweenPhases, WholeSequence, evenly_spaced

TIMES = (0.0, 30.0, 100.0, 140.0)


def sequence_of(times=TIMES, dtype="float32", shape=(2, 3, 4), **more):
    """Frame n holds 10 times its index value, a small pattern on top."""
    pattern = np.arange(np.prod(shape)).reshape(shape) % 7
    volumes = [Volume((10 * t + pattern).astype(dtype), Geometry(shape, (1.5, 1.5, 8.0))) for t in times]
    attributes = [{"Phase": str(n)} for n in range(len(times))]
    return Sequence(volumes, times, item_attributes=attributes, **more)


@dataclass
class Spy(PairwiseEngine):
    """An engine that blends, and remembers what it was asked."""

    name: str = "spy"
    settings: str = "depth=3"
    prepared: list = field(default_factory=list)
    asked: list = field(default_factory=list)

    def prepare_pair(self, pair, *, progress):
        self.prepared.append(pair)
        for fraction in (0.0, 0.5, 1.0):
            progress(fraction, "spying")
        return _PreparedSpy(PreparedBlend(pair.first, pair.last), self.asked)


@dataclass
class _PreparedSpy:
    blend: object
    asked: list

    def at(self, t, *, fields=False):
        self.asked += [(share, fields) for share in t]
        return self.blend.at(t)


def synthetic(sequence):
    return [is_synthetic(attributes) for attributes in sequence.item_attributes]


def test_times_are_given_strictly_between_and_evenly():
    assert evenly_spaced(10.0, 20.0, 4) == pytest.approx([12.0, 14.0, 16.0, 18.0])
    assert evenly_spaced(0.0, 1.0, 1) == [0.5]
    with pytest.raises(InvalidInputError, match="at least 1"):
        evenly_spaced(0.0, 1.0, 0)


def test_between_two_frames_the_ends_are_the_acquired_volumes_themselves():
    sequence = sequence_of(index_name="phase", unit="%", slice_thickness=6.0)
    copies = [v.array.copy() for v in sequence.volumes]
    result = run(BetweenPhases(1, 3, [120.0, 50.0]), sequence, LinearBlend())
    assert result.times == (30.0, 50.0, 120.0, 140.0)
    assert synthetic(result) == [False, True, True, False]
    assert result.volumes[0] is sequence.volumes[1]
    assert result.volumes[-1] is sequence.volumes[3]
    assert result.item_attributes[0] == {"Phase": "1"}
    assert (result.index_name, result.unit, result.slice_thickness) == ("phase", "%", 6.0)
    for volume, copy in zip(sequence.volumes, copies, strict=True):
        assert volume.array.tobytes() == copy.tobytes()


def test_t_follows_the_index_values_of_the_chosen_ends():
    engine = Spy()
    result = run(BetweenPhases(1, 3, [41.0, 85.0]), sequence_of(), engine)
    assert [t for t, _ in engine.asked] == pytest.approx([0.1, 0.5])
    # the images are linear in time from frame 1 to 3, so a right t gives the image of that very time
    np.testing.assert_allclose(result.volumes[1].array, sequence_of((41.0,)).volumes[0].array, rtol=1e-6)


def test_the_whole_sequence_is_filled_in_order_gap_by_gap():
    sequence = sequence_of()
    engine = Spy()
    result = run(WholeSequence(3), sequence, engine)
    assert result.times == pytest.approx((0, 10, 20, 30, 30 + 70 / 3, 30 + 140 / 3, 100, 340 / 3, 380 / 3, 140))
    assert synthetic(result) == [False, True, True] * 3 + [False]
    assert [result.volumes[n] for n in (0, 3, 6, 9)] == list(sequence.volumes)
    assert [t for t, _ in engine.asked] == pytest.approx([1 / 3, 2 / 3] * 3)
    for time, volume in zip(result.times, result.volumes, strict=True):
        np.testing.assert_allclose(volume.array, sequence_of((time,)).volumes[0].array, rtol=1e-5)


def test_every_pair_is_prepared_with_the_range_and_thickness_of_the_sequence():
    engine = Spy()
    run(WholeSequence(2), sequence_of(slice_thickness=6.0), engine)
    ranges = {(pair.intensity_range.low, pair.intensity_range.high) for pair in engine.prepared}
    assert len(ranges) == 1
    assert ranges.pop()[1] > 1400
    assert [pair.sequence.slice_thickness for pair in engine.prepared] == [6.0] * 3


def test_synthetic_frames_say_how_they_were_made():
    made = run(BetweenPhases(0, 2, [25.0]), sequence_of(), Spy()).item_attributes[1]
    assert made["TemporalInterp.Synthetic"] == "true"
    assert made["TemporalInterp.Engine"] == "spy"
    assert made["TemporalInterp.EngineSettings"] == "depth=3"
    assert made["TemporalInterp.FirstIndexValue"] == "0"
    assert made["TemporalInterp.LastIndexValue"] == "100"
    assert made["TemporalInterp.T"] == "0.25"
    assert "Phase" not in made


def test_a_cycle_also_gets_frames_from_the_last_back_to_the_first():
    sequence = sequence_of((0.0, 30.0, 60.0, 200.0))
    engine = Spy()
    result = run(WholeSequence(2, True), sequence, engine)
    assert result.times == (0.0, 15.0, 30.0, 45.0, 60.0, 130.0, 200.0, 215.0)  # the median gap is 30
    assert synthetic(result) == [False, True] * 4
    closing = engine.prepared[-1]
    assert (closing.first, closing.last) == (sequence.volumes[3], sequence.volumes[0])
    between = (sequence.volumes[0].array + sequence.volumes[3].array) / 2
    np.testing.assert_allclose(result.volumes[-1].array, between)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 5, 6)])
def test_scalar_type_and_geometry_are_the_sources(dtype, shape):
    sequence = sequence_of((0.0, 10.0, 20.0), dtype, shape)
    result = run(WholeSequence(4), sequence, LinearBlend())
    assert {v.array.dtype for v in result.volumes} == {np.dtype(dtype)}
    assert all(v.geometry == sequence.volumes[0].geometry for v in result.volumes)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.0], "strictly between"),
        ([100.0], "strictly between"),
        ([-5.0], "strictly between"),
        ([50.0, 100.5], "100.5 ms"),
        ([50.0, np.nan], "strictly between"),
        ([np.nan], "strictly between"),
        ([np.inf], "strictly between"),
        ([50.0, 20.0, 50.0], "twice"),
        ([], "No times"),
    ],
)
def test_times_out_of_place_are_refused(values, words):
    engine = Spy()
    with pytest.raises(InvalidInputError, match=words):
        run(BetweenPhases(0, 2, values), sequence_of(), engine)
    assert engine.prepared == []


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [(2, 1, "before"), (1, 1, "before"), (-1, 2, "first phase"), (0, 4, "last phase"), (4, 5, "first phase")],
)
def test_frames_out_of_place_are_refused(first, last, words):
    with pytest.raises(InvalidInputError, match=words):
        run(BetweenPhases(first, last, [50.0]), sequence_of(), LinearBlend())


@pytest.mark.parametrize("factor", [1, 0, -2])
def test_a_factor_below_two_is_refused(factor):
    with pytest.raises(InvalidInputError, match="at least 2"):
        run(WholeSequence(factor), sequence_of(), LinearBlend())


@pytest.mark.parametrize("cyclic", [False, True])
def test_one_frame_cannot_be_multiplied(cyclic):
    with pytest.raises(InvalidInputError, match="one frame"):
        run(WholeSequence(2, cyclic), sequence_of((0.0,)), LinearBlend())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_frame_that_shows_nothing_is_refused_even_outside_the_gap(bad):
    sequence = sequence_of()
    sequence.volumes[3].array[:] = bad
    engine = Spy()
    with pytest.raises(InvalidInputError, match="Frame 3 is NaN or infinite throughout"):
        run(BetweenPhases(0, 1, [10.0]), sequence, engine)
    assert engine.prepared == []


def test_a_sequence_in_which_nothing_can_be_seen_is_refused():
    blank = [Volume(np.full((1, 2, 2), 5, np.int16), Geometry((1, 2, 2)))] * 2
    with pytest.raises(InvalidInputError, match="constant"):
        run(WholeSequence(2), Sequence(blank, [0, 1]), LinearBlend())


@pytest.mark.parametrize("cyclic", [False, True])
def test_progress_rises_from_0_to_1(cyclic):
    reports = []
    run(WholeSequence(3, cyclic), sequence_of(), Spy(), progress=lambda f, message: reports.append(f))
    assert reports[0] == 0.0
    assert reports[-1] == pytest.approx(1.0)
    assert reports == sorted(reports)
    assert len(reports) == (3 + cyclic) * (3 + 2)


@pytest.mark.parametrize("when", range(1, 16))
def test_cancelling_reaches_the_caller_whenever_it_comes(when):
    calls = []

    def progress(fraction, message):
        calls.append(fraction)
        if len(calls) == when:
            raise CancelledError

    with pytest.raises(CancelledError):
        run(WholeSequence(3), sequence_of(), Spy(), progress=progress)
    assert len(calls) == when


def test_between_two_frames_on_frame_hears_of_both_ends_and_of_every_synthetic_frame():
    sequence, engine, heard = sequence_of(), Spy(), {}
    result = run(
        BetweenPhases(0, 2, [75.0, 25.0]), sequence, engine, on_frame=lambda frame: heard.__setitem__(frame.time, frame)
    )
    assert sorted(heard) == [0.0, 25.0, 75.0, 100.0]
    assert [heard[value].t for value in sorted(heard)] == [0.0, 0.25, 0.75, 1.0]
    assert heard[0.0].volume is sequence.volumes[0]
    assert heard[100.0].volume is sequence.volumes[2]
    assert heard[25.0].volume is result.volumes[1]
    assert all(fields for _, fields in engine.asked)


def test_in_a_whole_sequence_on_frame_hears_of_the_synthetic_frames_only():
    engine, heard = Spy(), {}
    result = run(WholeSequence(2), sequence_of(), engine, on_frame=lambda frame: heard.__setitem__(frame.time, frame))
    assert list(heard) == [15.0, 65.0, 120.0]
    assert [heard[v].volume for v in heard] == [result.volumes[n] for n in (1, 3, 5)]


def test_without_on_frame_no_fields_are_requested():
    engine = Spy()
    run(BetweenPhases(0, 2, [50.0]), sequence_of(), engine)
    assert engine.asked == [(0.5, False)]


def test_acquired_only_undoes_the_filling():
    sequence = sequence_of(notes=["kept"])
    back = run(WholeSequence(3, True), sequence, LinearBlend()).acquired()
    assert back.times == sequence.times
    assert back.volumes == sequence.volumes
    assert back.item_attributes == sequence.item_attributes
    assert sequence.acquired().notes == ("kept",)


def test_a_sequence_of_synthetic_frames_only_has_no_acquired_ones():
    sequence = sequence_of((0.0,))
    with pytest.raises(InvalidInputError, match="synthetic"):
        (Sequence(sequence.volumes, [0], item_attributes=[{"TemporalInterp.Synthetic": "true"}])).acquired()


def test_what_lies_between_two_phases_is_hidden_and_synthetic_frames_are_too():
    sequence = run(WholeSequence(2), sequence_of(), LinearBlend())  # times 0, 15, 30, 65, 100, 120, 140
    engine = Spy()
    run(BetweenPhases(0, 4, [50.0]), sequence, engine)
    assert engine.prepared[0].sequence.times == (0.0, 100.0, 140.0)
    assert engine.prepared[0].intensity_range == sequence.intensity_range


def test_a_synthetic_phase_is_refused():
    sequence = run(WholeSequence(2), sequence_of(), LinearBlend())
    with pytest.raises(InvalidInputError, match="The last phase, frame 3, is itself synthetic"):
        run(BetweenPhases(0, 3, 2), sequence, LinearBlend())


def test_the_period_of_a_loop_says_how_long_its_last_gap_is():
    loop = sequence_of((0.0, 30.0, 60.0)).as_loop(100.0)
    result = run(WholeSequence(2, cyclic=True), loop, LinearBlend())
    assert result.times == (0.0, 15.0, 30.0, 45.0, 60.0, 80.0)
    assert result.period == 100.0
    assert run(WholeSequence(2), loop, LinearBlend()).times == result.times


def test_what_is_called_a_loop_is_one_in_the_result_and_what_is_called_none_is_none():
    sequence = sequence_of((0.0, 30.0, 60.0))
    once = run(WholeSequence(2, cyclic=True), sequence, LinearBlend())
    assert once.period == 90.0
    assert run(WholeSequence(3), once, LinearBlend()).times == tuple(10.0 * n for n in range(9))
    none = run(WholeSequence(2, cyclic=False), once, LinearBlend())
    assert (none.times, none.period) == ((0.0, 15.0, 30.0, 45.0, 60.0), None)
    assert run(BetweenPhases(0, 2, 1, cyclic=True), sequence, LinearBlend()).period is None


@pytest.mark.parametrize("cyclic", [None, False, True])
def test_frames_before_the_first_of_two_phases_come_from_the_end_of_a_loop(cyclic):
    engine, loop = Spy(), sequence_of((0.0, 30.0, 60.0, 90.0)).as_loop(120.0)
    run(BetweenPhases(0, 2, 1, cyclic), loop, engine)
    (pair,) = engine.prepared
    before = pair.sequence.gap_before(pair.gap)
    if cyclic is False:
        assert before is None
    else:
        assert (before.first, before.start, before.stop) == (2, 90.0, 120.0)


class TestInterpolate:
    def test_it_asks_as_the_requests_do(self):
        sequence = sequence_of()
        whole = interpolate(sequence, factor=3, cyclic=True, engine=LinearBlend())
        assert whole.times == run(WholeSequence(3, cyclic=True), sequence, LinearBlend()).times
        none = interpolate(sequence.as_loop(), factor=3, cyclic=False, engine=LinearBlend())
        assert none.times == run(WholeSequence(3), sequence, LinearBlend()).times
        in_all = interpolate(sequence.as_loop(150.0), in_all=10, engine=LinearBlend())
        assert (in_all.times, in_all.period) == (tuple(15.0 * n for n in range(10)), 150.0)
        assert in_all.acquired_frames == [0, 2]
        engine = Spy()
        interpolate(sequence, between=(1, 3), count=3, cyclic=True, engine=engine)
        assert engine.prepared[0].sequence.period == sequence.as_loop().period
        assert interpolate(sequence, between=(1, 3), count=3, engine="linear_blend").times == pytest.approx(
            (30.0, 57.5, 85.0, 112.5, 140.0)
        )
        assert interpolate(sequence, between=(1, 3), times=[50.0], engine="linear_blend").times == (30.0, 50.0, 140.0)

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"factor": 2, "between": (0, 1), "count": 1},
            {"factor": 2, "count": 1},
            {"factor": 2, "in_all": 9},
            {"in_all": 9, "times": [1.0]},
            {"factor": 2, "times": [1.0]},
            {"between": (0, 1)},
            {"between": (0, 1), "count": 1, "times": [1.0]},
        ],
    )
    def test_contradictions_are_refused(self, asked):
        with pytest.raises(InvalidInputError, match="factor"):
            interpolate(sequence_of(), engine="linear_blend", **asked)
