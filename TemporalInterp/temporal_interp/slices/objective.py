"""The losses of the training of slice synthesis (section 3.2)."""

from __future__ import annotations

import torch
from torch.nn import functional

from temporal_interp.slices.wavelets import haar_details


def restoration_loss(restored: torch.Tensor, truth: torch.Tensor, *, wavelets: float) -> torch.Tensor:
    """Return the mean squared error of images and, weighted, of their Haar details (Eqs. 8 to 10).

    Args:
        restored: (N, C, rows, columns).
        truth: likewise.
        wavelets: weight of the details (paper: 1).
    """
    loss = functional.mse_loss(restored, truth)
    if not wavelets:
        return loss
    details = zip(haar_details(restored), haar_details(truth), strict=True)
    # three mean squares a scale, one for each of LH, HL and HH
    return loss + wavelets * sum(3 * functional.mse_loss(one, other) for one, other in details)


def distillation_loss(first: torch.Tensor, second: torch.Tensor, ratio: float) -> torch.Tensor:
    """Return the mean squared difference over the share of the points where it is smallest (Eqs. 11 and 12).

    Args:
        first: of any shape.
        second: likewise.
        ratio: gamma, above 0 and at most 1.

    Example:
        >>> float(distillation_loss(torch.tensor([3.0, 2.0, 1.0, 1.0]), torch.zeros(4), 0.5))
        1.0
    """
    squares = (first - second).square().flatten()
    if ratio >= 1:
        return squares.mean()
    kept = max(1, round(ratio * squares.numel()))
    return squares.topk(kept, largest=False, sorted=False).values.mean()
