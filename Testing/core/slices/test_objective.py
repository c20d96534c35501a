"""The losses of slice synthesis against their definitions."""

import numpy as np
import pytest
import torch

from temporal_interp.slices.objective import distillation_loss, restoration_loss


def pair(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.rand(*shape, dtype=torch.float64), torch.rand(*shape, dtype=torch.float64)


def bands(image: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """What is left of an image (rows, columns) and its three details, by blocks."""
    rows, columns = (n // 2 for n in image.shape)
    answer = np.zeros((4, rows, columns))
    for y in range(rows):
        for x in range(columns):
            (a, b), (c, d) = image[2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
            answer[:, y, x] = (a + b + c + d) / 2, (a + b - c - d) / 2, (a - b + c - d) / 2, (a - b - c + d) / 2
    return answer[0], list(answer[1:])


@pytest.mark.parametrize("size", [(8, 8), (9, 14)])
@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_restoration_is_the_squared_error_of_the_image_and_of_its_details(size, weight):
    restored, truth = pair(2, 1, *size)
    expected = ((restored - truth) ** 2).mean().item()
    error = [(restored - truth)[n, 0].numpy() for n in range(2)]  # wavelets are linear
    for _ in range(3):
        split = [bands(image) for image in error]
        error = [low for low, _ in split]
        for band in range(3):
            expected += weight * np.mean([details[band] ** 2 for _, details in split])
    assert restoration_loss(restored, truth, wavelets=weight).item() == pytest.approx(expected, rel=1e-9)


def test_restoration_of_the_truth_is_zero():
    _, truth = pair(1, 1, 8, 8)
    assert restoration_loss(truth, truth, wavelets=1.0) == 0


def test_an_offset_has_no_details():
    truth = torch.zeros(1, 1, 8, 8)
    assert restoration_loss(truth + 0.5, truth, wavelets=1.0) == 0.25
    stripes = torch.arange(8).remainder(2).mul(2.0).sub(1).expand(1, 1, 8, 8)
    # 1 of the image; of its first details one band is 2 everywhere, and nothing is left for the coarser ones
    assert restoration_loss(truth + stripes, truth, wavelets=1.0) == 1 + 4


@pytest.mark.parametrize("size", [(1, 6), (6, 1), (1, 1)])
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_images_too_small_for_wavelets_have_a_squared_error(size, weight):
    restored, truth = pair(1, 1, *size)
    assert restoration_loss(restored, truth, wavelets=weight) == (restored - truth).square().mean()


@pytest.mark.parametrize(("share", "kept"), [(0.4, 12), (0.25, 8), (0.29, 9), (0.5, 15), (1.0, 30)])
def test_only_the_most_similar_points_count(share, kept):
    first, second = pair(1, 5, 2, 3)
    expected = np.sort((first - second).square().numpy(), axis=None)[:kept].mean()
    assert distillation_loss(first, second, share).item() == pytest.approx(expected, rel=1e-12)


def test_a_share_is_counted_exactly_where_its_number_is_not():
    differences = torch.arange(100.0)  # 0.29 x 100 is 28.999999999999996
    expected = differences[:29].square().mean().item()
    assert distillation_loss(differences, torch.zeros(100), 0.29).item() == pytest.approx(expected, rel=1e-6)


def test_one_point_counts_at_least():
    assert distillation_loss(torch.tensor([3.0, -2.0, 4.0]), torch.zeros(3), 0.01) == 4


def test_gradients_reach_both_and_only_where_they_are_close():
    first, second = (tensor.requires_grad_() for tensor in pair(1, 10, 3, 4))
    distillation_loss(first, second, 0.4).backward()
    squares = (first - second).detach().square()
    kept = squares <= squares.flatten().kthvalue(48).values
    assert torch.equal(first.grad != 0, kept)
    assert torch.equal(first.grad, -second.grad)
    torch.testing.assert_close(first.grad[kept], 2 * (first - second).detach()[kept] / 48)


def test_views_that_do_not_lie_in_one_piece_are_compared_voxel_by_voxel():
    first, second = pair(2, 3, 4, 5)
    turned = distillation_loss(first.permute(0, 3, 1, 2), second.permute(0, 3, 1, 2), 0.4)
    torch.testing.assert_close(turned, distillation_loss(first, second, 0.4))
