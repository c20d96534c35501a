"""Similarity of synthesised slices to the acquired ones: the columns of Tables 1 and 2 of Fang et al., CVPR 2022."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.metrics import SSIM_2D_WINDOW, psnr, ssim_2d

_FIRST = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}


@dataclass(frozen=True)
class SliceScores:
    """One method on one volume.

    Attributes:
        psnr: in dB, of the whole volume.
        psnr_held_out: in dB, of the slices that had to be synthesised.
        ssim_axial: structural similarity, mean over the axial images (K, J, I)[k].
        ssim_coronal: mean over the images [:, j].
        ssim_sagittal: mean over the images [:, :, i].
    """

    psnr: float
    psnr_held_out: float
    ssim_axial: float
    ssim_coronal: float
    ssim_sagittal: float


def score_slices(predicted: np.ndarray, truth: np.ndarray, held_out: np.ndarray) -> SliceScores:
    """Return the scores of a volume (K, J, I) on the scale of 0 to 1.

    Args:
        predicted: with synthesised slices.
        truth: the acquired volume.
        held_out: (K,) bool, the slices that were not shown to the method.

    Returns:
        SSIM is NaN in a view whose images are smaller than its window.

    Raises:
        InvalidInputError: the shapes do not fit.
    """
    if held_out.shape != truth.shape[:1]:
        raise InvalidInputError(f"The mask of held-out slices has shape {held_out.shape}, the truth {truth.shape}.")
    mask = np.broadcast_to(held_out[:, None, None], truth.shape)
    views = {name: _ssim(predicted.transpose(axes), truth.transpose(axes)) for name, axes in _FIRST.items()}
    return SliceScores(psnr(predicted, truth), psnr(predicted, truth, mask), *views.values())


def _ssim(predicted: np.ndarray, truth: np.ndarray) -> float:
    return ssim_2d(predicted, truth) if min(truth.shape[1:]) >= SSIM_2D_WINDOW else float("nan")
