"""Thick slices lie where they should and are as thick as they should be."""

import numpy as np
import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.degradation import NOISE, Degradation, blur, thicken

BLURRED = Degradation.BLURRED


def impulse(at: int, slices=25) -> np.ndarray:
    array = np.zeros((slices, 2, 3))
    array[at] = 1
    return array


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_direct_is_every_rth_slice_as_it_is(factor, dtype):
    array = (100 * np.random.default_rng(0).random((10, 3, 4))).astype(dtype)
    thick = thicken(array, factor)
    assert thick.dtype == dtype
    assert thick.flags.c_contiguous
    assert len(thick) == len(range(0, 10, factor))
    for n, slice_ in enumerate(thick):
        assert np.array_equal(slice_, array[n * factor])


@pytest.mark.parametrize("degradation", Degradation)
def test_degradations_go_by_their_names(degradation):
    array = np.random.default_rng(0).random((9, 4, 5))
    assert np.array_equal(thicken(array, 2, degradation.value), thicken(array, 2, degradation))
    assert np.array_equal(thicken(array, 2, degradation.value), array[::2]) == (degradation.value == "direct")


def test_thick_slices_are_a_copy():
    array = np.zeros((5, 2, 2))
    for degradation in Degradation:
        thicken(array, 2, degradation)[:] = 1
    assert not array.any()


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_blurred_slices_lie_where_the_sharp_ones_do(factor):
    thick = thicken(impulse(12), factor, BLURRED, noise=0)[:, 0, 0]
    assert thick.argmax() * factor == 12
    np.testing.assert_allclose(thick, thick[::-1], atol=1e-7)


@pytest.mark.parametrize("factor", [2, 4])
def test_blurred_slices_are_as_wide_as_they_lie_apart(factor):
    peak, side = (
        thicken(impulse(at, 49), factor, BLURRED, noise=0)[24 // factor, 0, 0] for at in (24, 24 + factor // 2)
    )
    assert side / peak == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_blur_is_a_gaussian_along_the_slice_axis(factor):
    array = np.random.default_rng(1).random((9, 4, 5))
    sigma = factor / (2 * np.sqrt(2 * np.log(2)))
    steps = np.arange(-12, 13)
    weights = np.exp(-0.5 * (steps / sigma) ** 2) * (np.abs(steps) <= int(4 * sigma + 0.5))
    weights /= weights.sum()
    expected = [
        sum(weight * array[np.clip(k + step, 0, 8)] for weight, step in zip(weights, steps, strict=True))
        for k in range(0, 9, factor)
    ]
    np.testing.assert_allclose(thicken(array, factor, BLURRED, noise=0), expected, atol=1e-6)


@pytest.mark.parametrize("step", [2, 3, 4])
def test_blurred_thick_slices_are_blurred_slices(step):
    array = np.random.default_rng(1).random((9, 4, 5))
    assert np.array_equal(blur(array, step)[::step], thicken(array, step, BLURRED, noise=0))
    assert np.array_equal(blur(array[:, 2, 3], step), blur(array, step)[:, 2, 3])


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_blur_leaves_a_flat_volume_flat_and_gives_float32(dtype):
    thick = thicken(np.ones((7, 3, 3), dtype), 3, BLURRED, noise=0)
    assert thick.dtype == np.float32
    np.testing.assert_allclose(thick, 1, atol=1e-6)


@pytest.mark.parametrize("noise", [NOISE, 0.05])
def test_noise_is_as_strong_as_requested(noise):
    thick = thicken(np.full((9, 60, 60), 0.5), 2, BLURRED, noise=noise)
    assert thick.dtype == np.float32
    assert thick.std() == pytest.approx(noise, rel=0.03)
    assert thick.mean() == pytest.approx(0.5, abs=noise / 30)


def test_noise_follows_its_seed():
    array = np.full((5, 8, 8), 0.5)
    one, again, other = (thicken(array, 2, BLURRED, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one[0], one[1])


def test_direct_has_no_noise():
    array = np.random.default_rng(0).random((5, 4, 4))
    assert np.array_equal(thicken(array, 2, noise=1.0), array[::2])


@pytest.mark.parametrize("degradation", Degradation)
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_two_slices_must_be_left(factor, degradation):
    assert len(thicken(np.zeros((factor + 1, 2, 2)), factor, degradation)) == 2
    for slices in (factor, 1, 0):
        with pytest.raises(InvalidInputError, match=f"of {slices} leaves.*{factor + 1} slices or more"):
            thicken(np.zeros((slices, 2, 2)), factor, degradation)
