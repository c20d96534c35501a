"""Small fields smoothed and resized by products of matrices: what convolution and interpolation give."""

import pytest
import torch

from temporal_interp.registration.separable import along_axes, gaussian_weights, resize_small_field
from temporal_interp.tensors.spatial import resize_field, smooth

SHAPES = [(5, 9), (1, 7), (4, 6, 9), (1, 5, 3)]


def field(shape):
    return torch.randn(2, len(shape), *shape, generator=torch.Generator().manual_seed(0), requires_grad=True)


def gradient(made, by):
    return torch.autograd.grad((made * torch.arange(made.numel()).view(made.shape)).sum(), by)[0] / made.numel()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("width", [0.0, 0.3, 0.7, 4.0])
def test_smoothing_is_that_of_the_convolution_and_so_is_its_gradient(shape, width):
    vectors = field(shape)
    sigma = tuple(width * (1 + axis) for axis in range(len(shape)))
    weights = [gaussian_weights(n, along, vectors.device) for n, along in zip(shape, sigma, strict=True)]
    made, known = along_axes(weights, vectors), smooth(vectors, sigma)
    torch.testing.assert_close(made, known, rtol=1e-5, atol=2e-6)
    torch.testing.assert_close(gradient(made, vectors), gradient(known, vectors), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("larger", [1, 2.7, 0.6])
def test_resizing_is_that_of_the_interpolation_and_so_is_its_gradient(shape, larger):
    vectors = field(shape)
    onto = tuple(max(1, round(n * larger)) for n in shape)
    made, known = resize_small_field(vectors, onto), resize_field(vectors, onto)
    assert made.shape == known.shape
    torch.testing.assert_close(made, known, rtol=1e-5, atol=2e-6)
    torch.testing.assert_close(gradient(made, vectors), gradient(known, vectors), rtol=1e-5, atol=2e-6)
