"""Synthetic frames with the error to expect: on the same grid and at the same times, zero where frames are acquired."""

import numpy as np
import pytest

import temporal_interp as ti
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.uncertainty.error_map import CALIBRATION_KEY, ERROR_KEY, FACTOR_95_KEY, share_in_words

MOVING = np.float32(
    [[[[np.exp(-((i - 8 - n) ** 2) / 8) for i in range(32)] for _ in range(24)]] for n in range(7)]
)  # fmt: skip


def cine(count=7, **more):
    return ti.Sequence.from_numpy(100 * MOVING[:count], times=[30.0 * n for n in range(count)], **more)


def test_errors_go_with_the_frames_and_are_in_their_unit():
    sequence = cine()
    smooth, errors = ti.interpolate_with_errors(sequence, factor=3, engine="linear_blend")
    made = errors.sequence
    assert made.times == smooth.times
    assert made.geometry == smooth.geometry
    assert made[0].array.dtype == np.float32
    for volume, attributes in zip(made.volumes, made.item_attributes, strict=True):
        assert bool(volume.array.any()) == is_synthetic(attributes)
        assert {ERROR_KEY, CALIBRATION_KEY, FACTOR_95_KEY} <= set(attributes)
    assert 0 < made[1].array.max() < 100
    louder = ti.Sequence.from_numpy(1000 * MOVING, times=list(sequence.times))
    _, tenfold = ti.interpolate_with_errors(louder, factor=3, engine="linear_blend")
    assert tenfold.sequence[1].array == pytest.approx(10 * made[1].array, rel=1e-3)
    assert errors.mean_share == pytest.approx(tenfold.mean_share, rel=1e-3)


def test_the_frames_are_those_without_errors():
    smooth, _ = ti.interpolate_with_errors(cine(), factor=2, engine="linear_blend")
    plain = ti.interpolate(cine(), factor=2, engine="linear_blend")
    assert np.array_equal(smooth.to_numpy(), plain.to_numpy())


def test_two_frames_say_that_nothing_was_calibrated():
    _, errors = ti.interpolate_with_errors(cine(2), factor=2, engine="linear_blend")
    assert not errors.calibration.is_calibrated
    assert "not calibrated" in errors.in_words
    assert "not calibrated" in errors.sequence.item_attributes[1][CALIBRATION_KEY]
    assert errors.sequence[1].array.any()


def test_between_two_phases_the_frames_hidden_there_are_not_looked_at():
    def errors_of(sequence):
        _, errors = ti.interpolate_with_errors(sequence, between=(1, 4), count=2, engine="linear_blend")
        return errors

    frames = 100 * MOVING
    frames[2] = frames[2][..., ::-1]
    errors = errors_of(ti.Sequence.from_numpy(frames, times=[30.0 * n for n in range(7)]))
    assert errors.sequence.times == (30.0, 60.0, 90.0, 120.0)
    assert errors.calibration == errors_of(cine()).calibration


def test_equal_frames_have_small_errors_between_them():
    frames = 100 * MOVING
    frames[3] = frames[2]
    _, errors = ti.interpolate_with_errors(ti.Sequence.from_numpy(frames), factor=2, engine="linear_blend")
    noise = 100 * errors.calibration.noise
    still, moving = errors.sequence[5].array, errors.sequence[3].array
    assert still.max() - noise < 0.5 * (moving.max() - noise)


def test_what_no_frame_shows_has_no_error():
    frames = 100 * MOVING
    frames[..., :4] = np.nan
    _, errors = ti.interpolate_with_errors(ti.Sequence.from_numpy(frames), factor=2, engine="linear_blend")
    assert np.isnan(errors.sequence[1].array[..., :4]).all()
    assert np.isfinite(errors.sequence[1].array[..., 4:]).all()


def test_cancelling_raises():
    def stop(fraction, message):
        raise ti.CancelledError("stop")

    with pytest.raises(ti.CancelledError):
        ti.interpolate_with_errors(cine(), factor=2, engine="linear_blend", progress=stop)


def test_errors_are_told_in_words():
    assert share_in_words(0.25) == "about 25 % of the range where it moves"
