"""The multi-scale deformation fusion decoder (MSDF) of teacher and student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from temporal_interp.networks.deformation_features import DeformationFeatures
from temporal_interp.networks.deformation_fusion import DeformationFusion
from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.tensors.spatial import integrate_velocity, resize_field, warp


def swap_ends(stacked: torch.Tensor) -> torch.Tensor:
    """Return both ends, stacked along the first axis, in the other order."""
    return torch.cat(stacked.chunk(2)[::-1])


@dataclass(frozen=True, eq=False)
class Deformation:
    """The motion to time t at every scale, coarsest first; both ends are stacked, first then last.

    Attributes:
        displacements: (2 N, D, *shape of the scale), float32, voxels of the scale.
        features: (2 N, C, *shape of the scale), the features of the ends, deformed.
    """

    displacements: list[torch.Tensor]
    features: list[torch.Tensor]


class MultiScaleDecoder(nn.Module):
    """MSDF (paper, sections 2.2 and 2.3, Fig. 1b): coarse to fine, DFGen and DFM at every scale.

    Args:
        settings: of the network.
        modulated: the deformation features are modulated by time (student).
    """

    def __init__(self, settings: NetworkSettings, *, modulated: bool) -> None:
        super().__init__()
        self.settings = settings
        self.generators = nn.ModuleList(
            DeformationFeatures(scale, settings, modulated=modulated) for scale in reversed(range(settings.scales))
        )
        fused = {"all": range(2, settings.scales + 1), "finest": [settings.scales], "none": []}[settings.fusion]
        self.fusions = nn.ModuleDict(
            {str(count): DeformationFusion(count, settings.planes) for count in fused if count > 1}
        )

    def forward(
        self,
        ends: Sequence[torch.Tensor],
        between: Sequence[torch.Tensor] | None,
        t: torch.Tensor,
        *,
        at: torch.Tensor,
        surroundings: torch.Tensor | None = None,
    ) -> Deformation:
        """Return the motion from both ends.

        Args:
            ends: features of both ends, finest scale first, each (2 N, C, *), first then last.
            between: features of the frame between, (N, C, *), or None to blend those of the ends.
            t: (N,), the time at which the features are compared and by which they are modulated.
            at: (N,), the time of the motion; it differs from `t` only for linear scaling.
            surroundings: (2 N, 2), `Surroundings.per_end`; None if the network has no context.
        """
        around = None if surroundings is None else self._around_per_order(surroundings)
        compared, wanted = torch.cat([t, 1 - t]), torch.cat([at, 1 - at])
        velocities, displacements, deformed = [], [], []
        feature = velocity = displacement = None
        for number, generator in enumerate(self.generators):
            features = ends[-1 - number]
            shape = tuple(features.shape[2:])
            if displacement is not None and self.settings.matching == "warped":
                features = warp(features, resize_field(displacement, shape))
            middle = None if between is None else between[-1 - number]
            gathered = self._gather(features, middle, compared)
            feature, given = generator(gathered, feature, self._per_order(t), around)
            given = self._by_end(given, features.ndim - 2)
            if velocity is not None and self.settings.matching == "warped":
                given = given + resize_field(velocity, shape)
            velocities.append(given)
            key = str(number + 1)
            velocity = self.fusions[key](velocities) if key in self.fusions else given
            halved = self.settings.halved_integration and number + 1 == len(self.generators)
            displacement = self._integrate(velocity, compared, halved=halved)
            at_wanted = displacement if at is t else self._integrate(velocity, wanted, halved=halved)
            displacements.append(at_wanted)
            deformed.append(warp(ends[-1 - number], at_wanted))
        return Deformation(displacements, deformed)

    def _gather(
        self, ends: torch.Tensor, between: torch.Tensor | None, compared: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        """Return the features of one end, between, and of the other end: once per direction."""
        other = swap_ends(ends)
        if between is None:
            weight = compared.view(-1, *[1] * (ends.ndim - 1)).to(ends.dtype)
            if self.settings.blend == "literal":
                weight = 1 - weight
            between = torch.lerp(ends, other, weight)
        elif self.settings.swap_symmetric:
            between = torch.cat([between, between])
        if self.settings.swap_symmetric:
            return ends, between, other
        count = ends.shape[0] // 2
        return ends[:count], between[:count], ends[count:]

    def _per_order(self, t: torch.Tensor) -> torch.Tensor:
        return torch.cat([t, 1 - t]) if self.settings.swap_symmetric else t

    def _around_per_order(self, surroundings: torch.Tensor) -> torch.Tensor:
        """Return what surrounds the one end and the other, (N or 2 N, 4)."""
        both = torch.cat([surroundings, swap_ends(surroundings)], dim=1)
        return both if self.settings.swap_symmetric else both.chunk(2)[0]

    def _by_end(self, given: torch.Tensor, dimensions: int) -> torch.Tensor:
        """Return the head's output as velocities with both ends stacked, (2 N, D, *)."""
        if not self.settings.swap_symmetric:
            given = torch.cat(given.chunk(2, dim=1))
        return given[:, 3 - dimensions :]

    def _integrate(self, velocity: torch.Tensor, elapsed: torch.Tensor, *, halved: bool) -> torch.Tensor:
        """Return the displacement of a velocity; with exact ends, up to the fraction `elapsed` of the path."""
        if self.settings.exact_ends:
            velocity = velocity * elapsed.view(-1, *[1] * (velocity.ndim - 1))
        if not halved:
            return integrate_velocity(velocity)
        shape = tuple(velocity.shape[2:])
        coarse = (*shape[:-2], *((size + 1) // 2 for size in shape[-2:]))
        return resize_field(integrate_velocity(resize_field(velocity, coarse)), shape)
