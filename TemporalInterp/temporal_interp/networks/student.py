"""The student: synthesises the frame at any time from the two ends, and from the frames around where it has context."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from temporal_interp.networks.context import Context, Surroundings
from temporal_interp.networks.convolution import Convolution, usual_weights
from temporal_interp.networks.decoder import MultiScaleDecoder
from temporal_interp.networks.encoder import Encoder
from temporal_interp.networks.refinement import Refinement, blend
from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.networks.synthesis import Synthesis, squeeze_single_slice, synthesise

OWN_AND_BESIDE = 3
"""Channels that the encoder sees of an end with context: its voxels, their change from its neighbour, and how fast."""


LOUDER = 4.0
"""Times that the encoder sees these changes: they are small beside the voxels, and would be learnt from slowly."""


@dataclass(frozen=True, eq=False)
class EncodedPair:
    """The part of a pair that does not depend on the time.

    Attributes:
        ends: (2 N, 1, *shape), first then last; single slices without their K axis.
        features: of both ends, finest scale first, each (2 N, C, *shape of the scale).
        surroundings: the frames around; None if the network has no context.
    """

    ends: torch.Tensor
    features: list[torch.Tensor]
    surroundings: Surroundings | None = None

    def repeated(self, times: int) -> EncodedPair:
        """Return every pair repeated `times` times, its copies next to each other, to decode many times at once."""
        return EncodedPair(
            self.ends.repeat_interleave(times, 0),
            [f.repeat_interleave(times, 0) for f in self.features],
            None if self.surroundings is None else self.surroundings.repeated(times),
        )


class Student(nn.Module):
    """TM-MSDF's student (paper, section 2.3).

    With `context` it also looks at the frame before the first and the frame after the last, where it is given them
    (our choice): each end goes into the encoder beside its difference to its neighbour and the rate of that change, the
    time modulation hears how far away the neighbours are, and the refinement sees how brightness bends. So one network
    serves two, three or four frames, at even and uneven times.

    Args:
        settings: of the network.

    Example:
        A pair is encoded once and decoded at any time; at the time of an end the frame is that end:

        >>> student = Student(NetworkSettings(widths=(4, 8)))
        >>> first, last = torch.rand(2, 1, 1, 1, 16, 16)
        >>> pair = student.encode(first, last)
        >>> student.decode(pair, torch.tensor([0.25])).volume.shape
        torch.Size([1, 1, 16, 16])
        >>> torch.allclose(student.decode(pair, torch.tensor([0.0])).volume, first[:, :, 0], atol=1e-5)
        True
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(settings, OWN_AND_BESIDE if settings.context else 1)
        self.decoder = MultiScaleDecoder(settings, modulated=settings.motion == "modulated")
        self.refinement = None if settings.refinement == "none" else Refinement(settings)
        if settings.initial_weights == "usual":
            usual_weights(self)

    @property
    def sees_neighbours(self) -> bool:
        """Whether the network looks at the slices next to one: learnt from stacks, or with `usual` initial weights."""
        return any(bool(m.outer_planes.any()) for m in self.modules() if isinstance(m, Convolution))

    def forward(
        self, first: torch.Tensor, last: torch.Tensor, t: torch.Tensor, context: Context | None = None
    ) -> Synthesis:
        """Return the frame at t; see `encode` and `decode`."""
        return self.decode(self.encode(first, last, context), t)

    def encode(self, first: torch.Tensor, last: torch.Tensor, context: Context | None = None) -> EncodedPair:
        """Return what does not depend on the time.

        Args:
            first: (N, 1, K, J, I), scaled to [0, 1]; the frame at t = 0.
            last: likewise, the frame at t = 1.
            context: the frames around, (2 N, 1, K, J, I); a network without `context` does not look at them.
        """
        ends = squeeze_single_slice(torch.cat([first, last]))
        surroundings = Surroundings.of(ends, context) if self.settings.context else None
        return EncodedPair(ends, self.encoder(_shown(ends, surroundings)), surroundings)

    def decode(self, pair: EncodedPair, t: torch.Tensor) -> Synthesis:
        """Return the frames at t, (N,), between 0 and 1."""
        motion_time = torch.full_like(t, 0.5) if self.settings.motion == "linear" else t
        between = None
        if self.settings.surrogate == "images":
            weight = 1 - motion_time if self.settings.blend == "literal" else motion_time
            blended = blend(pair.ends, weight)
            between = self.encoder(_shown(blended, Surroundings.of(blended, None) if self.settings.context else None))
        around = pair.surroundings
        told = None if around is None else around.per_end
        motion = self.decoder(pair.features, between, motion_time, at=t, surroundings=told)
        return synthesise(pair.ends, motion, t, self.refinement, None if around is None else around.bends(pair.ends))


def _shown(volumes: torch.Tensor, surroundings: Surroundings | None) -> torch.Tensor:
    """Return what the encoder sees of volumes, (2 N, 1 or 3, *shape)."""
    if surroundings is None:
        return volumes
    return torch.cat([volumes, LOUDER * surroundings.differences, LOUDER * surroundings.rates], dim=1)
