"""The memory bank against Eqs. 1 to 6, 13 and 14 written out point by point."""

import pytest
import torch
from torch.nn import functional

from temporal_interp.slices.memory_bank import MARGIN, MemoryBank

SHAPE = (2, 5, 3, 4)


def made(items=4, channels=5, *, training=False) -> MemoryBank:
    torch.manual_seed(1)
    return MemoryBank(items, channels).double().train(training)


def features(shape=SHAPE, seed=2) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def points_of(image: torch.Tensor) -> list[torch.Tensor]:
    """Feature vectors, slice by slice and row by row."""
    count, _, rows, columns = image.shape
    return [image[n, :, y, x] for n in range(count) for y in range(rows) for x in range(columns)]


def ranked(point: torch.Tensor, items: torch.Tensor) -> list[int]:
    """Numbers of the items, the likest first."""
    return sorted(range(len(items)), key=lambda z: -float(point @ items[z]))


def learned(image: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
    """Eqs. 3 to 6 in loops."""
    points, after = points_of(image), items.clone()
    for z in range(len(items)):
        own = [point for point in points if ranked(point, items)[0] == z]
        if own:
            total = sum(float(torch.exp(items[z] @ point)) for point in own)
            q = [float(torch.exp(items[z] @ point)) / total for point in own]
            for weight, point in zip(q, own, strict=True):
                after[z] += weight / max(q) * point
        after[z] /= after[z].square().sum().sqrt()
    return after


def test_features_are_put_together_from_items():
    memory, image = made(), features()
    recalled = memory(image).features
    assert recalled.shape == SHAPE
    for point, answer in zip(points_of(image), points_of(recalled), strict=True):
        p = [float(torch.exp(point @ item)) for item in memory.items]
        expected = sum(weight / sum(p) * item for weight, item in zip(p, memory.items, strict=True))
        torch.testing.assert_close(answer, expected)


@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0])
def test_losses_are_means_over_the_points(scale):
    memory, image = made(), scale * features()
    compactness, separateness = [], []
    for point in points_of(image):
        nearest, second = ranked(point, memory.items)[:2]
        to_nearest, to_second = ((point - memory.items[z]).square().sum().sqrt() for z in (nearest, second))
        compactness.append(to_nearest)
        separateness.append(max(to_nearest - to_second + MARGIN, torch.zeros(())))
    recalled = memory(image)
    torch.testing.assert_close(recalled.compactness, torch.stack(compactness).mean())
    torch.testing.assert_close(recalled.separateness, torch.stack(separateness).mean())


def test_features_far_apart_are_separate():
    memory = made(2, 2)
    memory.items.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    far = memory(torch.tensor([5.0, 0.0]).double().view(1, 2, 1, 1))
    assert (far.compactness, far.separateness) == (4.0, 0.0)  # 4 from one, 6 from the other
    between = memory(torch.tensor([0.0, 0.0]).double().view(1, 2, 1, 1))
    assert (between.compactness, between.separateness) == (1.0, MARGIN)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_items_follow_the_features_as_the_equations_say(seed):
    memory, image = made(training=True), features(seed=seed)
    expected = learned(image, memory.items)
    memory(image)
    torch.testing.assert_close(memory.items, expected)
    memory(image)
    torch.testing.assert_close(memory.items, learned(image, expected))


def test_large_features_neither_overflow_nor_lose_the_most_similar():
    memory = made(training=True)
    memory(1e4 * features())
    assert torch.isfinite(memory.items).all()


def test_item_that_is_nearest_to_nothing_stays():
    memory = made(2, 2, training=True)
    memory.items.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    memory(torch.tensor([3.0, 4.0]).double().view(1, 2, 1, 1))
    torch.testing.assert_close(memory.items, torch.tensor([[2**-0.5, 2**-0.5], [-1.0, 0.0]]).double())


@pytest.mark.parametrize("items", [1, 2, 10])
def test_items_keep_length_1(items):
    memory = made(items, training=True)
    for seed in range(4):
        torch.testing.assert_close(memory.items.norm(dim=1), torch.ones(items).double())
        memory(5 * features(seed=seed))
    torch.testing.assert_close(memory.items.norm(dim=1), torch.ones(items).double())


def test_items_change_only_in_training():
    memory = made()
    before = memory.items.clone()
    memory(features())
    assert torch.equal(memory.items, before)
    memory.train()(features())
    assert not torch.equal(memory.items, before)


def test_features_are_recalled_before_they_are_learned():
    quiet, learning = made(), made(training=True)
    for one, other in zip(quiet(features()), learning(features()), strict=True):
        torch.testing.assert_close(one, other)


def test_items_are_stored_but_are_no_parameters():
    memory = made()
    assert not list(memory.parameters())
    assert list(memory.state_dict()) == ["items"]


def test_gradients_reach_the_features_though_the_items_change_in_place():
    image = features().requires_grad_()
    memory = made(training=True)
    for number in range(3):
        (gradient,) = torch.autograd.grad(memory(image)[number].sum(), image)
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 0
    assert not memory.items.requires_grad


def test_one_item_is_all_there_is_to_recall():
    memory, image = made(1, training=True), features().requires_grad_()
    only = memory.items[0].clone()
    recalled = memory(image)
    torch.testing.assert_close(recalled.features, only.view(1, -1, 1, 1).expand(SHAPE))
    (gradient,) = torch.autograd.grad(recalled.separateness, image)
    assert not gradient.any()  # there is nothing to keep away from
    torch.testing.assert_close(memory.items, functional.normalize(learned(image.detach(), only[None]), dim=1))


def test_order_of_channels_in_memory_plays_no_part():
    image = features()
    for one, other in zip(made()(image), made()(image.contiguous(memory_format=torch.channels_last)), strict=True):
        torch.testing.assert_close(one, other)
