"""How large a network is: its weights, and the multiplications that a frame takes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.networks.student import Student
from temporal_interp.networks.teacher import Teacher


@dataclass(frozen=True)
class NetworkSize:
    """The size of a network.

    Attributes:
        parameters: number of weights.
        multiply_adds: of all convolutions and linear layers, for one frame of one pair. Warps, integration,
            normalisation and activations are not counted.
    """

    parameters: int
    multiply_adds: int


def network_size(kind: type[Teacher] | type[Student], settings: NetworkSettings, shape: tuple[int, ...]) -> NetworkSize:
    """Return the size of a network, counted by PyTorch while it synthesises a frame; nothing is computed.

    Args:
        kind: of the network.
        settings: of the network.
        shape: of the volumes, (K, J, I) voxels.

    Example:
        >>> size = network_size(Student, NetworkSettings(widths=(4, 8)), (1, 16, 16))
        >>> size.parameters, size.multiply_adds
        (38958, 1762560)
    """
    with torch.device("meta"):
        network = kind(settings)
        volumes = torch.empty(3 if kind is Teacher else 2, 1, 1, *shape)
        t = torch.empty(1)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*volumes, t)
    parameters = sum(weights.numel() for weights in network.parameters())
    return NetworkSize(parameters, counter.get_total_flops() // 2)  # PyTorch counts a multiply-add as two operations
