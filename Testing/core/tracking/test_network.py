"""The network that says how far a frame still is from the next one."""

import pytest
import torch

from temporal_interp.tracking.network import MotionNetwork, _blocks

SHAPES = ((12, 16), (13, 17), (1, 12, 16), (3, 9, 10))


def made(dimensions, **choices):
    torch.manual_seed(3)
    network = MotionNetwork(dimensions, (4, 6, 8), **choices)
    torch.nn.init.normal_(network.last.weight, std=0.3)  # a fresh one answers hardly anything
    torch.nn.init.normal_(network.last.bias, std=0.3)
    return network


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_field_has_a_vector_at_every_voxel(shape, stride):
    field = made(len(shape), stride=stride)(torch.rand(2, 1, *shape), torch.rand(2, 1, *shape))
    assert field.shape == (2, len(shape), *shape)
    assert torch.isfinite(field).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_images_do_not_move(shape):
    image = torch.rand(2, 1, *shape)
    assert made(len(shape))(image, image).abs().max() < 1e-6
    assert made(len(shape), antisymmetric=False)(image, image).abs().max() > 0.1


def test_swapped_images_give_the_opposite_field():
    one, other = torch.rand(1, 1, 12, 16), torch.rand(1, 1, 12, 16)
    network = made(2)
    torch.testing.assert_close(network(one, other), -network(other, one))


def test_fresh_network_hardly_moves_anything():
    torch.manual_seed(0)
    field = MotionNetwork(2, (16, 32, 32))(torch.rand(1, 1, 32, 32), torch.rand(1, 1, 32, 32))
    assert 0 < field.abs().max() < 0.05


@pytest.mark.parametrize("shape", [(4, 6), (2, 4, 6)])
def test_blocks_lose_no_voxel(shape):
    image = torch.arange(2 * 2 * torch.tensor(shape).prod()).view(2, 2, *shape).float()
    blocks = _blocks(image, 2)
    assert blocks.shape == (2, 2 * 2 ** len(shape), *(n // 2 for n in shape))
    assert sorted(blocks.flatten().tolist()) == image.flatten().tolist()
    corner = image[(0, 0, *(slice(0, 2) for _ in shape))]
    first = blocks[(0, slice(0, 2 ** len(shape)), *(0 for _ in shape))]
    assert sorted(first.tolist()) == sorted(corner.flatten().tolist())


def test_blocks_repeat_the_border_where_they_do_not_fit():
    blocks = _blocks(torch.tensor([[[[1.0, 2.0, 3.0]]]]), 2)
    assert blocks[0, :, 0].T.tolist() == [[1, 2, 1, 2], [3, 3, 3, 3]]
