"""A student whose answers are known, so that what the engine makes of them can be checked."""

import pytest
import torch

from temporal_interp.networks import NetworkSettings
from temporal_interp.networks.student import EncodedPair
from temporal_interp.networks.synthesis import Synthesis, squeeze_single_slice


class KnownStudent:
    """Stands in for the network: everything moves by `way` voxels (J, I) of its grid in the time from 0 to 1.

    Args:
        way: of the tissue, from the first volume to the last.
        residual: what is added everywhere, times 4 t (1 - t).
        fails: number of voxels from which on it runs out of memory.
        sees_neighbours: it looks at the slices next to one.
        context: it looks at the frames around.
    """

    def __init__(self, way=(0.0, 0.0), *, residual=0.0, fails=None, sees_neighbours=False, context=False):
        self.settings = NetworkSettings(context=context)
        self.way = torch.tensor(way)
        self.residual = residual
        self.fails = fails
        self.sees_neighbours = sees_neighbours
        self.encoded = []
        self.contexts = []
        self.decoded = []

    def to(self, device):
        self.device = torch.device(device)
        return self

    def encode(self, first, last, context=None):
        self.contexts.append(context)
        self._remember(first)
        self.encoded.append(tuple(first.shape))
        return EncodedPair(squeeze_single_slice(torch.cat([first, last])), [])

    def decode(self, pair, t):
        first = pair.ends.chunk(2)[0]
        self._remember(first)
        self.decoded.append(t.tolist())
        dimensions = pair.ends.ndim - 2
        share = torch.cat([-t, 1 - t]).view(-1, 1, *[1] * dimensions)
        way = torch.cat([torch.zeros(dimensions - 2), self.way]).view(1, -1, *[1] * dimensions)
        displacement = (share * way).expand(-1, -1, *pair.ends.shape[2:])
        t = t.view(-1, 1, *[1] * dimensions)
        weights = torch.cat([0 * t, 1 - t, 0 * t, t], dim=1).expand(-1, -1, *first.shape[2:])
        residual = (4 * t * (1 - t) * self.residual).expand_as(first)
        return Synthesis(first, [displacement], [pair.ends], weights, residual)

    def _remember(self, volume):
        if self.fails is not None and volume.numel() >= self.fails and self.device.type != "cpu":
            raise RuntimeError("MPS backend out of memory (as one of PyTorch's backends says it)")


@pytest.fixture
def known_student():
    """The class."""
    return KnownStudent


@pytest.fixture
def torch_threads():
    """Sets how many threads PyTorch may use, for one test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
