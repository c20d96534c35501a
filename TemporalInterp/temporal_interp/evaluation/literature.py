"""Published figures, shown next to measured ones and marked as published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SOURCE = "Zhang et al. (TM-MSDF), MICCAI 2025, Table 1"


@dataclass(frozen=True)
class QuotedScores:
    """Published means of one method, of the measures of the uvi preset, in their units.

    Attributes:
        method: name of the method in the paper.
        psnr: dB.
        ncc: from 0 to 1; `metrics.ncc_ceiling` gives the effect of the padding on ACDC.
        ssim: from -1 to 1.
        nmse_x100: times 100, as it is printed.
    """

    method: str
    psnr: float
    ncc: float
    ssim: float
    nmse_x100: float


TABLE_1: Mapping[str, Sequence[QuotedScores]] = {
    "acdc": (
        QuotedScores("SVIN", 32.51, 0.559, 0.972, 2.930),
        QuotedScores("MPVF", 33.15, 0.561, 0.971, 2.435),
        QuotedScores("VoxelMorph", 31.02, 0.555, 0.966, 4.254),
        QuotedScores("TransMorph", 30.45, 0.547, 0.958, 4.826),
        QuotedScores("Fourier-Net+", 29.98, 0.544, 0.957, 5.503),
        QuotedScores("R2Net", 28.59, 0.509, 0.930, 7.281),
        QuotedScores("DDM", 29.71, 0.541, 0.956, 5.007),
        QuotedScores("IDIR", 31.56, 0.557, 0.968, 3.806),
        QuotedScores("UVI-Net", 33.59, 0.565, 0.978, 2.384),
        QuotedScores("TM-MSDF", 35.21, 0.579, 0.982, 1.869),
    ),
    "lung4d": (
        QuotedScores("SVIN", 30.99, 0.312, 0.973, 0.852),
        QuotedScores("MPVF", 31.18, 0.310, 0.972, 0.761),
        QuotedScores("VoxelMorph", 32.29, 0.316, 0.977, 0.641),
        QuotedScores("TransMorph", 30.92, 0.313, 0.973, 0.786),
        QuotedScores("Fourier-Net+", 30.26, 0.308, 0.971, 0.959),
        QuotedScores("R2Net", 29.34, 0.294, 0.962, 1.061),
        QuotedScores("DDM", 30.37, 0.308, 0.971, 0.905),
        QuotedScores("IDIR", 32.91, 0.321, 0.980, 0.586),
        QuotedScores("UVI-Net", 34.00, 0.320, 0.980, 0.552),
        QuotedScores("TM-MSDF", 35.47, 0.325, 0.984, 0.386),
    ),
}
"""The published figures, by data set; the paper's own method is last. Means over the test set of the paper's split."""
