"""How far a frame is from the true one, and a field from the true motion: pure functions on arrays.

Images are (K, J, I) arrays scaled to [0, 1] (see `evaluation.presets` for how); anything that NumPy can turn into an
array will do, a CPU tensor included. Everything is computed in float64. Voxels that are NaN or infinite in either image
do not count: windows treat them like what lies beyond the border.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import correlate1d, gaussian_filter, minimum_filter, uniform_filter

from temporal_interp.errors import InvalidInputError

NCC_WINDOW = 9
NCC_EPSILON = 1e-5
SSIM_C1 = 0.01**2
SSIM_C2 = 0.03**2
SSIM_2D_WINDOW = 7
CORRELATION_RADIUS = 10
VARIANCE_FLOOR = 1e-10
MOVING_SHARE = 0.03
LEAST_SEEN = 1e-9
"""Less than one voxel of any window, as a share of it: keeps windows that show nothing from dividing by zero."""


class EndPointError(NamedTuple):
    """Distance in mm between where two fields point: its mean and its 95th percentile over the voxels."""

    mean: float
    p95: float


def _pair(predicted: ArrayLike, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    predicted, truth = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if predicted.shape != truth.shape or truth.ndim != 3:
        raise InvalidInputError(
            f"A metric compares two arrays of one shape (K, J, I), got {predicted.shape} and {truth.shape}."
        )
    return predicted, truth


def _pair_and_seen(predicted: ArrayLike, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return both images with zero where either is no number, and where neither is; None where all are numbers."""
    predicted, truth = _pair(predicted, truth)
    seen = np.isfinite(predicted) & np.isfinite(truth)
    if seen.all():
        return predicted, truth, None
    return np.where(seen, predicted, 0.0), np.where(seen, truth, 0.0), seen


def _mean(values: np.ndarray, *masks: np.ndarray | None) -> float:
    """Return the mean of (K, J, I) values over the voxels of all masks that are given; NaN where there are none."""
    given = [mask for mask in masks if mask is not None]
    chosen = values[np.logical_and.reduce(given)] if given else values
    return float(chosen.mean()) if chosen.size else float("nan")


def _require_mask(mask: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.asarray(mask, dtype=bool)
    if mask.shape != shape:
        raise InvalidInputError(f"The mask has shape {mask.shape}, the images have {shape}.")
    return mask


def mse(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Return the mean squared difference of (K, J, I) images.

    Args:
        predicted: the synthetic frame.
        truth: the acquired frame.
        mask: voxels to look at; all of them if None.

    Returns:
        Zero for equal images, NaN where the mask is empty.

    Raises:
        InvalidInputError: the shapes do not fit.
    """
    predicted, truth, seen = _pair_and_seen(predicted, truth)
    return _mean((predicted - truth) ** 2, seen, None if mask is None else _require_mask(mask, truth.shape))


def psnr(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Return the peak signal-to-noise ratio in dB, -10 log10(MSE), of (K, J, I) images whose peak is 1.

    Args:
        predicted: the synthetic frame.
        truth: the acquired frame.
        mask: voxels to look at; all of them if None.

    Returns:
        Infinity for equal images, NaN where the mask is empty.

    Raises:
        InvalidInputError: the shapes do not fit.

    Example:
        >>> round(psnr(np.full((1, 4, 4), 0.5), np.full((1, 4, 4), 0.6)), 6)
        20.0
    """
    error = mse(predicted, truth, mask)
    return float("inf") if error == 0 else float(-10 * np.log10(error))


def nmse(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Return MSE / mean(truth^2); the papers print it times 100. NaN for a truth that is zero."""
    predicted, truth, seen = _pair_and_seen(predicted, truth)
    power = _mean(truth**2, seen)
    return _mean((predicted - truth) ** 2, seen) / power if power > 0 else float("nan")


def detail(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Return the fine detail of a (K, J, I) image over that of the true one: below 1 it is softer, above 1 sharper.

    Detail is the energy of the Laplacian within slices, the mean over voxels of its square. The Laplacian passes what
    is finer than about four voxels: its gain along an axis is 2 - 2 cos(2 pi / period). Noise counts as detail, so the
    plain mean of two noisy images has less of it. Unlike PSNR, it does not ask whether detail is in its place: judge by
    both. A sequence with synthetic frames pulses between sharp and soft where this is not 1.

    Source: our choice.

    Args:
        predicted: the synthetic frame.
        truth: the acquired frame.
        mask: voxels to look at; all of them if None.

    Returns:
        NaN where the mask is empty, or the truth has no detail.

    Raises:
        InvalidInputError: the shapes do not fit.

    Example:
        >>> image = np.random.default_rng(0).random((1, 16, 16))
        >>> round(detail(0.5 * image, image), 6)
        0.25
    """
    predicted, truth, seen = _pair_and_seen(predicted, truth)
    chosen = np.ones(truth.shape, dtype=bool) if mask is None else _require_mask(mask, truth.shape)
    if seen is not None:
        chosen = chosen & minimum_filter(seen, (1, 3, 3), mode="nearest")
    energies = [float((_laplacian_in_plane(image)[chosen] ** 2).sum()) for image in (predicted, truth)]
    return energies[0] / energies[1] if energies[1] > 0 else float("nan")


def _laplacian_in_plane(image: np.ndarray) -> np.ndarray:
    """Return the second differences along J and I, summed; the border is repeated."""
    return sum(correlate1d(image, (1.0, -2.0, 1.0), axis=axis, mode="nearest") for axis in (1, 2))


def local_ncc(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Return the mean over voxels of the local squared cross-correlation of (K, J, I) images.

    Source: the evaluation of UVI-Net (CVPR 2024), after VoxelMorph: 9^3 window, zeros beyond the border, and
    cross^2 / (var var + 1e-5) with sums, not means, over the window. An image compared with itself scores 1 only
    where there is structure: see `ncc_ceiling`.
    """
    predicted, truth, seen = _pair_and_seen(predicted, truth)
    count = NCC_WINDOW**3

    def window_sum(image: np.ndarray) -> np.ndarray:
        return uniform_filter(image, NCC_WINDOW, mode="constant") * count

    sum_p, sum_t = window_sum(predicted), window_sum(truth)
    cross = window_sum(predicted * truth) - sum_p * sum_t / count
    var_p = window_sum(predicted**2) - sum_p**2 / count
    var_t = window_sum(truth**2) - sum_t**2 / count
    return _mean(cross**2 / (var_p * var_t + NCC_EPSILON), seen)


def local_correlation(
    predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None, *, in_plane: bool = False
) -> float:
    """Return the mean over voxels of the local squared correlation coefficient of (K, J, I) images, from 0 to 1.

    Source: NMSR (Zhu et al., Section 3), "mean local cross correlation with radius as 10", whose formula is Eq. 3:
    the window reaches 10 voxels to all sides. Our choice where the paper is silent: a window is cut at the border of
    the image, and it counts as 0 where either image is flat in it (a variance below 1e-10, a standard deviation of a
    four-hundredth of a grey level of 8 bits), so that wiping structure out is not rewarded. An image that is flat
    nowhere has 1 with itself, and with itself after any change of gain and offset.

    Args:
        predicted: the synthetic frame.
        truth: the acquired frame.
        mask: voxels to average over; all of them if None. Windows see beyond it.
        in_plane: windows lie within slices, (21, 21), instead of (21, 21, 21) voxels: for independent slices.

    Returns:
        NaN where the mask is empty.

    Raises:
        InvalidInputError: the shapes do not fit.
    """
    predicted, truth, seen = _pair_and_seen(predicted, truth)
    side = 2 * CORRELATION_RADIUS + 1
    size = (1 if in_plane else side, side, side)
    inside = uniform_filter(np.ones(truth.shape) if seen is None else seen.astype(float), size, mode="constant")
    inside = np.maximum(inside, LEAST_SEEN)

    def window_mean(image: np.ndarray) -> np.ndarray:
        return uniform_filter(image, size, mode="constant") / inside

    mean_p, mean_t = window_mean(predicted), window_mean(truth)
    var_p, var_t = window_mean(predicted**2) - mean_p**2, window_mean(truth**2) - mean_t**2
    cross = window_mean(predicted * truth) - mean_p * mean_t
    flat = np.minimum(var_p, var_t) < VARIANCE_FLOOR
    correlation = np.divide(cross**2, var_p * var_t, out=np.zeros(truth.shape), where=~flat)
    return _mean(correlation, seen, None if mask is None else _require_mask(mask, truth.shape))


def ncc_ceiling(truth: ArrayLike) -> float:
    """Return `local_ncc` of an image with itself: the score of a perfect prediction.

    Flat background and zero padding hold it below 1: about (slices + 8) / 32 for textured slices padded to 32.
    """
    return local_ncc(truth, truth)


def ssim_3d(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Return the structural similarity in 3D of (K, J, I) images with range 1.

    Source: the evaluation of UVI-Net (CVPR 2024): 11^3 Gaussian window of sigma 1.5, zeros beyond the border,
    C1 = 0.01^2, C2 = 0.03^2, mean over all voxels.
    """
    predicted, truth, seen = _pair_and_seen(predicted, truth)

    def smooth(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, 1.5, radius=5, mode="constant")

    mean_p, mean_t = smooth(predicted), smooth(truth)
    var_p, var_t = smooth(predicted**2) - mean_p**2, smooth(truth**2) - mean_t**2
    cross = smooth(predicted * truth) - mean_p * mean_t
    return _mean(_ssim_map(mean_p, mean_t, var_p, var_t, cross), seen)


def ssim_2d(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Return the structural similarity slice by slice, mean over the slices of (K, J, I) images with range 1.

    Source: Wang et al. 2004 with the uniform 7 x 7 window and the sample covariance that scikit-image has as its
    default; a border of 3 pixels, where the window is not full, is left out, and so are windows with a pixel that is no
    number. NaN where no window is left.

    Raises:
        InvalidInputError: the shapes do not fit, or a slice is smaller than the window.

    Example:
        >>> image = np.random.default_rng(0).random((2, 16, 16))
        >>> ssim_2d(image, image)
        1.0
    """
    predicted, truth, seen = _pair_and_seen(predicted, truth)
    if min(truth.shape[1:]) < SSIM_2D_WINDOW:
        raise InvalidInputError(
            f"SSIM needs slices of at least {SSIM_2D_WINDOW} x {SSIM_2D_WINDOW} pixels, got {truth.shape[1:]}."
        )
    count = SSIM_2D_WINDOW**2
    border = SSIM_2D_WINDOW // 2

    def smooth(image: np.ndarray) -> np.ndarray:
        return uniform_filter(image, (0, SSIM_2D_WINDOW, SSIM_2D_WINDOW))[:, border:-border, border:-border]

    mean_p, mean_t = smooth(predicted), smooth(truth)
    sample = count / (count - 1)
    var_p = sample * (smooth(predicted**2) - mean_p**2)
    var_t = sample * (smooth(truth**2) - mean_t**2)
    cross = sample * (smooth(predicted * truth) - mean_p * mean_t)
    full = None
    if seen is not None:
        full = minimum_filter(seen, (1, SSIM_2D_WINDOW, SSIM_2D_WINDOW))[:, border:-border, border:-border]
    return _mean(_ssim_map(mean_p, mean_t, var_p, var_t, cross), full)


def _ssim_map(
    mean_p: np.ndarray, mean_t: np.ndarray, var_p: np.ndarray, var_t: np.ndarray, cross: np.ndarray
) -> np.ndarray:
    covariation = (2 * mean_p * mean_t + SSIM_C1) * (2 * cross + SSIM_C2)
    return covariation / ((mean_p**2 + mean_t**2 + SSIM_C1) * (var_p + var_t + SSIM_C2))


def variation(frames: Iterable[ArrayLike]) -> np.ndarray:
    """Return the standard deviation over the frames, voxel by voxel, (K, J, I); one frame is in memory at a time.

    Frames in which a voxel is NaN or infinite do not count there. NaN where it is that in all of them.
    """
    mean = spread = count = np.zeros(())
    for given in frames:
        frame = np.asarray(given, dtype=np.float64)
        seen = np.isfinite(frame)
        count = count + seen
        step = np.where(seen, frame - mean, 0.0)
        mean = mean + step / np.maximum(count, 1)
        spread = spread + step * np.where(seen, frame - mean, 0.0)
    if count.ndim == 0:
        raise InvalidInputError("There are no frames to find the moving region of.")
    return np.sqrt(np.divide(spread, count, out=np.full(spread.shape, np.nan), where=count > 0))


def moving_region(frames: Iterable[ArrayLike], *, share: float = MOVING_SHARE) -> np.ndarray:
    """Return the mask (K, J, I) of the voxels that vary most over a sequence (our choice of what counts as moving).

    Args:
        frames: all frames of the sequence, (K, J, I) each, on one intensity scale.
        share: share to mark of all voxels that some frame shows, those with the largest standard deviation over the
            frames.

    Returns:
        A boolean mask. Voxels that never change are not in it, so it is empty for a sequence without motion.

    Raises:
        InvalidInputError: there are no frames, or the share does not lie between 0 and 1.

    Example:
        >>> before, after = np.zeros((1, 10, 10)), np.zeros((1, 10, 10))
        >>> after[0, 4, 5] = 1.0
        >>> np.argwhere(moving_region([before, after])).tolist()
        [[0, 4, 5]]
    """
    if not 0 < share <= 1:
        raise InvalidInputError(f"The share of moving voxels must lie above 0 and up to 1, got {share}.")
    deviation = variation(frames)
    known = deviation[np.isfinite(deviation)]
    if not known.size:
        return np.zeros(deviation.shape, bool)
    count = max(1, round(share * known.size))
    threshold = np.partition(known, -count)[-count]
    return (deviation >= threshold) & (deviation > 0)


def end_point_error(displacement: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> EndPointError:
    """Return the distance between two fields of one direction, in their unit (mm for fields outside the networks).

    Args:
        displacement: (K, J, I, 3).
        truth: (K, J, I, 3).
        mask: (K, J, I), voxels to look at; all of them if None.

    Returns:
        Mean and 95th percentile; NaN where the mask is empty.

    Raises:
        InvalidInputError: the shapes do not fit.

    Example:
        >>> end_point_error(np.zeros((1, 2, 2, 3)), np.full((1, 2, 2, 3), 2.0) * [0, 3, 4])
        EndPointError(mean=10.0, p95=10.0)
    """
    displacement, truth = np.asarray(displacement, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if displacement.shape != truth.shape or truth.ndim != 4 or truth.shape[-1] != 3:
        raise InvalidInputError(
            f"Two fields of one shape (K, J, I, 3) are needed, got {displacement.shape} and {truth.shape}."
        )
    distance = np.linalg.norm(displacement - truth, axis=-1)
    if mask is not None:
        distance = distance[_require_mask(mask, distance.shape)]
    if distance.size == 0:
        return EndPointError(float("nan"), float("nan"))
    return EndPointError(float(distance.mean()), float(np.percentile(distance, 95)))


def mean_measures(measures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of every measure over those that have it."""
    names = dict.fromkeys(name for m in measures for name in m)
    return {name: float(np.mean([m[name] for m in measures if name in m])) for name in names}
