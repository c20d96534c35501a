"""The velocity on a grid: where its starts lie."""

import torch

from temporal_interp.registration.settings import GridField
from temporal_interp.registration.velocity_grid import VelocityGrid


def test_starts_lie_a_little_to_both_sides_of_no_motion_until_one_of_each_is_kept():
    grid = VelocityGrid(3, (32, 32), (1.0, 1.0), GridField(starts=2), 0.15, torch.device("cpu"))
    grid.begin((16, 16))
    begun = grid.velocity().detach()
    assert len(begun) == 2 * 3
    torch.testing.assert_close(begun[:3], -begun[3:])
    assert float(begun.abs().max()) < 0.2
    grid.keep(torch.tensor([0, 4, 2]))
    torch.testing.assert_close(grid.velocity()[1], begun[4])
    grid.begin((32, 32))
    assert len(grid.velocity()) == 3


def test_a_proposed_velocity_is_one_more_start_in_voxels_of_the_grid():
    proposed = torch.full((3, 2, 8, 8), 2.0)
    grid = VelocityGrid(3, (32, 32), (1.0, 1.0), GridField(starts=2), 0.15, torch.device("cpu"), proposed)
    grid.begin((32, 32))
    assert grid.starts == 3
    begun = grid.velocity().detach()
    assert float(begun[:6].abs().max()) < 0.2
    torch.testing.assert_close(begun[6:], torch.full((3, 2, 16, 16), 4.0))
