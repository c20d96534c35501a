"""The presets of scoring: `native`, on the acquired grid, and `uvi`, for comparison with the literature.

The literature crops and pads heart MR (`uvi`), but not breathing CT (`uvi_lung`), which it crops before.

Voxels that are NaN or infinite stay NaN when a preset scales, and do not count.

A preset scales the whole sequence before an engine sees it, as the papers do, so that rounding and
clipping afterwards change nothing. Scores are per frame, and means are over frames (mean of dB, not dB of a mean).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from temporal_interp.data.crop_pad import CropPad
from temporal_interp.data.field_of_view import field_of_view
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors import metrics

UVI_SHAPE = (32, 128, 128)

Score = Callable[[np.ndarray, int], dict[str, float]]
"""Takes a predicted frame, (K, J, I) in [0, 1], and its number; returns every metric by its name."""


@dataclass(frozen=True)
class Preset:
    """A preset of scoring.

    Attributes:
        name: "native", "uvi" or "uvi_lung".
        scale: returns the sequence in float32 from 0 to 1, as the engines see it.
        scorer: takes the scaled sequence and returns what scores a predicted frame against the acquired one.
        pooled: the mean over patients is over all their frames together, not over the mean of every patient.
    """

    name: str
    scale: Callable[[Sequence], Sequence]
    scorer: Callable[[Sequence], Score]
    pooled: bool


def scale_native(sequence: Sequence) -> Sequence:
    """Return the sequence scaled by one range for all frames, its 99.9th percentile at 1, clipped to [0, 1]."""
    intensity_range = IntensityRange.of(sequence.volumes)
    return replace(sequence, volumes=[v.with_array(intensity_range.normalise(v.array)) for v in sequence.volumes])


def scale_uvi(sequence: Sequence) -> Sequence:
    """Return the sequence as UVI-Net (CVPR 2024) prepares ACDC: cropped or zero-padded, then min-max frame by frame.

    The result has the centre 128 x 128 voxels in plane, and 32 slices; smaller planes are zero-padded too (our choice,
    UVI-Net has no rule). Raises InvalidInputError where a frame is constant.
    """
    crop = CropPad.to_shape(sequence.volumes[0].geometry.shape, UVI_SHAPE)
    return scale_uvi_lung(replace(sequence, volumes=[crop.apply(v) for v in sequence.volumes]))


def scale_uvi_lung(sequence: Sequence) -> Sequence:
    """Return the sequence min-max frame by frame, on its grid, as UVI-Net (CVPR 2024) scales 4D-Lung.

    The rest of that preparation is `datasets.lung4d.prepare`. Raises InvalidInputError where a frame is constant.
    """
    return replace(sequence, volumes=[_min_max(v, n) for n, v in enumerate(sequence.volumes)])


def _min_max(volume: Volume, number: int) -> Volume:
    seen = field_of_view(volume.array)
    array = volume.array if seen is None else volume.array[seen]
    low, high = float(array.min()), float(array.max())
    if low == high:
        raise InvalidInputError(
            f"Frame {number} is constant in the region that is scored; it cannot be scaled on its own."
        )
    return volume.with_array(IntensityRange(low, high).normalise(volume.array))


def _ceiling_of_frames(sequence: Sequence) -> Callable[[int], float]:
    """Return the NCC ceiling of a frame by its number, computed once for all engines."""
    return cache(lambda number: metrics.ncc_ceiling(sequence.volumes[number].array))


def _native_scorer(sequence: Sequence) -> Score:
    moving = metrics.moving_region(v.array for v in sequence.volumes)
    ceiling = _ceiling_of_frames(sequence)

    def score(predicted: np.ndarray, number: int) -> dict[str, float]:
        truth = sequence.volumes[number].array
        # the truth was clipped, so a prediction beyond the range is not penalised
        predicted = np.clip(predicted, 0.0, 1.0)
        return {
            "psnr": metrics.psnr(predicted, truth),
            "psnr_moving": metrics.psnr(predicted, truth, moving),
            "detail": metrics.detail(predicted, truth, moving),
            "nmse_x100": 100 * metrics.nmse(predicted, truth),
            "ssim": metrics.ssim_2d(predicted, truth),
            "ncc": metrics.local_ncc(predicted, truth),
            "ncc_ceiling": ceiling(number),
        }

    return score


def _uvi_scorer(sequence: Sequence) -> Score:
    ceiling = _ceiling_of_frames(sequence)

    def score(predicted: np.ndarray, number: int) -> dict[str, float]:
        truth = sequence.volumes[number].array
        return {
            "psnr": metrics.psnr(predicted, truth),
            "ncc": metrics.local_ncc(predicted, truth),
            "ncc_ceiling": ceiling(number),
            "ssim": metrics.ssim_3d(predicted, truth),
            "nmse_x100": 100 * metrics.nmse(predicted, truth),
        }

    return score


NATIVE = Preset("native", scale_native, _native_scorer, pooled=False)
UVI = Preset("uvi", scale_uvi, _uvi_scorer, pooled=True)
UVI_LUNG = Preset("uvi_lung", scale_uvi_lung, _uvi_scorer, pooled=True)
PRESETS = {
    "native": (NATIVE,),
    "uvi": (UVI,),
    "both": (NATIVE, UVI),
    "uvi_lung": (UVI_LUNG,),
    "both_lung": (NATIVE, UVI_LUNG),
}
"""The presets of every choice of the user."""


def presets_named(choice: str) -> tuple[Preset, ...]:
    """Return the presets of a choice in `PRESETS`. Raises InvalidInputError for any other word."""
    if choice not in PRESETS:
        raise InvalidInputError(f"There is no preset '{choice}'; choose one of {', '.join(PRESETS)}.")
    return PRESETS[choice]
