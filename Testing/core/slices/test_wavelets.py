"""Haar wavelets against numbers written by hand; they keep the energy."""

import pytest
import torch

from temporal_interp.slices.wavelets import SCALES, haar_details


def image(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def lows(images: torch.Tensor) -> torch.Tensor:
    """The band that is left, by sums over blocks of two by two."""
    return torch.nn.functional.avg_pool2d(images, 2) * 2


def test_numbers_written_by_hand():
    (details,) = haar_details(torch.tensor([[[[1.0, 2.0], [4.0, 8.0]]]]), 1)
    assert details.shape == (3, 1, 1, 1, 1)
    # (1 + 2 - 4 - 8) / 2 across the rows, (1 - 2 + 4 - 8) / 2 across the columns, (1 - 2 - 4 + 8) / 2 across both
    assert details.flatten().tolist() == [-4.5, -2.5, 1.5]


def test_second_scale_is_of_what_the_first_leaves():
    images = torch.arange(16.0).view(1, 1, 4, 4)
    fine, coarse = haar_details(images, 2)
    # within each block of the ramp 4 y + x: rows differ by 4, columns by 1
    assert fine[0].unique().tolist() == [-4]
    assert fine[1].unique().tolist() == [-1]
    assert fine[2].unique().tolist() == [0]
    # sums over blocks halved: 5, 9 and 21, 25
    assert coarse.flatten().tolist() == [(5 + 9 - 21 - 25) / 2, (5 - 9 + 21 - 25) / 2, (5 - 9 - 21 + 25) / 2]


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_details_and_what_is_left_have_the_energy_of_the_image(scales):
    images = image(2, 3, 16, 24)
    low = images
    for _ in range(scales):
        low = lows(low)
    energy = low.square().sum() + sum(part.square().sum() for part in haar_details(images, scales))
    torch.testing.assert_close(energy, images.square().sum())


def test_each_image_is_apart():
    images = image(2, 3, 8, 8)
    for whole, alone in zip(haar_details(images), haar_details(images[1:, 2:]), strict=True):
        torch.testing.assert_close(whole[:, 1:, 2:], alone)


def test_bands_tell_directions_apart():
    stripes = (torch.arange(8) % 2).double().view(1, 1, 8, 1).expand(1, 1, 8, 8)
    across_rows, across_columns, across_both = haar_details(stripes, 1)[0].abs().amax((1, 2, 3, 4))
    assert (across_rows, across_columns, across_both) == (1, 0, 0)
    across_rows, across_columns, across_both = haar_details(stripes.mT, 1)[0].abs().amax((1, 2, 3, 4))
    assert (across_rows, across_columns, across_both) == (0, 1, 0)
    across_rows, across_columns, across_both = haar_details((stripes - stripes.mT).abs(), 1)[0].abs().amax((1, 2, 3, 4))
    assert (across_rows, across_columns, across_both) == (0, 0, 1)


def test_flat_image_has_no_details():
    assert all(not part.any() for part in haar_details(torch.full((1, 1, 16, 16), 0.75)))


@pytest.mark.parametrize(("size", "expected"), [((16, 16), (8, 4, 2)), ((15, 16), (7, 3, 1)), ((9, 40), (4, 2, 1))])
def test_odd_last_row_is_left_out(size, expected):
    images = image(1, 1, *size)
    details = haar_details(images)
    assert len(details) == SCALES
    assert tuple(part.shape[3] for part in details) == expected
    torch.testing.assert_close(details[0], haar_details(images[:, :, : size[0] // 2 * 2])[0])
    turned = haar_details(images.mT)
    for part, other in zip(details, turned, strict=True):
        torch.testing.assert_close(part[[1, 0, 2]].mT, other)


@pytest.mark.parametrize(("size", "scales"), [((1, 9), 0), ((9, 1), 0), ((2, 9), 1), ((3, 3), 1), ((4, 7), 2)])
def test_scales_beyond_the_size_are_left_out(size, scales):
    assert len(haar_details(image(1, 1, *size))) == scales


def test_gradients_reach_the_image():
    images = image(1, 1, 8, 8).requires_grad_()
    sum(part.square().sum() for part in haar_details(images)).backward()
    assert (images.grad.abs() > 0).all()
