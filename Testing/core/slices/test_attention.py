"""Channel attention, and what is made of it."""

import pytest
import torch

from small_slice_networks import image
from temporal_interp.slices.attention import AttentionBlock, ChannelAttention, ResidualGroup


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
