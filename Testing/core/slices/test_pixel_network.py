"""PInt: a fresh one is linear interpolation, rows lie where they should, every weight learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from small_slice_networks import (
    FACTORS,
    SMALL_PIXEL,
    image,
    moved,
    pixel_network,
    slice_network,
    unmoved_after,
    watched,
)
from temporal_interp.slices.attention import ChannelAttention
from temporal_interp.slices.pixel_network import (
    ChannelSpatialAttention,
    LayerAttention,
    PixelNetwork,
    rows_from_channels,
)
from temporal_interp.slices.settings import PixelNetworkSettings

PLAIN_PIXEL = PixelNetworkSettings(width=4, groups=2, blocks=1, holistic=False)


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


def test_layer_attention_weighs_layers_by_their_similarity():
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


@pytest.mark.parametrize(("factor", "weights"), [(2, 15_811_007), (3, 15_847_935), (4, 15_884_863)])
def test_pixel_network_of_the_paper(factor, weights):
    with torch.device("meta"):
        network = PixelNetwork(factor, PixelNetworkSettings.paper())
        fine = network(torch.zeros(1, 1, 15, 128))
    assert fine.shape == (1, 1, 14 * factor + 1, 128)
    assert sum(part.numel() for part in network.parameters()) == weights
    assert [len(group.blocks) for group in network.groups] == [20] * 10
