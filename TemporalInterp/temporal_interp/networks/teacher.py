"""The teacher: sees the frame between, and learns the motion to it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from temporal_interp.networks.convolution import usual_weights
from temporal_interp.networks.decoder import MultiScaleDecoder
from temporal_interp.networks.encoder import Encoder
from temporal_interp.networks.refinement import Refinement
from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.networks.synthesis import Synthesis, squeeze_single_slice, synthesise


class Teacher(nn.Module):
    """TM-MSDF's teacher (paper, section 2.2).

    The features of the frame between guide only the motion: the refinement never sees them, or the target would leak
    into the result.

    Args:
        settings: of the network.

    Example:
        >>> first, last, between = torch.rand(3, 1, 1, 1, 16, 16)
        >>> Teacher(NetworkSettings(widths=(4, 8)))(first, last, between, torch.tensor([0.5])).volume.shape
        torch.Size([1, 1, 16, 16])
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(settings)
        self.decoder = MultiScaleDecoder(settings, modulated=False)
        alone = replace(settings, context=False)  # the frames around tell it nothing that the frame between does not
        self.refinement = None if settings.refinement == "none" else Refinement(alone)
        if settings.initial_weights == "usual":
            usual_weights(self)

    def forward(self, first: torch.Tensor, last: torch.Tensor, between: torch.Tensor, t: torch.Tensor) -> Synthesis:
        """Return the frame between, synthesised from the ends.

        Args:
            first: (N, 1, K, J, I), scaled to [0, 1].
            last: likewise.
            between: likewise, the acquired frame at t.
            t: (N,), between 0 and 1.
        """
        ends = squeeze_single_slice(torch.cat([first, last]))
        features = self.encoder(torch.cat([ends, squeeze_single_slice(between)]))
        count = ends.shape[0]
        motion = self.decoder([f[:count] for f in features], [f[count:] for f in features], t, at=t)
        return synthesise(ends, motion, t, self.refinement)
