"""Scores of synthesised slices: each column of the table is what its name says."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.slice_scores import SliceScores, score_slices

SHAPE = (9, 11, 13)
HELD_OUT = np.arange(9) % 2 == 1

VIEWS = ("axial", "coronal", "sagittal")


def image(seed=0) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE)


def similarity(predicted: np.ndarray, truth: np.ndarray) -> float:
    """SSIM of one image (Wang et al. 2004), window by window of 7 x 7."""
    found = []
    for y in range(truth.shape[0] - 6):
        for x in range(truth.shape[1] - 6):
            p, t = (array[y : y + 7, x : x + 7].ravel() for array in (predicted, truth))
            (var_p, cross), (_, var_t) = np.cov(p, t)
            found.append(
                (2 * p.mean() * t.mean() + 1e-4)
                * (2 * cross + 9e-4)
                / ((p.mean() ** 2 + t.mean() ** 2 + 1e-4) * (var_p + var_t + 9e-4))
            )
    return float(np.mean(found))


def test_the_truth_itself_is_perfect():
    scores = score_slices(image(), image(), HELD_OUT)
    assert (scores.psnr, scores.psnr_held_out) == (np.inf, np.inf)
    assert (scores.ssim_axial, scores.ssim_coronal, scores.ssim_sagittal) == pytest.approx((1, 1, 1), abs=1e-12)


def test_held_out_slices_have_their_own_score():
    truth = image()
    predicted = truth.copy()
    predicted[HELD_OUT] += 0.1
    scores = score_slices(predicted, truth, HELD_OUT)
    assert scores.psnr_held_out == pytest.approx(20)
    assert scores.psnr == pytest.approx(20 + 10 * np.log10(9 / 4))


def test_slices_that_were_shown_do_not_count_as_held_out():
    truth = image()
    predicted = truth.copy()
    predicted[~HELD_OUT] += 0.1
    scores = score_slices(predicted, truth, HELD_OUT)
    assert scores.psnr_held_out == np.inf
    assert scores.psnr == pytest.approx(20 + 10 * np.log10(9 / 5))


def test_each_view_is_of_its_own_images():
    truth = gaussian_filter(image(), (2, 1, 0))  # smooth along K, rough along I: no two views look alike
    predicted = truth + 0.1 * (np.arange(9) % 3)[:, None, None] * image(1)
    scores = score_slices(predicted, truth, HELD_OUT)
    expected = SliceScores(
        scores.psnr,
        scores.psnr_held_out,
        np.mean([similarity(predicted[k], truth[k]) for k in range(9)]),
        np.mean([similarity(predicted[:, j], truth[:, j]) for j in range(11)]),
        np.mean([similarity(predicted[:, :, i], truth[:, :, i]) for i in range(13)]),
    )
    views = expected.ssim_axial, expected.ssim_coronal, expected.ssim_sagittal
    assert min(abs(one - other) for one, other in zip(views, views[1:] + views[:1], strict=True)) > 0.01
    assert (scores.ssim_axial, scores.ssim_coronal, scores.ssim_sagittal) == pytest.approx(views, abs=1e-9)


def test_type_of_the_intensities_plays_no_part():
    truth = (image() * 8).round() / 8
    predicted = truth[::-1]
    plain = score_slices(predicted, truth, HELD_OUT)
    assert score_slices(predicted.astype("float32"), truth.astype("float32"), HELD_OUT) == plain


def test_with_nothing_held_out_its_score_is_undefined():
    scores = score_slices(image(1), image(), np.zeros(9, bool))
    assert np.isnan(scores.psnr_held_out)
    assert np.isfinite(scores.psnr)


def test_volumes_must_have_one_shape():
    with pytest.raises(InvalidInputError, match=r"\(8, 11, 13\) and \(9, 11, 13\)"):
        score_slices(image()[:8], image(), HELD_OUT)


@pytest.mark.parametrize("held_out", [HELD_OUT[:8], HELD_OUT[:1], np.ones(SHAPE, bool), np.array(True)])
def test_the_mask_of_held_out_slices_must_fit(held_out):
    with pytest.raises(InvalidInputError, match="mask of held-out slices has shape"):
        score_slices(image(), image(), held_out)


@pytest.mark.parametrize(
    ("shape", "too_small"),
    [((6, 9, 9), {"coronal", "sagittal"}), ((9, 6, 9), {"axial", "sagittal"}), ((9, 9, 6), {"axial", "coronal"})],
)
def test_views_without_room_for_the_window_have_no_ssim(shape, too_small):
    volume = np.random.default_rng(0).random(shape)
    scores = score_slices(volume, volume, np.ones(shape[0], bool))
    assert {view for view in VIEWS if np.isnan(getattr(scores, f"ssim_{view}"))} == too_small
