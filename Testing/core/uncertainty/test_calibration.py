"""The error to expect: it covers what calibration did not see, says when it is not calibrated, and asks no more."""

from dataclasses import replace

import numpy as np
import pytest

from stand_in_engines import constant_field
from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import CancelledError
from temporal_interp.evaluation import hold_out
from temporal_interp.evaluation.coverage import Coverage
from temporal_interp.uncertainty.calibration import ENOUGH, NORMAL_95, Calibration, calibrate
from temporal_interp.uncertainty.clues import Clues, clues_of
from temporal_interp.uncertainty.hiding import levels


def beating(count=21, noise=0.01, size=64, times=None):
    """A disc whose radius goes up and down once, on a little texture."""
    random = np.random.default_rng(3)
    j, i = np.mgrid[:size, :size]
    distance = np.hypot(j - size / 2, i - size / 2)
    texture = 0.2 + 0.05 * np.sin(j / 2.0) * np.cos(i / 3.0)
    times = np.arange(count) * 40.0 if times is None else np.asarray(times, float)
    radii = size / 4 + 5 * np.sin(2 * np.pi * times / (40.0 * count))
    frames = [texture + 0.7 / (1 + np.exp(distance - radius)) for radius in radii]
    frames = [frame + noise * random.standard_normal(frame.shape) for frame in frames]
    return Sequence.from_numpy(np.float32(frames), times=list(times))


def covered(sequence, held_out):
    coverage = Coverage.of(sequence, held_out, LinearBlend())
    prepared = LinearBlend().prepare(coverage.shown)
    measured = [
        coverage.measure(prepared.at(sequence.times[n]), n) for gap in held_out.gaps for n in gap.held_out
    ]  # fmt: skip
    return {name: np.mean([one[name] for one in measured]) for name in measured[0]}


@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_intervals_hold_what_they_say_on_frames_that_were_not_seen(noise):
    sequence = beating(noise=noise)
    found = covered(sequence, hold_out.every(sequence, 2))
    assert 0.60 <= found["within_68"] <= 0.78
    assert found["within_95"] >= 0.91


def test_uneven_times_and_a_loop_are_covered_too():
    steps = np.tile([30.0, 50.0], 12)[:20]
    sequence = beating(times=np.concatenate([[0], np.cumsum(steps)]))
    assert 0.55 <= covered(sequence, hold_out.every(sequence, 2))["within_68"] <= 0.85
    loop = beating().as_loop()
    assert 0.55 <= covered(loop, hold_out.every(loop, 2))["within_68"] <= 0.85


def test_a_long_gap_is_imitated_elsewhere_and_its_own_frames_are_not_looked_at():
    sequence = beating(25)
    held_out = hold_out.between(sequence, 4, 9)
    coverage = Coverage.of(sequence, held_out, LinearBlend())
    assert [length for _, length in coverage.calibration.compared] == [200.0, 400.0]
    spoilt = replace(
        sequence,
        volumes=[v if not 4 < n < 9 else v.with_array(-v.array) for n, v in enumerate(sequence.volumes)],
    ).with_intensity_range(sequence.intensity_range)
    again = Coverage.of(spoilt, held_out, LinearBlend())
    assert again.calibration == coverage.calibration


def test_errors_shrink_towards_the_acquired_frames_and_grow_with_the_gap():
    calibration = Calibration.usual(40.0)
    ones = np.full((1, 2, 2), 0.1, np.float32)
    at = [calibration.expected(Clues(ones, ones, distance))[0, 0, 0] for distance in (0.0, 10.0, 40.0, 80.0)]
    assert at[0] < 1e-4
    assert at == sorted(at)
    assert at[3] > 1.2 * at[2]


def test_two_frames_are_not_calibrated_and_say_so():
    calibration = calibrate(beating(2), LinearBlend())
    assert not calibration.is_calibrated
    assert "not calibrated" in calibration.in_words("ms")


def test_three_frames_are_calibrated_on_the_one_between():
    calibration = calibrate(beating(3), LinearBlend())
    assert calibration.compared == ((1, 80.0),)
    assert calibration.in_words("ms") == "calibrated on 1 hidden frame in gaps of 80 ms"
    assert calibration.factor_95 >= NORMAL_95


def test_a_few_voxels_do_not_calibrate():
    assert ENOUGH > 1
    tiny = Sequence.from_numpy(np.random.default_rng(0).random((5, 1, 3, 3)))
    assert not calibrate(tiny, LinearBlend()).is_calibrated


def test_what_does_not_move_but_for_one_voxel_gives_finite_errors():
    frames = np.full((7, 1, 40, 40), 5.0)
    frames[3, 0, 20, 20] = 6.0
    calibration = calibrate(Sequence.from_numpy(frames), LinearBlend())
    assert np.isfinite([calibration.scale, calibration.noise, calibration.factor_95]).all()


def test_voxels_outside_of_the_field_of_view_do_not_count():
    sequence = beating()
    volumes = [v.with_array(np.where(np.arange(64) < 10, np.nan, v.array).astype("float32")) for v in sequence.volumes]
    calibration = calibrate(replace(sequence, volumes=volumes), LinearBlend())
    assert calibration.is_calibrated
    assert np.isfinite(calibration.scale)


def test_clues_of_an_engine_without_motion_compare_the_frames_themselves():
    sequence = beating(3, noise=0.0)
    frame = LinearBlend().prepare(sequence).at(20.0)
    clues = clues_of(frame, sequence.gaps[0], sequence)
    assert clues.distance == pytest.approx(40.0)
    assert clues.disagreement.shape == sequence.geometry.shape
    assert clues.disagreement[0, 32, 32] < 0.1 * clues.disagreement.max()


def test_clues_of_an_engine_with_motion_compare_the_frames_as_they_are_moved():
    first = np.zeros((1, 1, 16, 32), np.float32)
    first[..., 10:14] = 1.0
    sequence = Sequence.from_numpy(np.concatenate([first, np.roll(first, 4, axis=-1)]), times=[0, 40])
    there, back = (constant_field(sequence.geometry, (shift, 0.0, 0.0)) for shift in (-2.0, 2.0))
    middle = sequence[0].with_array(np.roll(first[0], 2, axis=-1))
    moved = clues_of(Frame(middle, 20.0, 0.5, there, back), sequence.gaps[0], sequence)
    unmoved = clues_of(Frame(middle, 20.0, 0.5), sequence.gaps[0], sequence)
    assert moved.disagreement.max() < 1e-3
    assert unmoved.disagreement.max() > 0.5


def test_a_calibration_can_be_cancelled():
    def stop(fraction, message):
        if fraction > 0.3:
            raise CancelledError("stop")

    with pytest.raises(CancelledError):
        calibrate(beating(), LinearBlend(), progress=stop)


def test_a_loop_hides_no_longer_gaps_than_half_of_it():
    lengths = [len(level) for level in levels(beating(7).as_loop())]
    assert lengths == [2]  # gaps over four of seven frames are left out


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 9])
def test_no_frame_is_hidden_and_shown(count):
    for level in levels(beating(count, size=8)):
        for one in level:
            assert set(one.compared) <= set(one.hidden)
            assert len(one.hidden) <= count - 2
