"""Haar wavelets of images, for the part of the loss that compares details (section 3.2.1)."""

from __future__ import annotations

import torch

SCALES = 3


def haar_details(images: torch.Tensor, scales: int = SCALES) -> list[torch.Tensor]:
    """Return the LH, HL and HH coefficients of every scale, (3, N, C, rows / 2^n, columns / 2^n), fine to coarse.

    Orthonormal, as `pywt.dwt2(image, "haar")`. An odd last row or column is left out, and so are scales beyond the
    image's size.

    Args:
        images: (N, C, rows, columns).
        scales: number of scales.
    """
    details, low = [], images
    for _ in range(scales):
        rows, columns = (n - n % 2 for n in low.shape[2:])
        if not rows or not columns:
            break
        a, b, c, d = (low[:, :, j:rows:2, i:columns:2] for j in (0, 1) for i in (0, 1))
        details.append(torch.stack([a + b - c - d, a - b + c - d, a - b - c + d]) / 2)
        low = (a + b + c + d) / 2
    return details
