"""MONAI's VoxelMorph, for single slices."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch

from peers.pair_network import PairNetwork, PairTraining
from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class MonaiSettings(PairTraining):
    """How MONAI's network is built and trained.

    Attributes:
        channels: of the U-Net, in pairs of encoder and decoder of one level, the finest first; a level halves the size.
        unet_out_channels: of the U-Net's result.
        final_channels: of the convolutions after it.
        integration_steps: of scaling and squaring.
    """

    channels: tuple[int, ...]
    unet_out_channels: int
    final_channels: tuple[int, ...]
    integration_steps: int


class MonaiNetwork(PairNetwork):
    """`VoxelMorph` of MONAI in two dimensions (after Balakrishnan et al. 2019).

    It integrates at full resolution: with `half_res`, MONAI 1.6 halves the velocity where it should double it.

    Args:
        settings: of the network.

    Raises:
        InvalidInputError: MONAI is not installed.
    """

    def __init__(self, settings: MonaiSettings) -> None:
        super().__init__()
        try:
            from monai.networks.nets import VoxelMorph, VoxelMorphUNet
        except ImportError as error:
            raise InvalidInputError("monai is not installed: pip install monai.") from error
        self.multiple = 2 ** (len(settings.channels) // 2)
        backbone = VoxelMorphUNet(
            spatial_dims=2,
            in_channels=2,
            unet_out_channels=settings.unet_out_channels,
            channels=settings.channels,
            final_conv_channels=settings.final_channels,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that it warps with PyTorch's code, not its own
            self.network = VoxelMorph(backbone, settings.integration_steps, half_res=False, spatial_dims=2)

    def forward(self, moving: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
        """Return the displacement."""
        return self.network(moving, fixed)[1]
