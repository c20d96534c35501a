"""Random tissues with close slices."""

import numpy as np
import pytest

from temporal_interp.simulation.random_volume import make_random_volume

SHAPE = (24, 32, 40)


@pytest.fixture(scope="module")
def volumes():
    return [make_random_volume(3, index, SHAPE) for index in range(6)]


def test_a_volume_depends_on_seed_and_index_alone(volumes):
    assert np.array_equal(make_random_volume(3, 2, SHAPE).array, volumes[2].array)
    assert not np.array_equal(volumes[1].array, volumes[2].array)
    assert not np.array_equal(make_random_volume(4, 2, SHAPE).array, volumes[2].array)


def test_volumes_are_those_that_the_shipped_networks_learned_from(volumes):
    assert volumes[0].array.mean() == pytest.approx(0.407918, rel=1e-3)
    assert volumes[0].array.std() == pytest.approx(0.139097, rel=1e-3)


def test_voxels_are_of_1_mm_and_intensities_those_of_an_image(volumes):
    for volume in volumes:
        assert volume.array.shape == SHAPE
        assert volume.array.dtype == np.float32
        assert volume.geometry.spacing == (1.0, 1.0, 1.0)
        assert np.isfinite(volume.array).all()
        assert volume.array.min() >= 0
        assert 0.2 < volume.array.max() < 4
        assert volume.array.std() > 0.02


def test_neighbouring_slices_show_the_same_tissue_and_far_ones_do_not(volumes):
    def similarity(apart):
        return np.mean([np.corrcoef(v.array[:-apart].ravel(), v.array[apart:].ravel())[0, 1] for v in volumes])

    assert similarity(1) > 0.75
    assert similarity(16) < 0.5
    assert similarity(1) > similarity(4) > similarity(16)
