"""Inverse displacement fields."""

import numpy as np
import pytest

from noise_sequences import make_noise_sequence
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.inverse_displacement import inverse_displacement
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import BeatingHeart, make_heart_cine, short_axis_slice


def test_the_inverse_of_exact_motion_is_the_exact_motion_the_other_way():
    heart = BeatingHeart().in_plane()
    cine = make_heart_cine(heart, short_axis_slice(heart), [0.0, 0.3])
    forward, backward = cine.displacement_field(1, 0).array, cine.displacement_field(0, 1).array
    inverse, error = inverse_displacement(forward, cine.geometry)
    assert error < 0.1  # mm
    assert np.linalg.norm(backward, axis=-1).max() > 5
    assert np.linalg.norm(inverse - backward, axis=-1).max() < 0.5  # a third of a pixel
    assert np.linalg.norm(inverse - backward, axis=-1).mean() < 0.01


@pytest.mark.parametrize("slices", [1, 4])
def test_a_shift_on_an_oblique_grid_is_inverted_up_to_the_edge(slices):
    geometry = make_noise_sequence(shape=(slices, 12, 10)).volumes[0].geometry
    shift = np.broadcast_to(np.float32([4.0, -3.0, 2.0]), (*geometry.shape, 3))
    inverse, error = inverse_displacement(shift, geometry)
    np.testing.assert_allclose(inverse, -shift, atol=1e-5)
    assert error < 1e-5


def test_vectors_that_lead_far_away_are_refused():
    with pytest.raises(InvalidInputError, match=r"up to 1e\+06 mm long, too long to invert"):
        inverse_displacement(np.full((4, 24, 24, 3), 577_350, np.float32), Geometry((4, 24, 24)))


def test_a_field_that_folds_is_refused():
    geometry = Geometry((1, 24, 24))
    rows = np.arange(24, dtype=np.float32)
    folded = np.zeros((1, 24, 24, 3), np.float32)
    folded[..., 0] = -2 * (rows - 12)  # mirrors
    folded[..., 0] *= np.abs(rows - 12) < 5
    with pytest.raises(InvalidInputError, match="folds space"):
        inverse_displacement(folded, geometry)
