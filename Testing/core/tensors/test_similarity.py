"""Local correlation against closed forms."""

import itertools

import numpy as np
import pytest
import torch

from temporal_interp.tensors.similarity import box_mean, local_correlation_loss, squared_local_correlation


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(9, 10), (5, 6, 7), (1, 6, 7)])
def test_box_mean_is_the_mean_of_the_part_of_the_window_inside_the_image(shape):
    image = random(1, 1, *shape)
    mean = box_mean(image, 5)
    assert mean.shape == image.shape
    for index in itertools.product(*[(0, n // 2, n - 1) for n in shape]):
        window = image[(0, 0, *[slice(max(0, p - 2), p + 3) for p in index])]
        assert float(mean[(0, 0, *index)]) == pytest.approx(float(window.mean()), abs=1e-6)


@pytest.mark.parametrize("shape", [(9, 10), (5, 6, 7), (1, 6, 7)])
def test_a_stride_takes_every_so_many_windows_along_each_axis(shape):
    image, target = random(2, 1, *shape), random(2, 1, *shape, seed=1)
    every = box_mean(image, 5)[(..., *[slice(None, None, 3)] * len(shape))]
    torch.testing.assert_close(box_mean(image, 5, stride=3), every)
    weight = torch.zeros(2, 1, *shape)
    weight[(..., *[slice(None, None, 3)] * len(shape))] = 1.0
    expected = local_correlation_loss(image, target, window=5, weight=weight)
    for given in (None, weight):
        loss = local_correlation_loss(image, target, window=5, stride=3, weight=given)
        torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("shape", [(20, 22), (6, 20, 22)])
@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.5, 0.4), (-0.8, 0.9)])
def test_images_equal_up_to_gain_and_offset_have_no_loss(shape, gain, offset):
    image = random(2, 1, *shape)
    loss = local_correlation_loss(gain * image + offset, image, window=5)
    assert 0 <= float(loss) < 0.01  # the rest is NOISE_VARIANCE_FLOOR against the variance


def test_loss_is_one_minus_the_squared_correlation_of_the_window():
    first, second = random(1, 1, 5, 5), random(1, 1, 5, 5, seed=1)
    # a window of 9 around any voxel of a 5 x 5 image holds the whole image
    expected = 1 - np.corrcoef(first.flatten(), second.flatten())[0, 1] ** 2
    assert float(local_correlation_loss(first, second, window=9)) == pytest.approx(expected, abs=5e-3)


def test_unrelated_and_flat_images_are_unlike():
    first, second = random(1, 1, 60, 60), random(1, 1, 60, 60, seed=1)
    assert float(local_correlation_loss(first, second, window=9)) > 0.95
    flat = torch.full((1, 1, 60, 60), 0.3)
    assert float(local_correlation_loss(flat, first, window=9)) == pytest.approx(1, abs=1e-4)


def test_flat_images_give_a_finite_gradient_that_is_next_to_nothing():
    flat = torch.full((1, 1, 12, 12), 0.3, requires_grad=True)
    local_correlation_loss(flat, flat.detach().clone(), window=5).backward()
    assert float(flat.grad.abs().max()) < 1e-6


def test_every_problem_can_have_a_flatness_of_its_own():
    first, second = random(2, 1, 12, 12), random(2, 1, 12, 12, seed=1)
    flats = 0.001, 0.5
    apart = [
        local_correlation_loss(first[n : n + 1], second[n : n + 1], window=5, noise_variance_floor=flat)
        for n, flat in enumerate(flats)
    ]
    together = local_correlation_loss(
        first, second, window=5, noise_variance_floor=torch.tensor(flats).view(2, 1, 1, 1)
    )
    torch.testing.assert_close(together, torch.stack(apart).mean())
    assert apart[1] > apart[0]


def test_loss_is_symmetric():
    first, second = random(1, 1, 8, 9, 10), random(1, 1, 8, 9, 10, seed=1)
    there, back = (local_correlation_loss(*pair, window=5) for pair in ((first, second), (second, first)))
    torch.testing.assert_close(there, back)


def test_windows_compare_only_what_both_images_show():
    generator = torch.Generator().manual_seed(0)
    image, other = (torch.rand(1, 1, 20, 24, generator=generator) for _ in range(2))
    seen = torch.ones_like(image)
    seen[..., 12:] = 0.0
    target = torch.where(seen > 0, 2 * image + 1, other)
    found = squared_local_correlation(image, target, window=5, noise_variance_floor=1e-9, seen=seen)
    share = box_mean(seen, 5)
    torch.testing.assert_close(found, share, rtol=0, atol=1e-3)  # all that is seen agrees
    assert not found[..., 14:].any()
    cut = squared_local_correlation(image[..., :12], other[..., :12], window=5)
    whole = squared_local_correlation(image, other, window=5, seen=seen)[..., :12]
    torch.testing.assert_close(whole, share[..., :12] * cut)
