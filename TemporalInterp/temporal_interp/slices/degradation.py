"""Thick slices from thin ones, for training and for evaluation (sections 3.2.1 and 4.1)."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from scipy.ndimage import gaussian_filter1d

from temporal_interp.errors import InvalidInputError

FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
"""Full width at half maximum of a Gaussian, in standard deviations."""

NOISE = 0.005
"""Standard deviation of the noise that is added after blurring, on intensities from 0 to 1; the paper gives none."""


class Degradation(StrEnum):
    """How thick slices are simulated: every r-th slice as it is, or after blurring along the axis and with noise."""

    DIRECT = "direct"
    BLURRED = "blurred"


def thicken(
    array: np.ndarray,
    factor: int,
    degradation: Degradation = Degradation.DIRECT,
    *,
    noise: float = NOISE,
    seed: int = 0,
) -> np.ndarray:
    """Return every factor-th slice of an array (K, J, I), from the first on; slice n lies where slice n r was.

    Args:
        array: intensities from 0 to 1.
        factor: r.
        degradation: how.
        noise: standard deviation of the noise added after blurring.
        seed: of the noise.

    Raises:
        InvalidInputError: fewer than two slices would be left.

    Example:
        >>> thicken(np.arange(5.0).reshape(5, 1, 1), 2).ravel()
        array([0., 2., 4.])
    """
    if (len(array) - 1) // factor < 1:
        raise InvalidInputError(
            f"Keeping one slice in {factor} of {len(array)} leaves fewer than two: "
            f"take a volume of {factor + 1} slices or more, or a smaller factor."
        )
    if degradation == Degradation.DIRECT:
        return np.ascontiguousarray(array[::factor])
    blurred = blur(array, factor)[::factor]
    return blurred + np.random.default_rng(seed).normal(0, noise, blurred.shape).astype(np.float32)


def blur(array: np.ndarray, step: int) -> np.ndarray:
    """Blur an array (K, *) along K by a Gaussian slice profile as wide as `step` slices (FWHM)."""
    return gaussian_filter1d(array.astype(np.float32), step / FWHM_PER_SIGMA, axis=0, mode="nearest")
