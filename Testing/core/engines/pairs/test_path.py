"""The path through a gap: from the pace at both ends, for any lengths of the gaps, without folds."""

import pytest
import torch

from temporal_interp.engines.pairs import path
from temporal_interp.engines.pairs.neighbour import Neighbour
from temporal_interp.engines.pairs.path import Path, bend_weights
from temporal_interp.tensors.spatial import compose, fold_rate, identity_grid, integrate_velocity, warp

SHAPE = (3, 12, 16)
TIMES = [0.25, 0.5, 0.8]


def shift(voxels):
    """A velocity that is the same everywhere: (K, J, I) voxels in the time of its gap."""
    return torch.tensor(voxels).view(1, 3, 1, 1, 1).expand(1, 3, *SHAPE).clone()


def swirl(strength, shape=(1, 32, 32)):
    """A smooth velocity in plane that turns about the centre and dies out at the border."""
    place = identity_grid(shape, torch.zeros(()))
    j, i = place[:, 1] - shape[1] / 2, place[:, 2] - shape[2] / 2
    fall = torch.exp(-(j**2 + i**2) / 60)
    return torch.stack([torch.zeros_like(j), -i * fall, j * fall], dim=1) * strength


def moved_by(course, start, stop):
    """A uniform velocity that resamples the frame at `start` into that at `stop`; tissue is at `course(time)` on I."""
    return shift([0.0, 0.0, course(start) - course(stop)])


@pytest.fixture
def whole_bend(monkeypatch):
    """Take the bend as the three-point formula gives it, so that a parabola is a parabola."""
    monkeypatch.setattr(path, "BEND", 1.0)


@pytest.mark.parametrize("t", TIMES)
def test_two_frames_alone_move_evenly(t):
    velocity = swirl(0.2)
    even = integrate_velocity(torch.cat([t * velocity, (t - 1) * velocity]))
    assert torch.equal(Path(velocity).displacements(t), even)


@pytest.mark.parametrize("t", TIMES)
def test_neighbours_with_the_same_pace_change_nothing(t):
    velocity = swirl(0.2)
    steady = Path(velocity, Neighbour(velocity, 1.0), Neighbour(0.5 * velocity, 2.0))
    torch.testing.assert_close(steady.displacements(t), Path(velocity).displacements(t), atol=2e-3, rtol=0)


@pytest.mark.usefixtures("whole_bend")
@pytest.mark.parametrize("before", [1.0, 0.25, 3.0])
@pytest.mark.parametrize("after", [1.0, 0.25, 3.0])
@pytest.mark.parametrize("t", TIMES)
def test_motion_that_speeds_up_evenly_is_followed_whatever_the_lengths_of_the_gaps(before, after, t):
    def course(time):
        return 2.0 * time + 0.4 * time**2

    bent = Path(
        moved_by(course, 0.0, 1.0),
        Neighbour(moved_by(course, -before, 0.0), 1 / before),
        Neighbour(moved_by(course, 1.0, 1.0 + after), 1 / after),
    )
    first, last = bent.displacements(t)[..., 1, 6, 8]
    torch.testing.assert_close(first, torch.tensor([0.0, 0.0, course(0) - course(t)]), atol=1e-4, rtol=0)
    torch.testing.assert_close(last, torch.tensor([0.0, 0.0, course(1) - course(t)]), atol=1e-4, rtol=0)


def test_tissue_that_rests_at_both_ends_starts_and_ends_slowly():
    velocity, rest = shift([0.0, 0.0, -2.0]), shift([0.0, 0.0, 0.0])
    bent = Path(velocity, Neighbour(rest, 4.0), Neighbour(rest, 4.0))
    early, half, late = (float(bent.displacements(t)[0, 2, 1, 6, 8]) for t in (0.2, 0.5, 0.8))
    assert half == pytest.approx(-1.0, abs=1e-4)
    assert -0.3 < early < -0.1  # an even pace would be at -0.4
    assert early + late == pytest.approx(-2.0, abs=1e-4)


def test_one_neighbour_bends_its_end_only():
    velocity, rest = shift([0.0, 0.0, -2.0]), shift([0.0, 0.0, 0.0])
    early = Path(velocity, Neighbour(rest, 4.0), None)
    late = Path(velocity, None, Neighbour(rest, 4.0))
    for t in TIMES:
        assert early.displacements(t)[0, 2, 1, 6, 8] > -2 * t
        assert late.displacements(t)[0, 2, 1, 6, 8] < -2 * t


@pytest.mark.parametrize("t", [0.0, 1.0])
def test_at_both_ends_nothing_is_bent(t):
    velocity = swirl(0.2)
    bent = Path(velocity, Neighbour(-velocity, 1.0), Neighbour(swirl(0.5), 1.0))
    assert torch.equal(bent.displacements(t), Path(velocity).displacements(t))


@pytest.mark.parametrize("t", TIMES)
def test_both_fields_belong_to_one_path(t):
    velocity = swirl(0.25)
    bent = Path(velocity, Neighbour(0 * velocity, 4.0), Neighbour(swirl(-0.4), 1.0))
    first, last = bent.displacements(t).split(1)
    # from t to the first frame and on to the last one is the way from t to the last one
    onward = compose(integrate_velocity(-velocity), first)
    torch.testing.assert_close(onward, last, atol=0.02, rtol=0)
    assert (first - Path(velocity).displacements(t)[:1]).abs().max() > 0.05


@pytest.mark.parametrize("t", TIMES)
def test_exchanging_the_ends_and_the_direction_of_time_gives_the_same_path(t):
    velocity, before, after = swirl(0.25), swirl(-0.1), swirl(0.05)
    there = Path(velocity, Neighbour(before, 0.5), Neighbour(after, 2.0)).displacements(t)
    back = Path(-velocity, Neighbour(-after, 2.0), Neighbour(-before, 0.5)).displacements(1 - t)
    torch.testing.assert_close(there, back.flip(0), atol=0.02, rtol=0)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("strength", [1.0, 3.0, 10.0])
def test_what_is_bent_too_far_is_bent_less_and_never_folds(monkeypatch, t, strength):
    monkeypatch.setattr(path, "LARGEST_EXCESS", 1e9)
    velocity = swirl(0.1)
    place = identity_grid((1, 32, 32), torch.zeros(()))
    rough = 4 * strength * torch.sin(place[:, 2:] / 2) * torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1, 1)
    bent = Path(velocity, Neighbour(rough, 1.0), Neighbour(-rough, 1.0), independent=True)
    for field in bent.displacements(t).split(1):
        assert fold_rate(field[:, 1:, 0]) == 0.0


def test_a_jump_beside_the_gap_counts_little():
    velocity, jump = shift([0.0, 0.0, 0.5]), shift([0.0, 6.0, 6.0])
    bent = Path(velocity, Neighbour(jump, 1.0), Neighbour(velocity, 1.0))
    departure = bent.displacements(0.4)[0, :, 1, 6, 8] - Path(velocity).displacements(0.4)[0, :, 1, 6, 8]
    assert departure.norm() < 0.2  # a whole one would be 0.9


def test_an_image_that_jumps_as_a_whole_says_nothing_of_the_pace():
    velocity, jump = swirl(0.2), torch.tensor([0.0, 1.0, 1.5]).view(1, 3, 1, 1, 1)
    steady, even = Neighbour(velocity, 1.0), Path(velocity).displacements(0.4)
    jumped = Path(velocity, Neighbour(velocity + jump, 1.0), steady, independent=True)
    torch.testing.assert_close(jumped.displacements(0.4), even, atol=2e-3, rtol=0)
    turned = Path(velocity, Neighbour(-velocity, 1.0), steady, independent=True)
    assert (turned.displacements(0.4) - even).abs().max() > 0.05


def test_a_neighbour_counts_where_it_is_trusted():
    velocity, rest = shift([0.0, 0.0, -2.0]), shift([0.0, 0.0, 0.0])
    trust = torch.zeros(1, 1, *SHAPE)
    trust[..., 8:] = 1.0
    bent = Path(velocity, Neighbour(rest, 1.0, trust), Neighbour(rest, 1.0, trust), independent=True)
    early = bent.displacements(0.25)[0, 2, 1, 6]
    assert early[0] == pytest.approx(-0.5, abs=1e-4)
    assert early[15] > -0.45


def test_slices_that_are_problems_of_their_own_do_not_share_what_is_bent():
    velocity = shift([0.0, 0.0, -2.0])
    wild = torch.zeros(1, 3, *SHAPE)
    wild[:, 2, 0] = 20 * torch.sin(torch.arange(16.0))
    tame = wild.clone()
    tame[:, 2, 0] = 0.0
    after = Neighbour(velocity, 1.0)
    both = [
        Path(velocity, Neighbour(beside, 1.0), after, independent=True).displacements(0.5) for beside in (wild, tame)
    ]
    assert torch.equal(both[0][:, :, 2], both[1][:, :, 2])
    assert not torch.equal(both[0][:, :, 0], both[1][:, :, 0])


def test_weights_are_those_of_a_cubic_that_keeps_both_ends():
    for t in TIMES:
        first, last = bend_weights(t)
        assert first == pytest.approx(path.BEND * t * (1 - t) ** 2)
        assert last == pytest.approx(-path.BEND * t**2 * (1 - t))
    assert bend_weights(0.0) == bend_weights(1.0) == (0.0, 0.0)


def test_the_bend_is_where_its_tissue_is():
    """The pace at the last frame is known where tissue is then; it bends the way of that tissue."""
    velocity = shift([0.0, 0.0, -6.0])  # tissue moves by 6 voxels to higher I
    pace = torch.zeros(1, 3, *SHAPE)
    pace[:, 1, :, :, 12:] = 2.0
    bent = Path(velocity, None, Neighbour(pace - 6.0 * torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1, 1), 1.0))
    sideways = warp(
        bent.displacements(0.5)[:1, 1:2], shift([0.0, 0.0, 3.0])
    ).abs()  # where tissue of the first frame is
    assert sideways[0, 0, 1, 6, 8] > 10 * sideways[0, 0, 1, 6, 3]
