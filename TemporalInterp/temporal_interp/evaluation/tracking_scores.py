"""How well a motion maps a frame onto the next one: the two measures of NMSR's Table 1, and the fold rate.

Source: Zhu et al., "Neural Multi-Scale Self-Supervised Registration for Echocardiogram Dense Tracking", Section 3. They
measure how similar the images become, not the accuracy of the motion: a field that is rough enough can make any two
images similar. The share of folded voxels hints at that; the paper does not give it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.data.sequence import Sequence
from temporal_interp.evaluation.presets import scale_native
from temporal_interp.tensors import metrics
from temporal_interp.tensors.spatial import jacobian_determinant, warp

WHITE = np.float32(255)


@dataclass(frozen=True)
class PairScores:
    """Similarity of the warped frame n and frame n + 1.

    Attributes:
        mse: mean squared difference of intensities in [0, 1]; the paper prints it in 1e-3.
        correlation: `metrics.local_correlation`, from 0 to 1; the paper prints it in 1e-1.
        fold_rate: share of voxels, from 0 to 1, where the field folds space.
    """

    mse: float
    correlation: float
    fold_rate: float


def scale_to_unit(sequence: Sequence) -> Sequence:
    """Return the sequence in float32 from 0 to 1, by one range for all frames.

    Images of 8 bits, such as ultrasound and video, have a fixed white: they are divided by 255. Anything else
    is scaled by `presets.scale_native`, its 99.9th percentile at 1. The paper says only that the range is [0, 1].

    Raises:
        InvalidInputError: every voxel of a sequence that is not of 8 bits is the same.
    """
    if sequence.volumes[0].array.dtype != np.uint8:
        return scale_native(sequence)
    return replace(sequence, volumes=[v.with_array(v.array / WHITE) for v in sequence.volumes])


def score_pair(
    earlier: np.ndarray,
    later: np.ndarray,
    field: np.ndarray,
    geometry: Geometry,
    *,
    mask: np.ndarray | None = None,
    in_plane: bool = False,
) -> PairScores:
    """Warp the earlier frame once, linearly and with its border repeated, and compare it with the later one.

    Args:
        earlier: frame n, (K, J, I), float32 in [0, 1].
        later: frame n + 1, likewise.
        field: resampling field (K, J, I, 3) in LPS mm on the grid of frame n + 1: later(x) ~ earlier(x + field(x)).
        geometry: of both frames.
        mask: voxels to average over, (K, J, I); all of them if None.
        in_plane: correlate within slices, for slices that are independent.

    Raises:
        InvalidInputError: the shapes do not fit.
    """
    displacement = from_physical(field, geometry).unsqueeze(0)
    warped = warp(torch.from_numpy(earlier)[None, None], displacement)[0, 0].numpy()
    folded = jacobian_determinant(displacement)[0].numpy() <= 0
    return PairScores(
        mse=metrics.mse(warped, later, mask),
        correlation=metrics.local_correlation(warped, later, mask, in_plane=in_plane),
        fold_rate=float(folded.mean() if mask is None else folded[mask].mean()),
    )
