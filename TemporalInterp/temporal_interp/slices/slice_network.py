"""SInt-A: the slices between two axial slices (section 3.1.1)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from temporal_interp.networks.convolution import near_zero
from temporal_interp.slices.attention import ResidualGroup
from temporal_interp.slices.guide import close_gate, corrected, guide_channels
from temporal_interp.slices.memory_bank import MemoryBank
from temporal_interp.slices.settings import SliceNetworkSettings


class Between(NamedTuple):
    """Slices between two, and the memory bank's part of the loss.

    Attributes:
        slices: (N, r - 1, rows, columns).
        compactness: as `memory_bank.Recalled`; zero without a memory bank.
        separateness: likewise.
    """

    slices: torch.Tensor
    compactness: torch.Tensor
    separateness: torch.Tensor


class SliceNetwork(nn.Module):
    """Adds r - 1 slices between two.

    As in the paper, with two differences of ours: the number and the width of the blocks are settings, and the output
    is added to the linear blend of the two slices, so that a fresh network is linear interpolation. A guided network
    also sees what motion puts between them, and corrects that (ours).

    Args:
        factor: r, how many times closer the slices become.
        settings: of the network.
        guided: whether there is a guide, see `guide`.
    """

    def __init__(self, factor: int, settings: SliceNetworkSettings, *, guided: bool = False) -> None:
        super().__init__()
        self.factor, self.settings, self.side, self.guided = factor, settings, settings.block_side, guided
        channels, guides = settings.features * self.side**2, guided and guide_channels(factor)
        self.head = nn.Conv2d(1, settings.features, 3, padding=1)
        self.join = nn.Conv2d(2 * channels + guides * self.side**2, channels, 3, padding=1)
        self.encoder = nn.ModuleList(ResidualGroup(channels, settings.blocks) for _ in range(3))
        self.middle = nn.Conv2d(channels, channels, 3, padding=1)
        self.memory = MemoryBank(settings.memory_items, channels) if settings.memory_items else None
        self.decoder = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), ResidualGroup(channels, settings.blocks))
            for _ in range(3)
        )
        made = (factor - 1) * self.side**2
        self.tail = nn.Conv2d(channels, made * (1 + guided), 3, padding=1)
        near_zero(self.tail)
        if guided:
            close_gate(self.tail, made)

    def forward(self, first: torch.Tensor, second: torch.Tensor, guide: torch.Tensor | None = None) -> Between:
        """Return the slices between two, (N, 1, rows, columns) each.

        Args:
            first: the one.
            second: the other.
            guide: of a guided network, (N, 2, r - 1, rows, columns), see `guide`.
        """
        rows, columns = first.shape[2:]
        beyond = (0, -columns % self.side, 0, -rows % self.side)
        share = torch.arange(1, self.factor, device=first.device, dtype=first.dtype).view(1, -1, 1, 1) / self.factor
        linear = torch.lerp(first, second, share)
        features = [
            functional.pixel_unshuffle(self.head(functional.pad(slice_, beyond, mode="replicate")), self.side)
            for slice_ in (first, second)
        ]
        if guide is not None:
            beside = torch.cat([guide[:, 0] - linear, guide[:, 1]], 1)
            features.append(functional.pixel_unshuffle(functional.pad(beside, beyond, mode="replicate"), self.side))
        joined = self.join(torch.cat(features, 1))
        outer = self.encoder[0](joined)
        inner = self.encoder[1](outer)
        deepest = self.middle(self.encoder[2](inner) + joined)
        nothing = deepest.new_zeros(())
        compactness, separateness = nothing, nothing
        if self.memory is not None:
            deepest, compactness, separateness = self.memory(deepest)
        decoded = self.decoder[0](deepest)
        decoded = self.decoder[1](decoded + inner)
        decoded = self.decoder[2](decoded + outer)
        detail = functional.pixel_shuffle(self.tail(decoded), self.side)[..., :rows, :columns]
        made = linear + detail[:, : self.factor - 1]
        if guide is not None:
            made = corrected(guide[:, 0], made, detail[:, self.factor - 1 :])
        return Between(made, compactness, separateness)
