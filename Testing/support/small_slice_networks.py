"""Small networks of slice synthesis, and what is watched in them."""

import torch

from temporal_interp.slices.pixel_network import (
    PixelNetwork,
)
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings
from temporal_interp.slices.slice_network import SliceNetwork

FACTORS = (2, 3, 4)
SMALL_SLICE = SliceNetworkSettings(features=1, block_side=4, blocks=1, memory_items=3)
SMALL_PIXEL = PixelNetworkSettings(width=4, groups=2, blocks=1, holistic=True)


def slice_network(factor=2, settings=SMALL_SLICE, seed=0) -> SliceNetwork:
    torch.manual_seed(seed)
    return SliceNetwork(factor, settings).eval()


def pixel_network(factor=2, settings=SMALL_PIXEL) -> PixelNetwork:
    torch.manual_seed(0)
    return PixelNetwork(factor, settings).eval()


def moved(network: torch.nn.Module) -> torch.nn.Module:
    """The network away from the zeros that it starts with."""
    torch.manual_seed(5)
    for weights in network.parameters():
        weights.data += 0.2 * torch.randn_like(weights)
    return network


def image(*shape: int, seed=1) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def watched(network: torch.nn.Module) -> tuple[dict, dict]:
    """What comes into each part of a network and what goes out, by the part's name, once it is used."""
    came, went = {}, {}
    for name, part in network.named_modules():

        def watch(_, given, answer, name=name):
            came[name], went[name] = given[0], answer

        part.register_forward_hook(watch)
    return came, went


def unmoved_after(network: torch.nn.Module, loss, steps=5) -> list[str]:
    """Names of the weights that so many steps of Adam leave as they are."""
    start = {name: weights.detach().clone() for name, weights in network.named_parameters()}
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    return [name for name, weights in network.named_parameters() if torch.equal(weights, start[name])]
