"""What a gap beside says of the pace: all of it where it stands out from noise, nothing where it does not."""

import pytest
import torch

from temporal_interp.engines.pairs import neighbour
from temporal_interp.engines.pairs.neighbour import Neighbour, noise_of_velocity
from temporal_interp.registration.fit_velocity import fit_velocity
from temporal_interp.registration.noise import noise_between
from temporal_interp.registration.register import default_settings
from temporal_interp.tensors.spatial import smooth

SHAPE = (2, 24, 24)
SLICES = (True, False, False)


def random_velocity(size, seed=0):
    return size * torch.randn((1, 3, *SHAPE), generator=torch.Generator().manual_seed(seed))


def variance(size):
    """That of a random velocity of this size, the sum of its three components."""
    return torch.full((1, 1, 1, 1, 1), 3 * size**2)


def test_what_is_noise_in_a_short_gap_bends_nothing():
    noise, even = random_velocity(0.1), torch.full((1, 3, *SHAPE), 0.2)
    short = Neighbour(even / 8 + noise, 8.0)
    heard = Neighbour(even / 8 + noise, 8.0, noise=variance(0.1))
    assert heard.excess(even, SLICES).square().mean() < 0.03 * short.excess(even, SLICES).square().mean()


def test_what_stands_out_from_noise_is_taken():
    even, rest = torch.full((1, 3, *SHAPE), 4.0), torch.zeros(1, 3, *SHAPE)
    whole = Neighbour(rest, 8.0).excess(even, SLICES)
    torch.testing.assert_close(
        Neighbour(rest, 8.0, noise=variance(0.05)).excess(even, SLICES), whole, rtol=0.05, atol=0
    )


@pytest.mark.parametrize("ratio", [0.3, 1.0])
def test_gaps_as_long_as_the_one_at_hand_are_taken_as_they_are(ratio):
    beside, velocity = random_velocity(0.1), random_velocity(0.1, seed=1)
    noisy = Neighbour(beside, ratio, noise=variance(10.0)).excess(velocity, SLICES)
    assert torch.equal(noisy, Neighbour(beside, ratio).excess(velocity, SLICES))


def test_every_slice_has_a_noise_of_its_own():
    beside, velocity = random_velocity(0.1), torch.zeros(1, 3, *SHAPE)
    noise = torch.tensor([0.0, 100.0]).view(1, 1, 2, 1, 1)
    heard = Neighbour(beside, 4.0, noise=noise).excess(velocity, SLICES)
    assert torch.equal(heard[:, :, 0], Neighbour(beside, 4.0).excess(velocity, SLICES)[:, :, 0])
    assert not heard[:, :, 1].any()


def test_trust_counts_in_addition():
    beside, velocity = random_velocity(0.1), torch.zeros(1, 3, *SHAPE)
    trust, noise = torch.full((1, 1, *SHAPE), 0.25), variance(0.05)
    whole = Neighbour(beside, 4.0, noise=noise).excess(velocity, SLICES)
    torch.testing.assert_close(Neighbour(beside, 4.0, trust, noise).excess(velocity, SLICES), 0.25 * whole)


@pytest.mark.parametrize("sigma", [0.015, 0.03])
def test_the_noise_of_a_fit_is_about_the_one_foreseen(sigma):
    """Two images of one scene at rest, with noise: all that is fitted is noise."""
    generator = torch.Generator().manual_seed(3)
    scene = smooth(torch.randn((1, 1, 96, 96), generator=generator), (2.5, 2.5))
    scene = 0.5 + 0.15 * scene / scene.std()
    fixed, moving = (scene + sigma * torch.randn(scene.shape, generator=generator) for _ in range(2))
    found = fit_velocity(fixed, moving, (1.5, 1.5), default_settings(True))
    foreseen = noise_of_velocity(noise_between(fixed, moving), tuple(found.shape[2:]), (96, 96))
    assert 0.4 < float(found.square().sum(1).mean() / foreseen) < 2.5


def test_more_voxels_for_each_vector_leave_less_noise(monkeypatch):
    monkeypatch.setattr(neighbour, "NOISE_OF_FIT", 1.0)
    assert float(noise_of_velocity(torch.tensor(1.0), (4, 8, 8), (4, 16, 16))) == 1 / 4 / 4
    assert float(noise_of_velocity(torch.tensor(1.0), (8, 8, 8), (24, 24, 24))) == pytest.approx(1 / 27 / 9)
