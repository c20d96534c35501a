"""The change of brightness between two frames: what four frames agree upon."""

import pytest
import torch

from temporal_interp.engines.pairs.brightness import BrightnessChange

SPACING = (6.0, 1.5, 1.5)
SHAPE = (1, 24, 24)


def frames(course, before=1.0, after=1.0):
    """Four frames whose brightness is `course(time)`, the first at time 0 and the last at 1."""
    return torch.stack([torch.full((1, *SHAPE), course(time)) for time in (-before, 0.0, 1.0, 1.0 + after)])


@pytest.mark.parametrize("t", [0.2, 0.5])
def test_brightness_that_bends_evenly_is_followed(t):
    change = BrightnessChange(1.0, 1.0, SPACING, 0.001).at(t, frames(lambda time: 0.3 + 0.2 * time - 0.1 * time**2))
    torch.testing.assert_close(change, torch.full_like(change, 0.1 * t * (1 - t)), atol=2e-4, rtol=0)


@pytest.mark.parametrize("t", [0.2, 0.5])
def test_brightness_that_changes_evenly_needs_nothing(t):
    change = BrightnessChange(2.0, 0.5, SPACING, 0.001).at(t, frames(lambda time: 0.3 + 0.2 * time, 0.5, 2.0))
    assert change.abs().max() < 1e-6


def test_longer_gaps_beside_are_taken_in_full_and_shorter_ones_by_their_length():
    def curved(time):
        return 0.4 - 0.05 * time**2

    long = BrightnessChange(0.5, 0.5, SPACING, 0.0).at(0.5, frames(curved, 2.0, 2.0))
    short = BrightnessChange(4.0, 4.0, SPACING, 0.0).at(0.5, frames(curved, 0.25, 0.25))
    torch.testing.assert_close(long, torch.full_like(long, 0.0125), atol=1e-5, rtol=0)
    torch.testing.assert_close(short, torch.full_like(short, 0.0125 / 4), atol=1e-5, rtol=0)


def test_frames_that_contradict_each_other_change_nothing():
    images = frames(lambda time: 0.5)
    images[0] += 0.2  # a hollow at the first frame, a bump at the last
    images[3] -= 0.2
    assert BrightnessChange(1.0, 1.0, SPACING, 0.001).at(0.5, images).abs().max() < 1e-6


def test_a_change_that_one_side_alone_sees_counts_little():
    images = frames(lambda time: 0.5)
    images[0] -= 0.3
    assert BrightnessChange(1.0, 1.0, SPACING, 0.001).at(0.5, images).abs().max() < 1e-6
    images[3] -= 0.03
    assert BrightnessChange(1.0, 1.0, SPACING, 0.001).at(0.5, images).abs().max() < 0.01


def test_noise_pays_little():
    noise = 0.05 * torch.randn(4, 1, *SHAPE, generator=torch.Generator().manual_seed(0))
    told, untold = (BrightnessChange(1.0, 1.0, SPACING, level).at(0.5, 0.5 + noise) for level in (0.05, 0.0))
    assert told.std() < 0.1 * 0.05
    assert told.std() < untold.std() < 0.3 * 0.05


def test_exchanging_the_direction_of_time_gives_the_same_change():
    images = torch.rand(4, 1, *SHAPE, generator=torch.Generator().manual_seed(1))
    there = BrightnessChange(0.5, 2.0, SPACING, 0.01).at(0.3, images)
    back = BrightnessChange(2.0, 0.5, SPACING, 0.01).at(0.7, images.flip(0))
    torch.testing.assert_close(there, back)


def test_slices_that_are_problems_of_their_own_are_judged_alone():
    images = frames(lambda time: 0.3 - 0.1 * time**2).expand(-1, -1, 2, -1, -1).clone()
    images[:, :, 1] = torch.rand(4, 1, 24, 24, generator=torch.Generator().manual_seed(2))
    alone = BrightnessChange(1.0, 1.0, (float("inf"), 1.5, 1.5), 0.0).at(0.5, images)
    torch.testing.assert_close(alone[:, :, 0], torch.full((1, 1, 24, 24), 0.025), atol=1e-4, rtol=0)


def test_still_frames_stay_still():
    assert BrightnessChange(1.0, 1.0, SPACING, 0.0).at(0.5, frames(lambda time: 0.5)).abs().max() == 0
