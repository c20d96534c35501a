"""The region of interest: where two volumes differ, and how it fades."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.engines.pairs.region import region_of_change, soft_edge

GRID = Geometry((6, 200, 240), (1.0, 1.0, 8.0))


def pair(*, where=(slice(2, 4), slice(90, 110), slice(100, 130)), noise=0.01, change=0.3, shape=GRID.shape):
    rng = np.random.default_rng(0)
    first, last = (0.4 + noise * rng.standard_normal(shape) for _ in range(2))
    last[where] += change
    return first.astype(np.float32), last.astype(np.float32)


def test_the_box_holds_what_differs_and_little_more():
    box = region_of_change(*pair(), GRID)
    assert (box[0].start, box[0].stop) == (0, 6)  # the margin of 20 mm is 2.5 slices
    for axis, (start, stop) in ((1, (90, 110)), (2, (100, 130))):
        assert start - 45 < box[axis].start <= start - 20
        assert stop + 20 <= box[axis].stop < stop + 45
        assert (box[axis].stop - box[axis].start) % 16 == 0


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_noise_alone_is_no_change(noise):
    assert region_of_change(*pair(noise=noise, change=0.0), GRID) is None


def test_a_change_at_the_border_stays_inside_the_image():
    box = region_of_change(*pair(where=(slice(0, 1), slice(0, 10), slice(225, 240))), GRID)
    assert (box[1].start, box[2].stop) == (0, 240)
    assert all(0 <= b.start < b.stop <= n for b, n in zip(box, GRID.shape, strict=True))


def test_a_single_small_slice():
    first, last = pair(shape=(1, 20, 9), where=(slice(0, 1), slice(5, 9), slice(2, 6)))
    box = region_of_change(first, last, Geometry((1, 20, 9), (1.0, 1.0, 8.0)))
    assert box == (slice(0, 1), slice(0, 20), slice(0, 9))


def test_the_edge_is_soft_inside_the_image_and_open_at_its_border():
    box = (slice(1, 3), slice(0, 100), slice(50, 150))
    weights = soft_edge(box, GRID.shape, GRID.spacing_kji)
    assert weights.shape == (2, 100, 100)
    assert (weights[:, 0, 50] == 1).all()
    assert weights[0, 50, 50] == 1
    assert max(weights[0, 99, 50], weights[0, 50, 0], weights[0, 50, 99]) < 0.1
    assert np.abs(np.diff(weights[0, 50])).max() <= 0.1 + 1e-6
