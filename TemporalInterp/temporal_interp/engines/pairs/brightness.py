"""How brightness changes between two frames, from the frames around them: what four frames say that two cannot.

Flow, contrast agent and tissue that enters a slice change the brightness of what moves. Through three frames there is a
parabola; its deviation from the straight line between the two frames at hand is one estimate of that change, and there
are two: with the frame before and with the frame after. Where both agree, they are taken. Where they contradict each
other, as in noise, speckle and motion that was not found, they are not (our choice).
"""

from __future__ import annotations

import math

import torch

from temporal_interp.tensors.spatial import smooth

RADIUS_MM = 3.0
"""Standard deviation of the neighbourhood in which agreement is judged."""

TINY = 1e-12

NOISE = 2.0
"""Times the variance of noise that a change has to exceed to count."""


class BrightnessChange:
    """The change of brightness in a gap beside the straight line between its two frames.

    Args:
        before: length of the gap over that of the gap before.
        after: length of the gap over that of the gap after.
        spacing: voxel size in mm along each axis, in the order of the axes; infinite along an axis whose neighbours are
            independent.
        noise: standard deviation of the noise, as a share of the intensity range.
        agreed: count both estimates as far as they agree. Between slices they are taken as they are: there is no flow,
            and what differs is the curve of the brightness through the slices.
    """

    def __init__(
        self, before: float, after: float, spacing: tuple[float, ...], noise: float, *, agreed: bool = True
    ) -> None:  # fmt: skip
        self._ratios = before, after
        self._sigma = tuple(RADIUS_MM / along if along < math.inf else 0.0 for along in spacing)
        self._noise = NOISE * noise**2
        self._agreed = agreed

    def at(self, t: float, frames: torch.Tensor) -> torch.Tensor:
        """Return what to add to the straight line at t, (1, 1, k, j, i).

        Args:
            t: from 0 to 1.
            frames: (4, 1, k, j, i), the frame before the first, the first, the last and the one after it, all at their
                places at t, scaled to [0, 1].
        """
        earlier, first, last, later = frames.split(1)
        (before, from_earlier), (after, from_later) = (_curvature_weights(ratio) for ratio in self._ratios)
        at_first = before * (last - first) - from_earlier * (first - earlier)
        at_last = from_later * (later - last) - after * (last - first)
        agreement = self._agreement(at_first, at_last) if self._agreed else 1.0
        change = (1 - t) * at_first + t * at_last
        weights = (1 - t) * before + t * after, (1 - t) * from_earlier, t * from_later
        noise = self._noise * (
            weights[1] ** 2 + weights[2] ** 2 + (weights[0] + weights[1]) ** 2 + (weights[0] + weights[2]) ** 2
        )
        heard = (1 - noise / smooth(change.square(), self._sigma).clamp(min=TINY)).clamp(min=0)
        return -t * (1 - t) * agreement * heard * change

    def _agreement(self, at_first: torch.Tensor, at_last: torch.Tensor) -> torch.Tensor:
        """Return 1 where two estimates are equal, 0 where they are opposite or one of them is nothing."""
        both = smooth(at_first * at_last, self._sigma)
        one, other = smooth(at_first.square(), self._sigma), smooth(at_last.square(), self._sigma)
        mean = ((one + other) / 2).clamp(min=TINY)
        return (one * other).clamp(min=0).sqrt() / mean * (1 + both / mean) / 2


def _curvature_weights(ratio: float) -> tuple[float, float]:
    """Return what the differences in the gap and in the one beside it count in the curvature at the frame between.

    A gap beside that is shorter tells less, since its noise is extrapolated further: it counts by its length.

    Args:
        ratio: length of the gap over that of the gap beside it.
    """
    share = min(1.0, 1 / ratio) * ratio / (1 + ratio)
    return share, share * ratio
