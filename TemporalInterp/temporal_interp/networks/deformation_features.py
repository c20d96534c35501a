"""DFGen, the deformation feature generator of one scale."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from temporal_interp.networks.convolution import Convolution, ConvolutionUnit, near_zero
from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.networks.time_modulation import TimeModulation
from temporal_interp.tensors.spatial import resize

FIRST_VELOCITIES = 1e-3
"""Standard deviation of the head's weights in a fresh network: the motion starts near zero (our choice)."""


class DeformationFeatures(nn.Module):
    """DFGen (paper, section 2.2, Fig. 1c): features of three volumes -> deformation feature and velocities.

    Args:
        scale: 0 is the finest.
        settings: of the network.
        modulated: the feature is modulated by time (student).
    """

    def __init__(self, scale: int, settings: NetworkSettings, *, modulated: bool) -> None:
        super().__init__()
        width = settings.widths[scale]
        coarser = settings.widths[scale + 1] if scale + 1 < settings.scales else 0
        self.unit = ConvolutionUnit(3 * width + coarser, width, settings.planes)
        self.modulation = TimeModulation(width, settings) if modulated else None
        # with the swap symmetry each direction gives the velocity of its own end, without it both at once
        components = 3 if settings.swap_symmetric else 6
        self.head = near_zero(Convolution(width, components, settings.planes), FIRST_VELOCITIES)

    def forward(
        self,
        features: Sequence[torch.Tensor],
        coarser: torch.Tensor | None,
        t: torch.Tensor,
        surroundings: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the (modulated) deformation feature and the velocities of one scale.

        Args:
            features: (N, C, *shape) each, of the one end, the frame between and the other end.
            coarser: (N, C of the coarser scale, *shape of the coarser scale), its deformation feature, or None.
            t: (N,), time from the one end.
            surroundings: (N, 4), see `TimeModulation`; None if the network has no context.

        Returns:
            (N, C, *shape), and (N, 3 or 6, *shape) float32 in voxels of this scale.
        """
        parts = list(features)
        if coarser is not None:
            parts.append(resize(coarser, tuple(parts[0].shape[2:])))
        feature = self.unit(torch.cat(parts, dim=1))
        if self.modulation is not None:
            feature = self.modulation(feature, t, surroundings)
        return feature, self.head(feature).float()
