"""What the scanner adds: noise, bias, thick slices, blur, inflow, and slices out of place."""

import math

import numpy as np
import pytest
import torch

from phantom_regions import wall_mask
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import (
    CLINICAL,
    Acquisition,
    BeatingHeart,
    make_heart_cine,
    short_axis_slice,
    short_axis_stack,
)
from temporal_interp.simulation.acquisition import rician, slice_profile
from temporal_interp.simulation.heart_anatomy import BLOOD_SIGNAL
from temporal_interp.simulation.motion import slab_points
from temporal_interp.tensors import spatial

HEART = BeatingHeart().in_plane()
SLICE = short_axis_slice(HEART)


def frames(acquisition=None, *, phases=(0.0, 0.2), geometry=SLICE, seed=0, heart=HEART):
    cine = make_heart_cine(heart, geometry, phases, acquisition=acquisition, seed=seed)
    return [volume.array.astype(float) for volume in cine.sequence.volumes]


def test_clean_frame_is_the_picture_itself():
    (frame,) = frames(phases=[0.2])
    np.testing.assert_allclose(frame, HEART.intensity(slab_points(SLICE, slice(0, 1)), 0.2), atol=0.51)


def test_same_seed_same_frames_other_seed_other_frames():
    acquisition = Acquisition(snr=30, bias=0.3, slice_shift_mm=2.0)
    one, again, other = (frames(acquisition, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one, again)
    assert np.abs(np.subtract(one, other)).mean() > 1


def test_noise_is_rician_of_the_stated_level_and_new_in_every_frame():
    sigma = BLOOD_SIGNAL / 25
    clean = frames(phases=[0.0, 1.0])  # the same picture twice
    noisy = frames(Acquisition(snr=25), phases=[0.0, 1.0])
    bright, dark = clean[0] > 20 * sigma, clean[0] < 60
    errors = [n - c for n, c in zip(noisy, clean, strict=True)]
    assert errors[0][bright].std() == pytest.approx(sigma, rel=0.04)
    # the mean square of a Rician variable is that of its signal and twice the variance
    assert np.mean(noisy[0][dark] ** 2 - clean[0][dark] ** 2) == pytest.approx(2 * sigma**2, rel=0.06)
    assert abs(np.corrcoef(errors[0][bright], errors[1][bright])[0, 1]) < 0.06


def test_bias_field_is_a_smooth_factor_that_stays_in_place():
    clean = frames(phases=[0.0, 0.37])
    biased = frames(Acquisition(bias=0.3), phases=[0.0, 0.37])
    tissue = np.minimum(*clean) > 100
    factors = [b[tissue] / c[tissue] for b, c in zip(biased, clean, strict=True)]
    np.testing.assert_allclose(factors[0], factors[1], atol=0.02)
    assert 0.69 < factors[0].min() < factors[0].max() < 1.31
    assert np.ptp(factors[0]) > 0.1


def test_thick_slice_is_the_mean_of_thin_ones():
    heart = BeatingHeart()
    thin = short_axis_stack(heart, shape=(8, 96, 96), spacing_mm=(2.0, 2.0, 1.0))
    thick = short_axis_stack(heart, shape=(1, 96, 96), spacing_mm=(2.0, 2.0, 8.0))
    (mean,) = frames(phases=[0.2], geometry=thin, heart=heart)
    (slab,) = frames(Acquisition(slice_thickness_mm=8.0), phases=[0.2], geometry=thick, heart=heart)
    np.testing.assert_allclose(slab[0], mean.mean(axis=0), atol=1.0)
    cine = make_heart_cine(heart, thick, [0.0], acquisition=CLINICAL)
    assert cine.sequence.slice_thickness == 8.0


def test_a_slice_profile_is_a_box_around_the_middle():
    np.testing.assert_allclose(slice_profile(1), [0])
    np.testing.assert_allclose(slice_profile(3), [-1 / 3, 0, 1 / 3])
    np.testing.assert_allclose(np.diff(slice_profile(8)), 1 / 8)


def test_the_magnitude_of_noise_is_the_same_of_arrays_and_tensors():
    picture, noise = np.array([3.0, 0.0]), np.array([[0.0, -3.0], [4.0, 4.0]])
    np.testing.assert_allclose(rician(picture, noise), [5.0, 5.0])
    assert rician(torch.from_numpy(picture), torch.from_numpy(noise)).tolist() == pytest.approx([5.0, 5.0])


def test_resolution_blurs_in_the_slice_by_its_width():
    (sharp,), (blurred,) = frames(phases=[0.0]), frames(Acquisition(resolution_mm=4.0), phases=[0.0])
    gradient = np.abs(np.diff(sharp, axis=2)), np.abs(np.diff(blurred, axis=2))
    assert np.percentile(gradient[1], 99) < 0.6 * np.percentile(gradient[0], 99)
    assert blurred.mean() == pytest.approx(sharp.mean(), rel=0.01)


def test_inflow_brightens_blood_in_mid_systole_and_nothing_at_end_diastole():
    phases = [0.0, HEART.end_systole / 2, 0.6]
    plain, fresh = frames(phases=phases), frames(Acquisition(inflow=0.2), phases=phases)
    np.testing.assert_array_equal(plain[0], fresh[0])
    np.testing.assert_array_equal(plain[2], fresh[2])
    cavity = HEART.heart_mask(SLICE, phases[1]) & ~wall_mask(HEART, SLICE, phases[1])
    assert np.median(fresh[1][cavity] / plain[1][cavity]) == pytest.approx(1.2, abs=0.005)


def test_shifted_slices_stay_shifted_and_the_field_follows():
    geometry = short_axis_stack(HEART, shape=(3, 200, 200), spacing_mm=(0.8, 0.8, 10.0))
    cine = make_heart_cine(HEART, geometry, [0.0, 0.37], acquisition=Acquisition(slice_shift_mm=4.0), seed=3)
    shifts = cine.slice_shifts_mm
    assert shifts.shape == (3, 3)
    assert np.abs(shifts[:, 2]).max() < 1e-12
    assert np.abs(shifts[:, :2]).max() > 2
    points = slab_points(geometry, slice(1, 2)) + shifts[1]
    np.testing.assert_allclose(cine.sequence.volumes[1].array[1:2], HEART.intensity(points, 0.37), atol=0.51)

    first, last = (torch.from_numpy(v.array.astype(np.float32)) for v in cine.sequence.volumes)
    displacement = from_physical(cine.displacement_field(0, 1).array, geometry)
    error = (spatial.warp(first[None, None], displacement[None])[0, 0] - last).abs().mean()
    body = from_physical(HEART.displacement(geometry, 0.0, 0.37), geometry)
    body_error = (spatial.warp(first[None, None], body[None])[0, 0] - last).abs().mean()
    assert error < 0.4 * body_error
    assert error < 0.05 * (first - last).abs().mean()


@pytest.mark.parametrize(
    "parameters",
    [
        {"slice_thickness_mm": -1.0},
        {"resolution_mm": math.inf},
        {"snr": 0.0},
        {"snr": math.nan},
        {"bias": 1.0},
        {"slice_shift_mm": math.nan},
        {"inflow": -1.0},
    ],
)
def test_impossible_acquisition_is_refused_by_name(parameters):
    with pytest.raises(InvalidInputError, match=next(iter(parameters))):
        Acquisition(**parameters)
