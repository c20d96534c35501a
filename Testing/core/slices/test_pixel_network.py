"""SInt-A and PInt: fresh ones are linear interpolation, each answer lies where it should, every weight learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from temporal_interp.slices.attention import AttentionBlock, ChannelAttention, ResidualGroup
from temporal_interp.slices.pixel_network import (
    ChannelSpatialAttention,
    LayerAttention,
    PixelNetwork,
    rows_from_channels,
)
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings
from temporal_interp.slices.slice_network import SliceNetwork

FACTORS = (2, 3, 4)
SMALL_SLICE = SliceNetworkSettings(features=1, block_side=4, blocks=1, memory_items=3)
SMALL_PIXEL = PixelNetworkSettings(width=4, groups=2, blocks=1, holistic=True)
PLAIN_PIXEL = PixelNetworkSettings(width=4, groups=2, blocks=1, holistic=False)
SEED_WITH_OPEN_ATTENTION = 2
"""Of a network in which no attention starts with all of its four units at zero, where they have no gradient."""


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


# What both are made of


def test_channel_attention_weighs_each_channel_by_one_number_between_0_and_1():
    torch.manual_seed(0)
    attention, x = ChannelAttention(6), image(2, 6, 5, 4) + 0.1
    weights = attention(x) / x
    torch.testing.assert_close(weights, weights[:, :, :1, :1].expand_as(weights))
    assert ((weights > 0) & (weights < 1)).all()
    assert attention(x[:, :, torch.randperm(5)]).sum().item() == pytest.approx(attention(x).sum().item(), rel=1e-5)


@pytest.mark.parametrize(("channels", "inside"), [(192, 12), (64, 4), (8, 4)])
def test_channel_attention_is_narrow_inside(channels, inside):
    assert ChannelAttention(channels).squeeze.out_channels == inside


@pytest.mark.parametrize("make", [lambda: AttentionBlock(4), lambda: ResidualGroup(4, 2)])
def test_blocks_are_added_to_what_came_in(make):
    part, x = make(), image(1, 4, 5, 6)
    assert not torch.equal(part(x), x)
    for weights in part.parameters():
        torch.nn.init.zeros_(weights)
    assert torch.equal(part(x), x)


# SInt-A


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


# PInt


@pytest.mark.parametrize("settings", [SMALL_PIXEL, PLAIN_PIXEL])
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("size", [(8, 10), (7, 5), (2, 3), (1, 6), (5, 1), (1, 1)])
def test_fresh_pixel_network_is_linear_interpolation(settings, factor, size):
    coarse = image(2, 1, *size)
    fine = pixel_network(factor, settings)(coarse).detach().numpy()
    rows = np.arange((size[0] - 1) * factor + 1) / factor
    expected = np.apply_along_axis(lambda column: np.interp(rows, np.arange(size[0]), column), 2, coarse.numpy())
    assert fine.shape == expected.shape
    np.testing.assert_allclose(fine, expected, rtol=0, atol=5e-7)


@pytest.mark.parametrize("factor", FACTORS)
def test_row_n_r_lies_where_row_n_does(factor):
    coarse = image(1, 1, 200, 3)
    fine = pixel_network(factor)(coarse)
    torch.testing.assert_close(fine[:, :, ::factor], coarse, rtol=0, atol=1e-6)
    assert fine.shape[2] == 199 * factor + 1


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("settings", [SMALL_PIXEL, PLAIN_PIXEL])
def test_detail_of_row_n_is_at_rows_n_r_and_after_it(settings, factor):
    network = pixel_network(factor, settings)
    torch.nn.init.zeros_(network.stretch.weight)
    network.stretch.bias.data = torch.arange(float(factor)).repeat(settings.width)  # all channels alike
    network.tail.weight.data[0, 0, 1, 1] = 1
    fine = network(torch.zeros(1, 1, 3, 2))
    assert fine[0, 0, :, 0].tolist() == [*range(factor), *range(factor), 0]
    assert torch.equal(fine[..., 0], fine[..., 1])


def test_rows_are_taken_from_neighbouring_channels():
    features = torch.arange(12.0).view(1, 4, 3, 1)  # two channels for either of two; three rows
    assert rows_from_channels(features, 2).view(2, 6).tolist() == [[0, 3, 1, 4, 2, 5], [6, 9, 7, 10, 8, 11]]
    assert rows_from_channels(features, 4).view(12).tolist() == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]


@pytest.mark.parametrize("factor", FACTORS)
def test_rows_from_channels_is_pixel_shuffle_along_one_axis(factor):
    features = image(2, 3 * factor, 5, 4)
    # as much along the columns too, by showing every feature so many times, and one of these columns
    square = functional.pixel_shuffle(features.repeat_interleave(factor, 1), factor)[..., ::factor]
    assert torch.equal(rows_from_channels(features, factor), square)
    assert torch.equal(rows_from_channels(features.to(memory_format=torch.channels_last), factor), square)


def test_detail_reaches_no_row_that_its_weights_do_not():
    network = moved(pixel_network(3, PLAIN_PIXEL))
    for part in network.modules():
        if isinstance(part, ChannelAttention):  # it sees the whole image
            torch.nn.init.zeros_(part.excite.weight)
    coarse = image(1, 1, 41, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(network(coarse)[0, 0, 20 * 3].sum(), coarse)
    seen = gradient[0, 0].abs().amax(1).nonzero().flatten()
    # row 60 is phase 0 of row 20, and its last convolution reaches row 59, of row 19: head, 2 x (2 + 1), last, stretch
    assert (seen.min(), seen.max()) == (20 - 9 - 1, 20 + 9)


def test_layer_attention_weighs_layers_by_how_alike_they_are():
    torch.manual_seed(0)
    attention = LayerAttention(3, 2)
    attention.gain.data.fill_(0.7)
    layers = [3 * image(1, 2, 4, 5, seed=seed) for seed in range(3)]
    weighed = []
    for one in layers:
        alike = torch.stack([(one * other).mean() for other in layers]).exp()
        weighed.append(one + 0.7 * sum(w * layer for w, layer in zip(alike / alike.sum(), layers, strict=True)))
    torch.testing.assert_close(attention(layers), attention.mix(torch.cat(weighed, 1)))


def test_layer_attention_does_not_mix_the_images_of_a_batch():
    torch.manual_seed(0)
    attention = LayerAttention(2, 2)
    attention.gain.data.fill_(1)
    layers = [image(3, 2, 4, 5, seed=seed) for seed in range(2)]
    alone = torch.cat([attention([layer[n : n + 1] for layer in layers]) for n in range(3)])
    torch.testing.assert_close(attention(layers), alone)


def test_channel_spatial_attention_starts_as_nothing_and_sees_neighbouring_channels():
    torch.manual_seed(0)
    attention, x = ChannelSpatialAttention(), image(1, 5, 6, 7)
    assert torch.equal(attention(x), x)
    attention.gain.data.fill_(1)
    weights = attention(x) / x - 1
    assert ((weights > 0) & (weights < 1)).all()
    changed = x.clone()
    changed[0, 0, 0, 0] += 1
    seen = (attention(changed) - attention(x)).abs()[0] > 0
    assert seen[:2, :2, :2].all()
    assert not seen[2:].any()
    assert not seen[:, 2:].any()
    assert not seen[:, :, 2:].any()


def test_pixel_network_is_put_together_as_han():
    network = moved(pixel_network())
    came, went = watched(network)
    network(image(1, 1, 6, 7))
    assert torch.equal(came["groups.0"], went["head"])
    assert torch.equal(came["groups.1"], went["groups.0"])
    assert torch.equal(came["last"], went["groups.1"])
    layers = [went["groups.0"], went["groups.1"]]
    assert all(torch.equal(*pair) for pair in zip(came["layer_attention"], layers, strict=True))
    assert torch.equal(came["channel_attention"], went["last"])
    assert torch.equal(came["join"], torch.cat([went["channel_attention"], went["layer_attention"]], 1))
    assert torch.equal(came["stretch"], went["join"] + went["head"])


def test_without_holistic_attention_the_groups_are_all_there_is():
    network = moved(pixel_network(2, PLAIN_PIXEL))
    came, went = watched(network)
    network(image(1, 1, 6, 7))
    assert torch.equal(came["stretch"], went["last"] + went["head"])


def test_without_holistic_attention_its_parts_are_not_there():
    whole, plain = pixel_network(), pixel_network(2, PLAIN_PIXEL)
    assert {name.split(".")[0] for name, _ in whole.named_parameters()} - {
        name.split(".")[0] for name, _ in plain.named_parameters()
    } == {"layer_attention", "channel_attention", "join"}
    coarse = image(1, 1, 4, 5)
    assert moved(plain)(coarse).shape == moved(whole)(coarse).shape == (1, 1, 7, 5)


@pytest.mark.parametrize("settings", [SMALL_PIXEL, PLAIN_PIXEL, replace(SMALL_PIXEL, groups=1)])
@pytest.mark.parametrize("factor", FACTORS)
def test_every_weight_of_the_pixel_network_learns(settings, factor):
    network = pixel_network(factor, settings).train()
    coarse, truth = image(2, 1, 6, 8), image(2, 1, 5 * factor + 1, 8, seed=3)
    assert unmoved_after(network, lambda: (network(coarse) - truth).square().mean()) == []


@pytest.mark.parametrize("make", [moved, lambda network: network])
def test_images_of_a_batch_do_not_see_each_other(make):
    first, second = image(3, 1, 6, 7).double(), image(3, 1, 6, 7, seed=2).double()
    between, fine = make(slice_network()).double(), make(pixel_network()).double()
    for n in range(3):
        one = slice(n, n + 1)
        torch.testing.assert_close(between(first, second).slices[one], between(first[one], second[one]).slices)
        torch.testing.assert_close(fine(first)[one], fine(first[one]))


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


@pytest.mark.parametrize(("factor", "weights"), [(2, 15_811_007), (3, 15_847_935), (4, 15_884_863)])
def test_pixel_network_of_the_paper(factor, weights):
    with torch.device("meta"):
        network = PixelNetwork(factor, PixelNetworkSettings.paper())
        fine = network(torch.zeros(1, 1, 15, 128))
    assert fine.shape == (1, 1, 14 * factor + 1, 128)
    assert sum(part.numel() for part in network.parameters()) == weights
    assert [len(group.blocks) for group in network.groups] == [20] * 10
