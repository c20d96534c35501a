"""Metrics against closed forms, against definitions written out, and against published tables."""

import itertools

import numpy as np
import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors import metrics


@pytest.fixture
def pair():
    rng = np.random.default_rng(7)
    truth = rng.random((3, 20, 24))
    return np.clip(truth + 0.2 * rng.standard_normal(truth.shape), 0, 1), truth


def test_psnr_of_a_constant_error_is_its_level_in_db():
    truth = np.full((2, 3, 4), 0.5)
    assert metrics.psnr(truth + 0.1, truth) == pytest.approx(20.0)


def test_psnr_looks_only_inside_the_mask():
    truth = np.zeros((1, 2, 2))
    predicted = np.array([[[0.1, 0.0], [0.0, 0.0]]])
    assert metrics.psnr(predicted, truth, predicted > 0) == pytest.approx(20.0)


def test_psnr_of_equal_images_is_infinite_and_of_an_empty_mask_undefined(pair):
    _, truth = pair
    assert metrics.psnr(truth, truth) == np.inf
    assert np.isnan(metrics.psnr(truth, truth, np.zeros_like(truth, dtype=bool)))


@pytest.mark.parametrize("period", [2, 4, 8])
@pytest.mark.parametrize("axis", [1, 2])
def test_detail_is_the_energy_of_fine_waves_over_that_of_the_truth(period, axis):
    def wave(length):
        return np.cos(2 * np.pi * np.arange(64) / length + np.pi / 4)

    shape = [1, 5, 5]
    shape[axis] = 64
    truth, soft = (
        np.broadcast_to(np.expand_dims(wave(32) + height * wave(period), (0, 3 - axis)), shape) for height in (1.0, 0.5)
    )
    whole_periods = np.zeros(shape, bool)
    whole_periods[(slice(None),) * axis + (slice(16, 48),)] = True
    coarse, fine = ((2 - 2 * np.cos(2 * np.pi / length)) ** 2 for length in (32, period))
    expected = (coarse + fine / 4) / (coarse + fine)
    assert metrics.detail(soft, truth, whole_periods) == pytest.approx(expected, rel=1e-9)


def test_detail_looks_within_slices_and_inside_the_mask(pair):
    predicted, truth = pair
    shuffled = truth + np.arange(3)[:, None, None]  # slices differ, which is no detail
    assert metrics.detail(shuffled, truth) == pytest.approx(1)
    left = np.zeros(truth.shape, bool)
    left[..., :10] = True
    changed = np.where(np.arange(24) < 11, truth, predicted)  # voxels beside the mask are looked at
    assert metrics.detail(changed, truth, left) == 1
    assert metrics.detail(changed, truth) > 1


def test_the_mean_of_two_frames_of_noise_has_half_of_their_detail():
    first, last = np.random.default_rng(3).normal(0, 1, (2, 1, 200, 200))
    assert metrics.detail((first + last) / 2, first) == pytest.approx(0.5, rel=0.02)


def test_detail_of_nothing_is_undefined(pair):
    _, truth = pair
    assert np.isnan(metrics.detail(truth, truth, np.zeros(truth.shape, bool)))
    assert np.isnan(metrics.detail(truth, np.ones(truth.shape)))


def test_nmse_is_relative_to_the_power_of_the_truth():
    truth = np.full((2, 3, 4), 0.5)
    assert metrics.nmse(truth + 0.1, truth) == pytest.approx(0.01 / 0.25)
    assert np.isnan(metrics.nmse(truth, np.zeros_like(truth)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
def test_integer_images_do_not_wrap_around(dtype):
    level = 200 if dtype == np.uint8 else 1000
    low, high = np.zeros((2, 8, 8), dtype), np.full((2, 8, 8), level, dtype)
    assert metrics.psnr(low, high) == pytest.approx(-20 * np.log10(level))
    assert metrics.psnr(high, low) == pytest.approx(-20 * np.log10(level))


def test_tensors_score_as_arrays_do(pair):
    predicted, truth = pair
    assert metrics.psnr(torch.from_numpy(predicted), torch.from_numpy(truth)) == metrics.psnr(predicted, truth)


@pytest.mark.parametrize(
    "metric", [metrics.psnr, metrics.detail, metrics.nmse, metrics.local_ncc, metrics.ssim_2d, metrics.ssim_3d]
)
def test_images_of_two_shapes_are_refused_with_both_shapes(metric):
    with pytest.raises(InvalidInputError, match=r"\(3, 9, 9\).*\(3, 9, 8\)"):
        metric(np.zeros((3, 9, 9)), np.zeros((3, 9, 8)))


def test_a_mask_of_another_shape_is_refused(pair):
    with pytest.raises(InvalidInputError, match="mask"):
        metrics.psnr(*pair, mask=np.ones((3, 20, 20), dtype=bool))


# the self-NCC of cine volumes zero-padded to 32 slices, as measured for the literature's tables
@pytest.mark.parametrize(("slices", "ceiling"), [(8, 0.497), (10, 0.559), (12, 0.622)])
def test_ncc_ceiling_of_padded_volumes_is_far_below_one(slices, ceiling):
    volume = np.zeros((32, 64, 64))
    volume[10 : 10 + slices] = np.random.default_rng(0).random((slices, 64, 64))
    assert metrics.ncc_ceiling(volume) == pytest.approx((slices + 8) / 32, abs=1e-6)
    assert metrics.ncc_ceiling(volume) == pytest.approx(ceiling, abs=0.004)


def test_local_ncc_is_its_definition_voxel_by_voxel(pair):
    predicted, truth = (image[:, :6, :7] for image in pair)
    padded_p, padded_t = np.pad(predicted, 4), np.pad(truth, 4)
    expected = []
    for k, j, i in itertools.product(*map(range, truth.shape)):
        p, t = (a[k : k + 9, j : j + 9, i : i + 9] for a in (padded_p, padded_t))
        p, t = p - p.mean(), t - t.mean()
        expected.append((p * t).sum() ** 2 / ((p**2).sum() * (t**2).sum() + 1e-5))
    assert metrics.local_ncc(predicted, truth) == pytest.approx(np.mean(expected), rel=1e-10)


def test_ssim_3d_agrees_with_a_dense_convolution(pair):
    axis = torch.exp(-((torch.arange(11, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    axis = axis / axis.sum()
    window = torch.einsum("k,j,i->kji", axis, axis, axis)[None, None]

    def smooth(image):
        return torch.nn.functional.conv3d(image[None, None], window, padding=5)

    p, t = (torch.from_numpy(image) for image in pair)
    mean_p, mean_t = smooth(p), smooth(t)
    var_p, var_t, cross = smooth(p * p) - mean_p**2, smooth(t * t) - mean_t**2, smooth(p * t) - mean_p * mean_t
    ssim = (2 * mean_p * mean_t + 1e-4) * (2 * cross + 9e-4)
    ssim = ssim / ((mean_p**2 + mean_t**2 + 1e-4) * (var_p + var_t + 9e-4))
    assert metrics.ssim_3d(*pair) == pytest.approx(float(ssim.mean()), rel=1e-10)


def test_ssim_2d_agrees_with_scikit_image(pair):
    # mean over slices of skimage.metrics.structural_similarity(p, t, data_range=1.0), scikit-image 0.26
    assert metrics.ssim_2d(*pair) == pytest.approx(0.8298136880642076, rel=1e-10)


def test_ssim_2d_refuses_slices_smaller_than_its_window():
    with pytest.raises(InvalidInputError, match="7 x 7"):
        metrics.ssim_2d(np.zeros((2, 6, 9)), np.zeros((2, 6, 9)))


@pytest.mark.parametrize("metric", [metrics.local_ncc, metrics.ssim_2d, metrics.ssim_3d])
def test_one_slice_is_enough(metric, pair):
    predicted, truth = (image[:1] for image in pair)
    assert metric(truth, truth) == pytest.approx(1.0, abs=1e-5)
    assert metric(predicted, truth) < 0.95


def test_variation_is_the_standard_deviation_over_frames():
    frames = np.random.default_rng(1).random((5, 2, 3, 4)) + 1000
    np.testing.assert_allclose(metrics.variation(iter(frames)), frames.std(axis=0), rtol=1e-9)


def test_moving_region_is_the_share_that_varies_most():
    frames = np.zeros((4, 2, 10, 10))
    frames[1::2, 1, 2:4, 3:6] = 1.0
    frames[1, 0, 0, 0] = 0.1
    expected = np.zeros((2, 10, 10), dtype=bool)
    expected[1, 2:4, 3:6] = True
    np.testing.assert_array_equal(metrics.moving_region(frames, share=0.03), expected)


def test_moving_region_of_a_static_sequence_is_empty():
    assert not metrics.moving_region(np.ones((3, 2, 4, 4))).any()


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_moving_region_refuses_a_share_that_is_none(share):
    with pytest.raises(InvalidInputError, match="share"):
        metrics.moving_region(np.ones((3, 2, 4, 4)), share=share)


def test_moving_region_of_no_frames_is_refused():
    with pytest.raises(InvalidInputError, match="no frames"):
        metrics.moving_region([])


def test_end_point_error_is_the_length_of_the_difference_inside_the_mask():
    truth = np.zeros((1, 10, 10, 3))
    field = np.zeros_like(truth)
    field[0, :, :, :2] = (3.0, 4.0)
    field[0, 0, 0] = (100.0, 0.0, 0.0)
    mask = np.ones((1, 10, 10), dtype=bool)
    mask[0, 0, 0] = False
    assert metrics.end_point_error(field, truth, mask) == (5.0, 5.0)
    assert metrics.end_point_error(field, truth).mean == pytest.approx((99 * 5 + 100) / 100)


def test_end_point_error_p95_leaves_out_the_worst_twentieth():
    field = np.zeros((1, 1, 101, 3))
    field[0, 0, :, 2] = np.arange(101)
    assert metrics.end_point_error(field, np.zeros_like(field)).p95 == 95.0


def test_end_point_error_of_nothing_is_undefined_and_of_two_shapes_refused():
    field = np.zeros((1, 2, 2, 3))
    assert np.isnan(metrics.end_point_error(field, field, np.zeros((1, 2, 2), dtype=bool)).mean)
    with pytest.raises(InvalidInputError, match=r"\(K, J, I, 3\)"):
        metrics.end_point_error(field, np.zeros((1, 2, 2, 2)))


class TestMeasuresOfTracking:
    def test_local_correlation_is_its_definition_window_by_window(self):
        rng = np.random.default_rng(0)
        truth = rng.random((2, 25, 30))
        other = truth + rng.normal(0, 0.3, truth.shape)
        expected = np.empty(truth.shape)
        for k, j, i in np.ndindex(truth.shape):
            window = (slice(max(0, j - 10), j + 11), slice(max(0, i - 10), i + 11))
            expected[k, j, i] = np.corrcoef(other[k][window].ravel(), truth[k][window].ravel())[0, 1] ** 2
        assert metrics.local_correlation(other, truth, in_plane=True) == pytest.approx(expected.mean(), abs=1e-10)
        # both slices lie in every window of 21 x 21 x 21
        for k, j, i in np.ndindex(truth.shape):
            window = (slice(None), slice(max(0, j - 10), j + 11), slice(max(0, i - 10), i + 11))
            expected[k, j, i] = np.corrcoef(other[window].ravel(), truth[window].ravel())[0, 1] ** 2
        assert metrics.local_correlation(other, truth) == pytest.approx(expected.mean(), abs=1e-10)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
    def test_local_correlation_does_not_see_gain_and_offset(self, dtype):
        truth = np.random.default_rng(1).integers(0, 100, (1, 30, 30)).astype(dtype)
        assert metrics.local_correlation(truth * dtype(2) + dtype(7), truth) == pytest.approx(1, abs=1e-9)

    def test_flat_windows_count_as_unlike(self):
        truth = np.zeros((1, 80, 80))
        truth[:, :, 40:] = np.random.default_rng(2).random((1, 80, 40))
        # windows about columns 0 to 29 see nothing but zeros
        assert metrics.local_correlation(truth, truth) == pytest.approx(50 / 80, abs=1e-9)
        assert metrics.local_correlation(np.full_like(truth, 0.3), truth) == 0

    def test_one_grey_level_of_eight_bits_is_structure_and_rounding_is_not(self):
        truth = np.full((1, 21, 21), 0.5)
        truth[0, 10, 10] += 1 / 255
        assert metrics.local_correlation(truth, truth) == pytest.approx(1, abs=1e-6)
        rounding = 0.7 + np.random.default_rng(3).normal(0, 6e-8, truth.shape)
        assert metrics.local_correlation(rounding, rounding) == 0

    def test_masks_choose_what_is_averaged_not_what_windows_see(self):
        rng = np.random.default_rng(4)
        truth, other = rng.random((1, 30, 30)), rng.random((1, 30, 30))
        left = np.zeros(truth.shape, bool)
        left[..., :15] = True
        parts = [metrics.local_correlation(other, truth, mask) for mask in (left, ~left)]
        assert metrics.local_correlation(other, truth) == pytest.approx(np.mean(parts), abs=1e-12)
        changed = np.where(left, other, 0)
        assert metrics.local_correlation(changed, truth, left) != pytest.approx(parts[0], abs=1e-3)
        halves = [metrics.mse(other, truth, mask) for mask in (left, ~left)]
        assert metrics.mse(other, truth) == pytest.approx(np.mean(halves), abs=1e-12)
        assert metrics.mse(changed, truth, left) == halves[0]

    @pytest.mark.parametrize("measure", [metrics.mse, metrics.local_correlation])
    def test_empty_masks_are_not_a_number_and_wrong_shapes_are_refused(self, measure):
        image = np.zeros((1, 5, 5))
        assert np.isnan(measure(image, image, np.zeros((1, 5, 5), bool)))
        with pytest.raises(InvalidInputError, match="mask"):
            measure(image, image, np.zeros((1, 5, 4), bool))
        with pytest.raises(InvalidInputError, match="one shape"):
            measure(image, image[:, :4])

    def test_a_constant_error_has_its_square_as_mse(self):
        assert metrics.mse(np.full((1, 4, 4), 0.25), np.full((1, 4, 4), 0.5)) == 0.0625


# --- voxels that are no numbers


HOLES = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("in_truth", [True, False])
@pytest.mark.filterwarnings("error")
def test_a_border_that_is_no_number_is_like_the_edge_of_the_image(pair, hole, in_truth):
    """What lies beyond the edge is zero in some windows and left out in others; so is what is not seen."""
    cut = [np.ascontiguousarray(image[:, :, :18]) for image in pair]
    padded = [image.copy() for image in pair]
    padded[in_truth][:, :, 18:] = hole
    for score in (
        metrics.mse,
        metrics.psnr,
        metrics.nmse,
        metrics.local_ncc,
        metrics.local_correlation,
        metrics.ssim_2d,
        metrics.ssim_3d,
    ):
        assert score(*padded) == pytest.approx(score(*cut)), score.__name__
    inner = np.broadcast_to(np.arange(24) < 17, pair[0].shape)
    assert metrics.detail(*padded) == pytest.approx(metrics.detail(*pair, mask=inner))


@pytest.mark.filterwarnings("error")
def test_images_without_a_number_have_no_score(pair):
    nothing = np.full_like(pair[0], np.nan)
    for score in (metrics.mse, metrics.psnr, metrics.nmse, metrics.detail, metrics.local_ncc, metrics.ssim_2d):
        assert np.isnan(score(nothing, pair[1])), score.__name__


@pytest.mark.filterwarnings("error")
def test_frames_in_which_a_voxel_is_no_number_do_not_count_for_its_variation():
    frames = np.random.default_rng(3).random((5, 1, 6, 7))
    frames[1, 0, 2, 3] = np.nan
    frames[2:4, 0, 4, 4] = np.inf
    frames[:, 0, 0, 0] = np.nan
    known = np.where(np.isfinite(frames), frames, np.nan)
    found = metrics.variation(iter(frames))
    assert np.isnan(found[0, 0, 0])
    known[:, 0, 0, 0] = 0.0
    np.testing.assert_allclose(np.nan_to_num(found), np.nanstd(known, axis=0), rtol=1e-9)


def test_the_moving_region_is_a_share_of_what_is_seen():
    frames = np.random.default_rng(3).random((5, 1, 10, 20))
    frames[..., :10] = np.nan
    region = metrics.moving_region(frames, share=0.1)
    assert np.count_nonzero(region) == 10
    assert not region[..., :10].any()
    assert not metrics.moving_region(np.full((2, 1, 3, 3), np.nan)).any()
