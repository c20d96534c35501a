"""The engine made of the registrations of neighbouring gaps: it follows a motion that speeds up."""

import numpy as np
import pytest

from peers.both_ways import PairFields
from peers.demons import DemonsSettings, demons
from peers.scaled_fields import ScaledFieldsEngine
from peers.settings import frozen_settings
from peers.syn import SynSettings, syn
from peers.timed_fields import TimedFieldsEngine
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs import path
from temporal_interp.errors import CancelledError, InvalidInputError

OBLIQUE = ((0.0, -0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, 0.6))
GEOMETRY = Geometry((1, 44, 48), (1.5, 2.0, 8.0), (5.0, -7.0, 11.0), OBLIQUE)
DIRECTION = np.array([1.0, -0.5, 0.0])
"""Of the motion, in voxels along (I, J, K)."""

CENTRED = (np.indices(GEOMETRY.shape)[::-1].transpose(1, 2, 3, 0) - 20.0) @ GEOMETRY.voxel_to_physical.T
"""Places in mm from a point inside."""

INSIDE = (slice(None), slice(12, -12), slice(12, -12))
EVEN, UNEVEN = (0.0, 1.0, 2.0, 3.0), (0.0, 1.5, 2.5, 4.5)


def speeding_up(time):
    """How far tissue is along DIRECTION at a time: a constant acceleration."""
    return 0.3 * time + 0.7 * time**2


def texture(at):
    """A pattern whose tissue has moved by `at` times DIRECTION, from 0 to 1."""
    rng = np.random.default_rng(0)
    _, j, i = np.meshgrid(*map(np.arange, GEOMETRY.shape), indexing="ij")
    value = np.zeros(GEOMETRY.shape)
    for _ in range(12):
        wave, phase = rng.uniform(-0.7, 0.7, 2), rng.uniform(0, 2 * np.pi)
        value += np.sin(wave[0] * (i - at * DIRECTION[0]) + wave[1] * (j - at * DIRECTION[1]) + phase)
    return (0.5 + value / 24).astype(np.float32)


def moving(times, place=speeding_up, period=None):
    """A sequence of the pattern, which is where `place` says at a time."""
    frames = [Volume(texture(place(time)), GEOMETRY) for time in times]
    return Sequence(frames, times, unit="", period=period).with_intensity_range(IntensityRange(0.0, 1.0))


class Knows:
    """A registration that knows where the tissue of every frame is; it fails for the frames in `fails_at`."""

    name = "knows"
    settings = "a=1"

    def __init__(self, sequence, place=speeding_up, fails_at=()):
        self.places = {volume.array.tobytes(): place(t) for volume, t in zip(sequence, sequence.times, strict=True)}
        self.fails_at = fails_at
        self.asked = []

    def __call__(self, first, last, *, independent, progress):
        start, stop = (self.places[volume.array.tobytes()] for volume in (first, last))
        self.asked.append((start, stop))
        if {start, stop} & set(self.fails_at):
            raise InvalidInputError("knows does not know.")
        progress(1.0, "found")
        return PairFields(self.field(stop, start), self.field(start, stop))  # tissue at x came from where it was before

    def field(self, start, stop):
        return in_mm(stop - start)


class Stretches(Knows):
    """A registration that takes the pattern for one that grows with its place along DIRECTION, to 10 + place."""

    def field(self, start, stop):
        return CENTRED * np.float32((stop - start) / (10 + start))


def in_mm(way):
    shift = GEOMETRY.voxel_to_physical @ (way * DIRECTION)
    return np.broadcast_to(shift, (*GEOMETRY.shape, 3)).astype(np.float32)


def errors(engine, sequence, time, place=speeding_up):
    """How far, in mm, the fields from both ends of the gap are from the truth."""
    gap = sequence.gap_at(time)
    frame = engine.prepare(sequence).at(time, fields=True)
    truth = in_mm(place(gap.start) - place(time)), in_mm(place(gap.stop) - place(time))
    found = frame.displacement_first_to_t.array, frame.displacement_last_to_t.array
    return [np.linalg.norm(f - t, axis=-1)[INSIDE].mean() for f, t in zip(found, truth, strict=True)]


@pytest.mark.parametrize("times", [EVEN, UNEVEN])
@pytest.mark.parametrize("t", [0.25, 0.5, 0.8])
def test_the_bend_of_the_parabola_is_the_true_motion_at_constant_acceleration(times, t, monkeypatch):
    monkeypatch.setattr(path, "BEND", 1.0)
    sequence = moving(times)
    time = sequence.gaps[1].time_of(t)
    np.testing.assert_allclose(errors(TimedFieldsEngine(Knows(sequence)), sequence, time), 0, atol=1e-4)
    assert min(errors(ScaledFieldsEngine(Knows(sequence)), sequence, time)) > 0.1


@pytest.mark.parametrize("t", [0.2, 0.5, 0.9])
def test_each_end_has_the_pace_of_the_tissue_that_lies_there(t):
    sequence = moving(UNEVEN)
    gap = sequence.gaps[1]
    first, last = 10 + speeding_up(gap.start), 10 + speeding_up(gap.stop)
    even = last - first
    # the speed is 0.3 + 1.4 time; a point at x in the first frame is at x times growth / first
    excess = [((0.3 + 1.4 * time) * gap.length - even) / size for time, size in ((gap.start, first), (gap.stop, last))]
    bend = np.dot(path.bend_weights(t), excess)
    frame = TimedFieldsEngine(Stretches(sequence)).prepare(sequence).at(gap.time_of(t), fields=True)
    from_first, from_last = t * (first / last - 1) - bend, (1 - t) * (last / first - 1) - bend
    np.testing.assert_allclose(frame.displacement_first_to_t.array, CENTRED * from_first, atol=1e-3)
    np.testing.assert_allclose(frame.displacement_last_to_t.array, CENTRED * from_last, atol=1e-3)


def test_the_bend_is_as_large_as_in_our_engine():
    sequence = moving(EVEN)
    timed, even = (
        np.array(errors(kind(Knows(sequence)), sequence, 1.5)) for kind in (TimedFieldsEngine, ScaledFieldsEngine)
    )
    np.testing.assert_allclose(timed, abs(path.BEND - 1) * even, rtol=1e-3)


@pytest.mark.parametrize("name", ["demons", "syn"])
def test_real_registrations_follow_a_motion_that_speeds_up(name, or_skip):
    make, kind = {"demons": (demons, DemonsSettings), "syn": (syn, SynSettings)}[name]
    register = or_skip(make, name, frozen_settings(name, kind))
    sequence = moving(EVEN)
    timed, even = (errors(kind(register), sequence, 1.5) for kind in (TimedFieldsEngine, ScaledFieldsEngine))
    assert max(timed) < 0.2
    assert max(timed) < 0.7 * min(even)


def test_the_frame_is_that_of_the_bent_fields():
    sequence = moving(EVEN)
    truth = texture(speeding_up(1.5))
    timed, even = (
        np.abs(kind(Knows(sequence)).prepare(sequence).at(1.5).volume.array - truth)[INSIDE].mean()
        for kind in (TimedFieldsEngine, ScaledFieldsEngine)
    )
    assert timed < 0.75 * even


@pytest.mark.parametrize("times", [EVEN, UNEVEN])
def test_time_may_run_backwards(times):
    def backwards(time):
        return speeding_up(times[-1] - time)

    ahead = moving(times)
    back = moving([times[-1] - time for time in reversed(times)], backwards)
    t = ahead.gaps[1].time_of(0.3)
    one = TimedFieldsEngine(Knows(ahead)).prepare(ahead).at(t, fields=True)
    other = TimedFieldsEngine(Knows(back, backwards)).prepare(back).at(times[-1] - t, fields=True)
    np.testing.assert_allclose(one.volume.array, other.volume.array, atol=1e-5)
    for ours, theirs in (
        (one.displacement_first_to_t, other.displacement_last_to_t),
        (one.displacement_last_to_t, other.displacement_first_to_t),
    ):
        np.testing.assert_allclose(ours.array, theirs.array, atol=1e-4)


def test_without_neighbours_it_is_the_even_motion():
    pair = moving((0.0, 1.0))
    one, other = (
        kind(Knows(pair)).prepare(pair).at(0.4, fields=True) for kind in (TimedFieldsEngine, ScaledFieldsEngine)
    )
    np.testing.assert_array_equal(one.volume.array, other.volume.array)
    np.testing.assert_array_equal(one.displacement_first_to_t.array, other.displacement_first_to_t.array)
    assert one.provenance.frames == other.provenance.frames


@pytest.mark.parametrize(("gap", "weight"), [(0, 1), (2, 0)])
def test_where_one_neighbour_is_missing_only_the_other_bends(gap, weight):
    sequence = moving(EVEN)
    middle = sequence.gaps[gap].time_of(0.5)
    found = TimedFieldsEngine(Knows(sequence)).prepare(sequence).at(middle, fields=True)
    # at constant acceleration the pace at an end differs from the even one by half of the acceleration, 0.7 in all
    excess = 0.7 if weight else -0.7
    way = 0.5 * (speeding_up(gap + 1) - speeding_up(gap)) + path.bend_weights(0.5)[weight] * excess
    np.testing.assert_allclose(found.displacement_first_to_t.array, in_mm(-way), atol=1e-4)


def test_a_neighbour_that_cannot_be_registered_is_left_out_and_the_gap_itself_is_not():
    sequence = moving(EVEN)
    prepared = TimedFieldsEngine(Knows(sequence, fails_at=[speeding_up(3.0)])).prepare(sequence)
    assert prepared.at(1.5).provenance.frames == (1.0, 2.0, 0.0)
    with pytest.raises(InvalidInputError, match="does not know"):
        prepared.at(2.5)


def test_every_gap_is_registered_once_and_a_second_sequence_anew():
    sequence = moving(EVEN)
    register = Knows(sequence)
    engine = TimedFieldsEngine(register)
    engine.prepare(sequence).at([0.5, 1.5, 2.5])
    assert sorted(register.asked) == sorted((speeding_up(n), speeding_up(n + 1)) for n in range(3))
    engine.prepare(sequence).at(1.5)
    assert len(register.asked) == 6


def test_in_a_loop_the_gap_before_the_first_is_the_last():
    def swinging(time):
        return 3 * np.sin(2 * np.pi * time / 4)

    loop = moving(EVEN, swinging, period=4.0)
    engine = TimedFieldsEngine(Knows(loop, swinging))
    assert max(errors(engine, loop, 0.5, swinging)) < 0.5 * max(
        errors(ScaledFieldsEngine(Knows(loop, swinging)), loop, 0.5, swinging)
    )


def test_the_frames_beside_are_named_the_nearer_one_first():
    sequence = moving(EVEN)
    prepared = TimedFieldsEngine(Knows(sequence)).prepare(sequence)
    assert prepared.at(1.25).provenance.frames == (1.0, 2.0, 0.0, 3.0)
    assert prepared.at(1.75).provenance.frames == (2.0, 1.0, 3.0, 0.0)


def test_progress_rises_to_one_and_can_cancel():
    sequence = moving(EVEN)
    seen = []
    engine = TimedFieldsEngine(Knows(sequence))
    engine.prepare(sequence).prepare_gap(1, progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def cancel(fraction, message):
        if fraction > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        engine.prepare(sequence).prepare_gap(1, progress=cancel)
