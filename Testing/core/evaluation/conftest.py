"""A beating heart that tests of tracking share."""

import pytest

from temporal_interp.simulation import BeatingHeart, even_phases, make_heart_cine, short_axis_slice


@pytest.fixture(scope="module")
def beat():
    """Three frames of a heart in early systole, and the exact fields of its two pairs."""
    heart = BeatingHeart().in_plane()
    cine = make_heart_cine(heart, short_axis_slice(heart), even_phases(20)[2:5])
    fields = [cine.displacement_field(n, n + 1).array for n in range(2)]
    masks = [heart.heart_mask(cine.geometry, cine.phases[n + 1]) for n in range(2)]
    return cine.sequence, fields, masks
