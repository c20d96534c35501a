"""Crops: where they start, and what is in them."""

import numpy as np
import pytest

from temporal_interp.training.datasets.cropping import centre_start, cut, moving_start


@pytest.mark.parametrize(
    ("have", "wanted", "start"), [((10, 9, 8), (4, 4, 4), (3, 2, 2)), ((2, 5, 5), (5, 5, 4), (-1, 0, 0))]
)
def test_a_centred_crop_leaves_an_odd_voxel_at_the_end(have, wanted, start):
    assert centre_start(have, wanted) == start


def test_a_cut_has_a_border_where_the_array_ends():
    array = np.arange(12.0).reshape(1, 3, 4)
    np.testing.assert_array_equal(cut(array, (0, 1, 2), (1, 2, 2)), [[[6, 7], [10, 11]]])
    np.testing.assert_array_equal(cut(array, (-1, 2, -1), (2, 2, 3), border=-1)[1], [[-1, 8, 9], [-1, -1, -1]])
    assert cut(np.zeros((4, 4, 4, 3)), (1, 1, 1), (2, 2, 2)).shape == (2, 2, 2, 3)


def test_a_moving_voxel_is_in_the_middle_half_of_the_crop():
    have, wanted = (1, 40, 40), (1, 8, 8)
    moving = np.zeros(have)
    moving[0, 20, 25] = 1
    for seed in range(30):
        _, j, i = moving_start(np.cumsum(moving), have, wanted, np.random.default_rng(seed))
        assert 2 <= 20 - j <= 6
        assert 2 <= 25 - i <= 6
