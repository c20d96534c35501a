"""The drawn heart: blood fills its cavity, muscle its wall."""

import numpy as np
import pytest

from phantom_regions import wall_mask
from temporal_interp.simulation import (
    BeatingHeart,
    short_axis_slice,
)
from temporal_interp.simulation.motion import slab_points, slabs


def picture(heart, geometry, phase):
    return np.concatenate([heart.intensity(slab_points(geometry, slab), phase) for slab in slabs(geometry.shape)])


def test_blood_fills_the_cavity_and_muscle_the_wall():
    heart = BeatingHeart()
    geometry = short_axis_slice(heart)
    for phase in (0.0, 0.37):
        image, wall = picture(heart, geometry, phase), wall_mask(heart, geometry, phase)
        cavity = heart.heart_mask(geometry, phase) & ~wall
        assert np.median(image[cavity]) > 3 * np.median(image[wall])


def test_blood_gain_brightens_blood_alone():
    heart = BeatingHeart()
    points = slab_points(short_axis_slice(heart), slice(0, 1))
    plain, bright = heart.intensity(points, 0.2), heart.intensity(points, 0.2, blood_gain=1.2)
    wall = wall_mask(heart, short_axis_slice(heart), 0.2)
    cavity = heart.heart_mask(short_axis_slice(heart), 0.2) & ~wall
    assert np.median(bright[cavity] / plain[cavity]) == pytest.approx(1.2, abs=1e-3)
    assert np.percentile(np.abs(bright - plain)[wall], 75) < 1e-3
