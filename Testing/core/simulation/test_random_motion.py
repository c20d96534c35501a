"""Random motion: its two directions, and stillness."""

import numpy as np
import pytest

from temporal_interp.simulation.random_anatomy import Block, random_anatomy
from temporal_interp.simulation.random_motion import RandomMotion, displaced, random_motion
from temporal_interp.simulation.random_subject import voxel_positions


@pytest.mark.parametrize("seed", range(4))
def test_both_directions_of_a_motion_undo_each_other(seed):
    rng = np.random.default_rng(seed)
    block = Block((15, 128, 128), 1.4, 3.0)
    motion = random_motion(rng, block, random_anatomy(rng, block, with_heart=True).heart)
    points = voxel_positions((1, 80, 80), (7.0, 24.0, 24.0), 1.0)
    rest = displaced(points, motion.to_rest(9))
    error = (displaced(rest, motion.from_rest(9)) - points).norm(dim=1)
    gone = (rest - points).norm(dim=1)
    assert gone.max() > 2  # voxels
    assert error.mean() < 0.1 * gone.mean()


def test_a_motion_without_components_is_zero():
    block = Block((3, 16, 16), 1.0, 3.0)
    assert RandomMotion(block, ()).to_rest(5).abs().max() == 0
