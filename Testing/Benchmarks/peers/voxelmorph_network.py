"""The network of the package voxelmorph, for single slices."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from peers.pair_network import PairNetwork, PairTraining
from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class VoxelmorphSettings(PairTraining):
    """How voxelmorph's network is built and trained.

    Attributes:
        features: channels of each level of its U-Net, the finest first; a level halves the size.
        negative_slope: of the leaky ReLU after its convolutions; 0 is the ReLU.
        flow_initializer: standard deviation of the fresh weights of the layer that gives the velocity.
        integration_steps: of scaling and squaring.
    """

    features: tuple[int, ...]
    negative_slope: float
    flow_initializer: float
    integration_steps: int


class VoxelmorphNetwork(PairNetwork):
    """`VxmPairwise` of voxelmorph 0.3 in two dimensions (Balakrishnan et al. 2019, Dalca et al. 2019).

    Args:
        settings: of the network.

    Raises:
        InvalidInputError: voxelmorph is not installed.
    """

    def __init__(self, settings: VoxelmorphSettings) -> None:
        super().__init__()
        try:
            from voxelmorph.nn.models import VxmPairwise
        except ImportError as error:
            raise InvalidInputError("voxelmorph is not installed: pip install 'voxelmorph<0.4'.") from error
        self.multiple = 2 ** len(settings.features)
        self.network = VxmPairwise(
            ndim=2,
            source_channels=1,
            target_channels=1,
            nb_features=settings.features,
            activations=nn.LeakyReLU(settings.negative_slope),
            flow_initializer=settings.flow_initializer,
            integration_steps=settings.integration_steps,
        )

    def forward(self, moving: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
        """Return the displacement; voxelmorph calls moving the source and fixed the target."""
        return self.network(moving, fixed)
