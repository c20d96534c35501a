"""SInt-A: a fresh one is linear interpolation, slices lie where they should, every weight learns."""

import pytest
import torch
from torch.nn import functional

from small_slice_networks import FACTORS, SMALL_SLICE, image, moved, slice_network, unmoved_after, watched
from temporal_interp.slices.settings import SliceNetworkSettings
from temporal_interp.slices.slice_network import SliceNetwork

SEED_WITH_OPEN_ATTENTION = 2
"""Of a network in which no attention starts with all of its four units at zero, where they have no gradient."""


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("plane", [(16, 12), (17, 13), (1, 9), (9, 1), (3, 2), (1, 1)])
def test_fresh_slice_network_is_linear_interpolation(factor, plane):
    first, second = image(2, 1, *plane), image(2, 1, *plane, seed=2)
    between = slice_network(factor)(first, second)
    assert between.slices.shape == (2, factor - 1, *plane)
    for t in range(1, factor):
        expected = (1 - t / factor) * first[:, 0] + t / factor * second[:, 0]
        torch.testing.assert_close(between.slices[:, t - 1], expected, rtol=0, atol=2e-7)


@pytest.mark.parametrize("factor", FACTORS)
def test_trained_slice_network_is_more_than_linear_interpolation(factor):
    first, second = image(2, 1, 9, 10), image(2, 1, 9, 10, seed=2)
    fresh, trained = slice_network(factor)(first, second), moved(slice_network(factor))(first, second)
    assert trained.slices.shape == fresh.slices.shape
    assert (trained.slices - fresh.slices).abs().amax((0, 2, 3)).min() > 1e-3


def test_slices_come_in_their_order_and_pixels_at_their_places():
    network = slice_network(3)
    side = SMALL_SLICE.block_side
    network.tail.bias.data = torch.arange(2.0 * side**2)
    blank = torch.zeros(1, 1, 2 * side, side)
    block = torch.arange(float(side**2)).view(side, side)
    expected = torch.stack([block, block + side**2]).repeat(1, 2, 1)
    assert torch.equal(network(blank, blank).slices[0], expected)


def test_sizes_that_blocks_do_not_fill_are_filled_with_the_border():
    network = moved(slice_network())
    first, second = image(1, 1, 6, 9), image(1, 1, 6, 9, seed=2)
    filled = [functional.pad(slice_, (0, 3, 0, 2), mode="replicate") for slice_ in (first, second)]
    torch.testing.assert_close(network(first, second).slices, network(*filled).slices[..., :6, :9])


def test_slice_network_sees_both_slices_and_their_order():
    network = moved(slice_network(2, SliceNetworkSettings(features=1, block_side=2, blocks=1, memory_items=0)))
    first, second, third = (image(1, 1, 8, 8, seed=seed) for seed in range(3))

    def detail(one, other):
        return network(one, other).slices - (one + other) / 2

    for pair in [(third, second), (first, third), (second, first)]:
        assert (detail(first, second) - detail(*pair)).abs().max() > 1e-3


def test_slice_network_is_put_together_as_in_the_paper():
    network = moved(slice_network())
    came, went = watched(network)
    first, second = image(1, 1, 8, 8), image(1, 1, 8, 8, seed=2)
    network(first, second)
    blocks = [functional.pixel_unshuffle(network.head(slice_), SMALL_SLICE.block_side) for slice_ in (first, second)]
    torch.testing.assert_close(came["join"], torch.cat(blocks, 1))
    assert torch.equal(came["encoder.0"], went["join"])  # E_0
    assert torch.equal(came["encoder.1"], went["encoder.0"])  # E_1
    assert torch.equal(came["encoder.2"], went["encoder.1"])  # E_2
    assert torch.equal(came["middle"], went["encoder.2"] + went["join"])
    assert torch.equal(came["memory"], went["middle"])  # E_3
    assert torch.equal(came["decoder.0"], went["memory"].features)  # D_3
    assert torch.equal(came["decoder.1"], went["decoder.0"] + went["encoder.1"])
    assert torch.equal(came["decoder.2"], went["decoder.1"] + went["encoder.0"])
    assert torch.equal(came["tail"], went["decoder.2"])


def test_without_a_memory_bank_there_is_nothing_to_add_to_the_loss():
    network = slice_network(2, SliceNetworkSettings(features=1, block_side=2, blocks=1, memory_items=0))
    between = network(image(1, 1, 8, 8), image(1, 1, 8, 8, seed=2))
    assert network.memory is None
    assert between.compactness == between.separateness == 0


def test_slice_network_passes_on_what_the_memory_bank_says():
    network = moved(slice_network())
    heard = []
    network.memory.register_forward_hook(lambda *call: heard.append(call[2]))
    between = network(image(1, 1, 8, 8), image(1, 1, 8, 8, seed=2))
    assert len(heard) == 1
    assert (between.compactness, between.separateness) == heard[0][1:]
    assert between.compactness > 0


@pytest.mark.parametrize("items", [0, 1, 3])
@pytest.mark.parametrize("factor", FACTORS)
def test_every_weight_of_the_slice_network_learns(factor, items):
    settings = SliceNetworkSettings(features=2, block_side=2, blocks=1, memory_items=items)
    network = slice_network(factor, settings, seed=SEED_WITH_OPEN_ATTENTION).train()
    first, second, truth = (image(2, n, 12, 12, seed=seed) for seed, n in enumerate((1, 1, factor - 1)))

    def loss():
        between = network(first, second)
        return (between.slices - truth).square().mean() + 0.1 * (between.compactness + between.separateness)

    assert unmoved_after(network, loss) == []


# The paper's sizes


@pytest.mark.parametrize(("factor", "weights"), [(2, 52_243_966), (3, 52_354_622), (4, 52_465_278)])
def test_slice_network_of_the_paper(factor, weights):
    with torch.device("meta"):
        network = SliceNetwork(factor, SliceNetworkSettings.paper()).eval()
        slices = network(torch.zeros(1, 1, 128, 128), torch.zeros(1, 1, 128, 128)).slices
    assert slices.shape == (1, factor - 1, 128, 128)
    assert sum(part.numel() for part in network.parameters()) == weights
    assert network.memory.items.shape == (10, 192)
    assert network.join.weight.shape == (192, 384, 3, 3)
    assert [len(group.blocks) for group in network.encoder] == [12, 12, 12]
    assert [len(group.blocks) for _, group in network.decoder] == [12, 12, 12]
