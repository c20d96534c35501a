"""The exhaustive search for a displacement: what it finds, and that it treats problems and directions alike."""

import pytest
import torch

from temporal_interp.registration.block_matching import match_windows


@pytest.mark.parametrize("shift", [(4, -3), (2, 0, -3)], ids=["2D", "3D"])
def test_a_shift_within_reach_is_found(shift):
    image = torch.rand(1, 1, *[16] * len(shift), generator=torch.Generator().manual_seed(1))
    axes = tuple(range(2, 2 + len(shift)))
    found = match_windows(image.roll(shift, axes), image, (1.0,) * len(shift), reach=4)
    middle = found[(0, slice(None), *[slice(7, 9)] * len(shift))].flatten(1).mean(dim=1)
    torch.testing.assert_close(middle, -torch.tensor(shift).float(), rtol=0, atol=0.3)


def test_swapped_images_give_the_opposite_motion():
    images = torch.rand(2, 1, 1, 16, 18, generator=torch.Generator().manual_seed(2))
    there = match_windows(images[0], images[1], (1.0, 2.0), reach=2)
    torch.testing.assert_close(match_windows(images[1], images[0], (1.0, 2.0), reach=2), -there)


def test_problems_together_are_as_problems_alone():
    images = torch.rand(2, 2, 1, 16, 18, generator=torch.Generator().manual_seed(3))
    images[:, 1] *= 0.1
    together = match_windows(*images, (1.0, 1.0), reach=2)
    alone = [match_windows(*images[:, n : n + 1], (1.0, 1.0), reach=2) for n in range(2)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_images_without_structure_do_not_move():
    flat = torch.full((1, 1, 12, 12), 0.5)
    assert not match_windows(flat, flat, (1.0, 1.0), reach=3).any()
