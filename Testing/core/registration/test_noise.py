"""The noise of images, found beside edges."""

import pytest
import torch

from quick_registrations import image
from temporal_interp.registration import noise
from temporal_interp.registration.noise import MIN_VARIANCE, noise_between, noise_variance


@pytest.mark.parametrize("shape", [(64, 64), (20, 24, 24)], ids=["2D", "3D"])
def test_the_noise_of_every_problem_is_found_beside_edges(shape):
    sigmas = torch.tensor([0.03, 0.06]).view(2, 1, *[1] * len(shape))
    generator = torch.Generator().manual_seed(0)
    scene = torch.cat([image(shape), image(shape, 1.5)]) + 0.2
    first, last = (scene + sigmas * torch.randn(scene.shape, generator=generator) for _ in range(2))
    found = noise_variance(first, last)
    assert found.shape == sigmas.shape
    torch.testing.assert_close(found, sigmas**2, rtol=0.2, atol=0)


@pytest.mark.parametrize("brightness", [0.0, 0.5], ids=["background", "even"])
def test_without_anything_to_see_the_noise_is_the_least(brightness):
    plain = torch.full((2, 1, 16, 16), brightness)
    torch.testing.assert_close(noise_variance(plain, plain), torch.full((2, 1, 1, 1), MIN_VARIANCE))


def test_background_without_noise_hides_no_noise():
    generator = torch.Generator().manual_seed(0)
    noisy = 0.5 + 0.05 * torch.randn((1, 1, 64, 64), generator=generator)
    masked = noisy.clone()
    masked[..., :24] = 0.0
    torch.testing.assert_close(noise_variance(masked, masked), noise_variance(noisy, noisy), rtol=0.2, atol=0)


def test_the_noise_of_a_huge_image_is_looked_for_in_its_middle(monkeypatch):
    monkeypatch.setattr(noise, "_SAMPLE_VOXELS", 32 * 32)
    generator = torch.Generator().manual_seed(0)
    quiet = 0.5 + 0.03 * torch.randn((1, 1, 64, 96), generator=generator)
    loud_around = 0.5 + 0.1 * torch.randn((1, 1, 64, 96), generator=generator)
    loud_around[..., 16:48, 24:72] = quiet[..., 16:48, 24:72]
    torch.testing.assert_close(noise_variance(loud_around, loud_around).item(), 0.03**2, rtol=0.2, atol=0)


def test_what_is_not_seen_hides_no_noise():
    generator = torch.Generator().manual_seed(0)
    noisy = 0.5 + 0.05 * torch.randn((1, 1, 64, 64), generator=generator)
    filled, seen = noisy.clone(), torch.ones_like(noisy)
    filled[..., 24:], seen[..., 24:] = 0.7, 0.0
    torch.testing.assert_close(noise_variance(filled, filled, seen), noise_variance(noisy, noisy), rtol=0.2, atol=0)
    assert noise_variance(filled, filled) < 0.5 * noise_variance(noisy, noisy)


@pytest.mark.parametrize("shape", [(64, 64), (20, 24, 24)], ids=["2D", "3D"])
def test_texture_that_two_images_share_is_no_noise_between_them(shape):
    sigmas = torch.tensor([0.005, 0.03]).view(2, 1, *[1] * len(shape))
    generator = torch.Generator().manual_seed(0)
    texture = 0.5 + 0.05 * torch.randn((2, 1, *shape), generator=generator)
    first, last = (texture + sigmas * torch.randn(texture.shape, generator=generator) for _ in range(2))
    found = noise_between(first, last)
    assert found.shape == sigmas.shape
    torch.testing.assert_close(found, sigmas**2, rtol=0.2, atol=0)


def test_noise_between_is_that_of_what_is_seen_and_not_dark():
    generator = torch.Generator().manual_seed(0)
    first, last = (0.5 + 0.05 * torch.randn((1, 1, 64, 64), generator=generator) for _ in range(2))
    whole = noise_between(first, last)
    for value, seen in ((0.7, torch.ones_like(first)), (0.0, None)):
        one, other = first.clone(), last.clone()
        one[..., 24:], other[..., 24:] = value, value
        if seen is not None:
            seen[..., 24:] = 0.0
        torch.testing.assert_close(noise_between(one, other, seen), whole, rtol=0.2, atol=0)


def test_where_nothing_counts_there_is_no_noise_between():
    dark = torch.zeros((2, 1, 16, 16))
    assert torch.equal(noise_between(dark, dark), torch.zeros((2, 1, 1, 1)))
