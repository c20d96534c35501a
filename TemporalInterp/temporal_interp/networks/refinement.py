"""The refinement network: deformed volumes and features become the frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from temporal_interp.networks.convolution import Convolution, ConvolutionBlock, ConvolutionUnit, halving, near_zero
from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.tensors.spatial import resize

_AVERAGE = {2: functional.avg_pool2d, 3: functional.avg_pool3d}


def blend(ends: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return (1 - t) first + t last of ends stacked as (2 N, C, *), with t (N,): (N, C, *)."""
    first, last = ends.chunk(2)
    weight = t.view(-1, *[1] * (ends.ndim - 1)).to(ends.dtype)
    return torch.lerp(first, last, weight)


def weights_of_deformed(deformed: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return the weights, (N, 4, *shape), that make the frame the blend of the deformed ends, (2 N, 1, *shape)."""
    none = torch.zeros_like(t)
    weights = torch.stack([none, 1 - t, none, t], dim=1)
    return weights.view(*weights.shape, *[1] * (deformed.ndim - 2)).expand(-1, -1, *deformed.shape[2:])


class Refinement(nn.Module):
    """Encoder-decoder of 8 convolution units, 4 down and 4 up (paper, section 2.2; the numbers per side are ours).

    Deformed volumes enter at the top, deformed features enter the encoder unit of their scale, concatenated. With the
    swap symmetry both ends enter as their blend and their absolute difference, otherwise side by side.

    With context, a gated network also tells where brightness follows the cubic through the frames around (our choice):
    blood that flows changes its signal and does not move as tissue does.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        widths = settings.widths
        gated = settings.refinement == "gated"
        images = 2 * settings.scales + (2 if gated else 0)
        self.down = nn.ModuleList(
            ConvolutionUnit(before + 2 * after, after, settings.planes)
            for before, after in zip((images, *widths), widths, strict=False)
        )  # fmt: skip
        self.bottom = ConvolutionUnit(widths[-1], widths[-1], settings.planes)
        self.up = nn.ModuleList(
            ConvolutionUnit(coarse + fine, fine, settings.planes) for fine, coarse in pairwise(widths)
        )
        self.bends = gated and settings.context
        if gated:
            more = 1 if self.bends else 0
            self.judge = ConvolutionBlock(widths[0] + 3 + more, widths[0], settings.planes)
            self.logits = near_zero(Convolution(widths[0], 2 + more, settings.planes), 1e-3)
        else:
            self.residual = near_zero(Convolution(widths[0], 1, settings.planes), 1e-3)

    def forward(
        self,
        ends: torch.Tensor,
        deformed: Sequence[torch.Tensor],
        features: Sequence[torch.Tensor],
        t: torch.Tensor,
        bends: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weights of the acquired and deformed ends, (N, 4, *shape), and the residual, (N, 1, *shape).

        See `Synthesis` for the order of the weights.

        Args:
            ends: (2 N, 1, *shape), the acquired volumes, first then last.
            deformed: the ends brought to t by the motion of each scale, coarsest first, each (2 N, 1, *shape).
            features: deformed features of the ends, coarsest scale first, each (2 N, C, *shape of the scale).
            t: (N,).
            bends: (2 N, 1, *shape), see `Surroundings.bends`; None if the network has no context.
        """
        volumes = [*deformed, ends] if self.settings.refinement == "gated" else list(deformed)
        trunk = self._trunk(self._pair(torch.cat(volumes, dim=1), t), [self._pair(f, t) for f in features[::-1]])
        if self.settings.refinement == "gated":
            return self._weigh(trunk, ends, deformed[-1], t, bends)
        vanishing = (4 * t * (1 - t)).view(-1, *[1] * (trunk.ndim - 1)) if self.settings.exact_ends else 1.0
        return weights_of_deformed(deformed[-1], t), self.residual(trunk).float() * vanishing

    def _pair(self, ends: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return both ends, (2 N, C, *), as one, (N, 2 C, *)."""
        first, last = ends.chunk(2)
        if self.settings.swap_symmetric:
            return torch.cat([blend(ends, t), (first - last).abs()], dim=1)
        return torch.cat([first, last], dim=1)

    def _trunk(self, x: torch.Tensor, features: Sequence[torch.Tensor]) -> torch.Tensor:
        skips = []
        for number, (unit, feature) in enumerate(zip(self.down, features, strict=True)):
            if number:
                stride = halving(tuple(x.shape[2:]), self.settings.shortest_halved)
                x = _AVERAGE[len(stride)](x, stride, ceil_mode=True)
            # in mixed precision the features have the narrower type, which the convolution needs
            x = unit(torch.cat([x.to(feature.dtype), feature], dim=1))
            skips.append(x)
        x = self.bottom(x)
        for unit, skip in zip(reversed(self.up), skips[-2::-1], strict=True):
            x = unit(torch.cat([resize(x, tuple(skip.shape[2:])), skip], dim=1))
        return x

    def _weigh(
        self,
        trunk: torch.Tensor,
        ends: torch.Tensor,
        deformed: torch.Tensor,
        t: torch.Tensor,
        bends: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weights of the acquired and the deformed volume of both ends, and the change of brightness.

        A softmax with (1 - t) and t as prior: at the ends nothing of the other end is left. A fresh network gives the
        mean of the blends of the acquired and of the deformed volumes, and half of the change of brightness.
        """
        both = torch.cat([trunk, trunk])
        own, other = deformed, torch.cat(deformed.chunk(2)[::-1])
        images = [ends, own, own - other, *([] if bends is None else [bends])]
        judged = self.logits(self.judge(torch.cat([both, *(image.to(both.dtype) for image in images)], dim=1))).float()
        left = torch.cat([1 - t, t]).view(-1, *[1] * (trunk.ndim - 1))
        weights = torch.cat((judged[:, :2] + left.log()).chunk(2), dim=1).softmax(dim=1)
        if bends is None:
            return weights, torch.zeros_like(deformed[: len(t)])
        change = judged[:, 2:].sigmoid() * (1 - left) * left.square() * bends
        first, last = change.chunk(2)
        return weights, first + last
