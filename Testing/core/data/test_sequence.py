"""Sequences refuse what is not a sequence, and say which frame is wrong."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence, require_apart
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError


def frames(count, dtype="int16", shape=(2, 3, 4)):
    return [Volume(np.full(shape, n, dtype), Geometry(shape)) for n in range(count)]


def test_a_sequence_keeps_its_volumes_and_fills_in_empty_attributes():
    volumes = frames(3)
    sequence = Sequence(volumes, [0, 40, 95], notes=["a note"])
    assert len(sequence) == 3
    assert all(kept is given for kept, given in zip(sequence.volumes, volumes, strict=True))
    assert sequence.times == (0.0, 40.0, 95.0)
    assert sequence.item_attributes == ({}, {}, {})
    assert sequence.notes == ("a note",)


def test_attributes_do_not_share_the_callers_mapping():
    given = {"Key": "value"}
    sequence = Sequence(frames(1), [0], item_attributes=[given])
    given["Key"] = "changed"
    assert sequence.item_attributes[0]["Key"] == "value"


@pytest.mark.parametrize("shape", [(1, 6, 7), (1, 1, 1)])
def test_one_frame_and_one_slice_are_a_sequence(shape):
    assert len(Sequence(frames(1, shape=shape), [-12.5])) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, 1, 1], "frame 1 has 1, frame 2 has 1"),
        ([0, 2, 1], "frame 1 has 2, frame 2 has 1"),
        ([0, np.nan, 2], "finite"),
        ([0, 1, np.inf], "finite"),
        ([0, 1], "2 index values"),
        ([0, 1, 2, 3], "4 index values"),
    ],
)
def test_index_values_must_be_finite_and_rise(values, words):
    with pytest.raises(InvalidInputError, match=words):
        Sequence(frames(3), values)


def test_a_sequence_of_nothing_is_refused():
    with pytest.raises(InvalidInputError, match="at least one volume"):
        Sequence([], [])


def test_attributes_must_be_one_for_every_volume():
    with pytest.raises(InvalidInputError, match="2 sets of attributes"):
        Sequence(frames(3), [0, 1, 2], item_attributes=[{}, {}])


def test_a_frame_of_another_grid_or_scalar_type_is_named():
    small = frames(1, shape=(2, 3, 3))[0]
    with pytest.raises(InvalidInputError, match="frame 2"):
        Sequence([*frames(2), small], [0, 1, 2])
    with pytest.raises(InvalidInputError, match=r"Frame 2 has scalar type uint8, frame 0 has int16"):
        Sequence([*frames(2), *frames(1, "uint8")], [0, 1, 2])


@pytest.mark.parametrize("thickness", [0, -1.0, np.nan, np.inf])
def test_slice_thickness_must_be_a_positive_number(thickness):
    with pytest.raises(InvalidInputError, match="slice thickness"):
        Sequence(frames(1), [0], slice_thickness=thickness)


@pytest.mark.parametrize("number", [-1, 3])
def test_require_item_names_the_choice(number):
    sequence = Sequence(frames(3), [0, 1, 2])
    sequence.require_item(0, "The first phase")
    sequence.require_item(2, "The last phase")
    with pytest.raises(InvalidInputError, match=f"The first phase is frame {number}, but .* 0 to 2"):
        sequence.require_item(number, "The first phase")


class TestAsAContainer:
    def test_it_is_indexed_sliced_and_iterated(self):
        volumes = frames(5)
        sequence = Sequence(volumes, [0, 10, 30, 60, 100], "phase", "%", [{"N": str(n)} for n in range(5)])
        assert sequence[1] is volumes[1]
        assert sequence[-1] is volumes[4]
        assert list(sequence) == volumes
        part = sequence[1:4:2]
        assert isinstance(part, Sequence)
        assert (list(part), part.times, part.item_attributes) == (
            volumes[1:4:2],
            (10.0, 60.0),
            ({"N": "1"}, {"N": "3"}),
        )
        assert (part.index_name, part.unit) == ("phase", "%")
        with pytest.raises(IndexError):
            sequence[5]
        with pytest.raises(InvalidInputError, match="at least one volume"):
            sequence[3:3]

    def test_it_says_what_it_is_in_a_line(self):
        sequence = Sequence(frames(3), [0, 40, 95])
        assert repr(sequence) == "<Sequence: 3 frames of 2 x 3 x 4 (K, J, I), time 0 to 95 ms, int16>"
        assert repr(sequence[:1]).startswith("<Sequence: 1 frame of")
        assert "a loop of 120 ms" in repr(sequence.as_loop(120))
        marked = Sequence(frames(2), [0, 1], item_attributes=[{}, {"TemporalInterp.Synthetic": "true"}])
        assert "2 frames (1 synthetic) of" in repr(marked)

    def test_arrays_and_images_become_a_sequence_and_come_back(self):
        array = np.random.default_rng(0).integers(0, 99, (3, 2, 4, 5)).astype("int16")
        sequence = Sequence.from_numpy(array, times=[0, 10, 30], spacing=(1.5, 1.2, 8.0), slice_thickness=6.0)
        np.testing.assert_array_equal(sequence.to_numpy(), array)
        assert (sequence.geometry.spacing, sequence.slice_thickness, sequence.unit) == ((1.5, 1.2, 8.0), 6.0, "ms")
        again = Sequence.from_sitk(sequence.to_sitk(), sequence.times)
        np.testing.assert_array_equal(again.to_numpy(), array)
        assert again.geometry == sequence.geometry
        np.testing.assert_allclose(again.affine @ [2, 1, 1, 1], [3.0, 1.2, 8.0, 1.0])

    def test_slices_without_times_are_numbered(self):
        sequence = Sequence.from_numpy(np.zeros((3, 4, 5)))
        assert (sequence.geometry.shape, sequence.times) == ((1, 4, 5), (0.0, 1.0, 2.0))
        assert (sequence.index_name, sequence.unit) == ("frame", "")
        with pytest.raises(InvalidInputError, match=r"\(frame, K, J, I\)"):
            Sequence.from_numpy(np.zeros((4, 5)))


class TestHiding:
    def test_hidden_frames_are_not_there_and_the_rest_keeps_its_times(self):
        sequence = Sequence(frames(5), [0, 10, 30, 60, 100], notes=["a note"], slice_thickness=2.0)
        shown = sequence.hiding([1, 2])
        assert (list(shown), shown.times) == ([sequence[n] for n in (0, 3, 4)], (0.0, 60.0, 100.0))
        assert (shown.notes, shown.slice_thickness) == (("a note",), 2.0)
        assert sequence.hiding([]).times == sequence.times

    def test_the_intensity_range_stays_that_of_the_whole(self):
        sequence = Sequence(frames(5), range(5))
        assert sequence.hiding([4]).intensity_range == sequence.intensity_range
        assert sequence[:4].intensity_range != sequence.intensity_range

    def test_a_frame_that_is_hidden_for_its_holes_does_not_spoil_the_range(self):
        volumes = frames(4, "float32")
        whole = Sequence(volumes, range(4)).intensity_range
        holed = [*volumes, volumes[0].with_array(np.full((2, 3, 4), np.nan, np.float32))]
        sequence = Sequence(holed, range(5))
        assert sequence.hiding([4]).intensity_range == sequence.intensity_range == whole
        with pytest.raises(InvalidInputError, match="neither NaN nor infinite"):
            Sequence(holed[4:], [0]).intensity_range  # noqa: B018

    def test_frames_may_be_named_by_any_iterable(self):
        assert Sequence(frames(4), range(4)).hiding(n for n in (1, 2)).times == (0.0, 3.0)

    def test_what_cannot_be_hidden_is_refused(self):
        sequence = Sequence(frames(2), [0, 1])
        with pytest.raises(InvalidInputError, match="A frame to hide is frame 2"):
            sequence.hiding([2])
        with pytest.raises(InvalidInputError, match="Every frame"):
            sequence.hiding([0, 1])


class TestLoop:
    def test_the_last_gap_leads_back_to_the_first_frame(self):
        loop = Sequence(frames(3), [5, 25, 65]).as_loop(100)
        closing = loop.gaps[-1]
        assert (closing.number, closing.first, closing.last, closing.start, closing.stop) == (2, 2, 0, 65.0, 105.0)
        assert loop.gap_at(105.0) == closing
        assert closing.t_of(85.0) == 0.5

    def test_without_a_period_the_last_gap_is_the_median_of_the_others(self):
        assert Sequence(frames(4), [0, 30, 60, 200]).as_loop().period == 230.0

    def test_synthetic_frames_do_not_shorten_the_last_gap(self):
        marks = [{}, {"TemporalInterp.Synthetic": "true"}, {}, {"TemporalInterp.Synthetic": "true"}, {}]
        assert Sequence(frames(5), [0, 15, 30, 45, 60], item_attributes=marks).as_loop().period == 90.0
        assert Sequence(frames(2), [0, 15], item_attributes=marks[:2]).as_loop().period == 30.0

    def test_it_is_made_a_loop_or_none_or_left_as_it_is(self):
        sequence = Sequence(frames(3), [0, 30, 60])
        loop = sequence.as_loop(100)
        assert [one.as_cyclic(None).period for one in (sequence, loop)] == [None, 100.0]
        assert [one.as_cyclic(True).period for one in (sequence, loop)] == [90.0, 100.0]
        assert [one.as_cyclic(False).period for one in (sequence, loop)] == [None, None]
        part = loop.hiding([2])
        assert part.as_cyclic(False).intensity_range == loop.intensity_range != sequence[:2].intensity_range

    def test_a_period_of_numpy_is_a_plain_number(self):
        assert repr(Sequence(frames(3), [0, 30, 60], period=np.float64(90)).period) == "90.0"

    @pytest.mark.parametrize("period", [60.0, -1.0, np.inf, np.nan])
    def test_a_period_that_the_frames_do_not_fit_into_is_refused(self, period):
        with pytest.raises(InvalidInputError, match="period"):
            Sequence(frames(3), [0, 30, 60]).as_loop(period)

    def test_one_frame_is_no_loop_and_a_part_of_a_loop_is_none(self):
        sequence = Sequence(frames(3), [0, 30, 60])
        with pytest.raises(InvalidInputError, match="single frame"):
            sequence[:1].as_loop()
        assert sequence.as_loop()[:2].period is None


class TestGaps:
    def test_they_lie_between_neighbours(self):
        sequence = Sequence(frames(3), [0, 10, 40])
        assert [(gap.first, gap.last, gap.start, gap.stop) for gap in sequence.gaps] == [
            (0, 1, 0.0, 10.0),
            (1, 2, 10.0, 40.0),
        ]
        assert Sequence(frames(1), [0]).gaps == ()

    @pytest.mark.parametrize(("time", "number"), [(0, 0), (5, 0), (10, 1), (39.9, 1), (40, 1)])
    def test_an_acquired_frame_begins_a_gap_and_the_last_one_ends_one(self, time, number):
        assert Sequence(frames(3), [0, 10, 40]).gap_at(time).number == number

    @pytest.mark.parametrize(
        ("unit", "message"), [("", r"^41 lies .*, 0 to 40\.$"), ("ms", r"^41 ms .*, 0 to 40 ms\.$")]
    )
    def test_a_time_outside_is_named_with_the_unit_if_there_is_one(self, unit, message):
        with pytest.raises(InvalidInputError, match=message):
            Sequence(frames(3), [0, 10, 40], unit=unit).gap_at(41)

    def test_the_gaps_beside_a_gap(self):
        sequence = Sequence(frames(4), [0, 10, 40, 50])
        first, middle, last = sequence.gaps
        assert (sequence.gap_before(middle), sequence.gap_after(middle)) == (first, last)
        assert (sequence.gap_before(first), sequence.gap_after(last)) == (None, None)

    def test_in_a_loop_every_gap_has_one_before_and_one_after(self):
        loop = Sequence(frames(3), [0, 30, 60]).as_loop()
        first, second, closing = loop.gaps
        assert (loop.gap_before(first), loop.gap_after(first)) == (closing, second)
        assert (loop.gap_before(closing), loop.gap_after(closing)) == (second, first)

    @pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 1.0])
    def test_places_and_times_go_both_ways(self, t):
        gap = Sequence(frames(2), [0.1, 0.7]).gaps[0]
        assert gap.t_of(gap.time_of(t)) == pytest.approx(t, abs=1e-12)
        assert (gap.time_of(0.0), gap.time_of(1.0)) == (0.1, 0.7)


class TestScaledVoxels:
    def test_they_are_made_once_and_shared_by_what_hides_frames(self):
        sequence = Sequence(frames(5, "float32"), range(5))
        once = sequence.scaled.normalised(sequence[3])
        assert sequence.hiding([0]).scaled.normalised(sequence[3]) is once
        np.testing.assert_array_equal(once, sequence.intensity_range.normalise(sequence[3].array))
        np.testing.assert_allclose(sequence.scaled.centred(sequence[3]), 3 - sequence.intensity_range.low, rtol=1e-6)
        with pytest.raises(ValueError, match="read-only"):
            once[:] = 0

    def test_only_so_many_are_kept(self, monkeypatch):
        monkeypatch.setattr("temporal_interp.data.intensity.KEPT_BYTES", 1)
        sequence = Sequence(frames(6), range(6))
        first = sequence.scaled.normalised(sequence[0])
        assert sequence.scaled.normalised(sequence[0]) is first
        for number in range(1, 6):
            sequence.scaled.normalised(sequence[number])
        assert sequence.scaled.normalised(sequence[0]) is not first

    def test_a_range_that_is_known_is_taken(self):
        known = IntensityRange(0.0, 8.0)
        sequence = Sequence(frames(3), range(3)).with_intensity_range(known)
        assert sequence.intensity_range == sequence.hiding([0]).intensity_range == known
        np.testing.assert_allclose(sequence.scaled.normalised(sequence[2]), 0.25)

    def test_a_sequence_can_be_copied_and_sent_to_another_process(self):
        sequence = Sequence(frames(4), range(4)).hiding([3])
        once = sequence.scaled.normalised(sequence[1])
        for other in (copy.deepcopy(sequence), pickle.loads(pickle.dumps(sequence))):
            assert (other.times, other.intensity_range) == (sequence.times, sequence.intensity_range)
            np.testing.assert_array_equal(other.scaled.normalised(other[1]), once)

    def test_the_range_of_a_long_sequence_is_taken_of_some_voxels(self, monkeypatch):
        noise = np.random.default_rng(0).normal(100, 10, (4, 10, 40, 40))
        whole = IntensityRange.of_contrast(Sequence.from_numpy(noise))
        monkeypatch.setattr("temporal_interp.data.intensity.SAMPLED_VOXELS", 8_000)
        part = IntensityRange.of_contrast(Sequence.from_numpy(noise))
        assert part != whole
        assert (part.low, part.high) == pytest.approx((whole.low, whole.high), abs=3)


@pytest.mark.parametrize(
    ("slices", "apart", "thickness", "images"),
    [(1, 1.0, None, "slices"), (4, 10.0, 6.0, "slices"), (4, 9.0, 8.0, "volumes"), (4, 1.0, None, "volumes")],
)
def test_what_frames_are_to_a_model(slices, apart, thickness, images):
    frames = Sequence.from_numpy(np.zeros((2, slices, 3, 3)), times=[0, 1], spacing=(1.0, 1.0, apart))
    assert replace(frames, slice_thickness=thickness).images == images


class TestRequireApart:
    def test_times_that_slicer_would_merge_are_refused_in_any_order(self):
        with pytest.raises(InvalidInputError, match=r"Frames at 5 and 5\.0009 ms lie no further apart than 0\.001"):
            require_apart([5.0009, 0.0, 5.0], "ms")
        require_apart([5.002, 0.0, 5.0], "ms")
        with pytest.raises(InvalidInputError, match=r"no further apart than 0\.01:"):
            require_apart([5.002, 0.0, 5.0], "", smallest=0.01)
