"""Convolution units: stacks and single slices share weights, strides, normalisation."""

import pytest
import torch
from torch.nn import functional

from random_networks import images, perturbed, without_gradient
from temporal_interp.networks.convolution import (
    SLOPE,
    Convolution,
    ConvolutionBlock,
    ConvolutionUnit,
    halving,
    near_zero,
)


def test_a_fresh_convolution_works_slice_by_slice():
    convolution = Convolution(2, 3)
    (stack,) = images(2, 2, 4, 9, 7, count=1)
    made = convolution(stack)
    assert made.shape == (2, 3, 4, 9, 7)
    for k in range(4):
        torch.testing.assert_close(made[:, :, k], convolution(stack[:, :, k]))


def test_a_trained_convolution_sees_the_neighbouring_slices_of_a_stack():
    convolution = perturbed(Convolution(1, 1))
    (stack,) = images(1, 1, 3, 8, 8, count=1)
    other = stack.clone()
    other[:, :, 0] += 1
    changed = (convolution(other) - convolution(stack)).abs().amax(dim=(0, 1, 3, 4))
    assert (changed > 0).tolist() == [True, True, False]


def test_a_single_slice_uses_the_middle_plane_of_the_kernels():
    convolution = perturbed(Convolution(2, 3))
    (image,) = images(1, 2, 8, 8, count=1)
    expected = functional.conv2d(image, convolution.weight[:, :, 1], convolution.bias, padding=1)
    torch.testing.assert_close(convolution(image), expected)
    alone_in_a_stack = convolution(image.unsqueeze(2)).squeeze(2)  # zeros above and below
    torch.testing.assert_close(convolution(image), alone_in_a_stack)


@pytest.mark.parametrize(
    ("shape", "stride", "expected"),
    [((9, 8), (2, 2), (5, 4)), ((9, 8), (1, 2), (9, 4)), ((5, 9, 8), (1, 2, 2), (5, 5, 4))],
)
def test_a_unit_strides_once_and_at_first(shape, stride, expected):
    (image,) = images(2, 3, *shape, count=1)
    unit, seen = ConvolutionUnit(3, 4), []
    unit.first.register_forward_hook(lambda block, given, made: seen.append(made.shape))
    assert unit(image, stride).shape == (2, 4, *expected)
    assert unit(image).shape == (2, 4, *shape)
    assert seen == [(2, 4, *expected), (2, 4, *shape)]


def test_a_block_normalises_every_channel_of_every_image_and_bends_below_zero():
    block = ConvolutionBlock(1, 3)
    (image,) = images(2, 1, 16, 16, count=1)
    image[1] = 5 + 100 * image[1]  # brightness and contrast do not matter
    made = block(image)
    unbent = torch.where(made < 0, made / SLOPE, made)
    torch.testing.assert_close(unbent.mean(dim=(2, 3)), torch.zeros(2, 3), rtol=0, atol=1e-4)
    torch.testing.assert_close(unbent.var(dim=(2, 3), unbiased=False), torch.ones(2, 3), rtol=0, atol=1e-2)


def test_images_of_a_batch_do_not_touch_one_another():
    unit = perturbed(ConvolutionUnit(2, 4))
    (batch,) = images(3, 2, 3, 9, 8, count=1)
    for number in range(3):
        torch.testing.assert_close(unit(batch)[number], unit(batch[number : number + 1])[0], rtol=0, atol=1e-5)


def test_every_weight_of_a_unit_learns():
    unit = ConvolutionUnit(2, 3)
    unit(images(1, 2, 3, 8, 8, count=1)[0]).square().mean().backward()
    # a mean square after a normalisation is the same for every first kernel but for the bend
    assert list(without_gradient(unit)) == []


def test_near_zero_layers_start_with_their_deviation_and_no_bias():
    layer = near_zero(Convolution(40, 40), 0.01)
    assert layer.weight[:, :, 1].std().item() == pytest.approx(0.01, rel=0.05)
    assert not layer.weight[:, :, 0::2].any()
    assert not layer.bias.any()
    assert not near_zero(Convolution(4, 4)).weight.any()
    linear = near_zero(torch.nn.Linear(100, 100), 0.01)
    assert linear.weight.std().item() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize(
    ("shape", "shortest", "stride"),
    [((10, 32, 32), 16, (1, 2, 2)), ((16, 15, 17), 16, (2, 1, 2)), ((3, 2), 2, (2, 2)), ((1, 8), 2, (1, 2))],
)
def test_only_axes_that_are_long_enough_are_halved(shape, shortest, stride):
    assert halving(shape, shortest) == stride
