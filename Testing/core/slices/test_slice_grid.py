"""Closer and further slices lie at the right points in the patient."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from temporal_interp.data.geometry import Geometry
from temporal_interp.slices.slice_grid import closer_slices, further_slices, is_acquired

OBLIQUE = Geometry(
    (5, 7, 9),
    (0.7, 0.9, 8.0),
    (-31.0, 12.5, 240.0),
    tuple(map(tuple, Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix())),
)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_slice_n_is_slice_n_r_of_the_closer_grid(factor):
    closer = closer_slices(OBLIQUE, factor)
    assert closer.shape == (4 * factor + 1, 7, 9)
    for k, j, i in [(0, 0, 0), (1, 0, 0), (4, 6, 8), (2, 3, 5), (4, 0, 8)]:
        np.testing.assert_allclose(
            closer.physical_point((k * factor, j, i)), OBLIQUE.physical_point((k, j, i)), atol=1e-9
        )
    np.testing.assert_allclose(closer.physical_point((1, 2, 3)), OBLIQUE.physical_point((1 / factor, 2, 3)), atol=1e-9)


def test_slices_come_closer_along_their_normal_alone():
    closer = closer_slices(OBLIQUE, 4)
    assert closer.spacing == (0.7, 0.9, 2.0)
    assert (closer.origin, closer.direction) == (OBLIQUE.origin, OBLIQUE.direction)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_slice_n_r_is_slice_n_of_the_further_grid(factor):
    further = further_slices(OBLIQUE, factor)
    assert further.shape == (len(range(0, 5, factor)), 7, 9)
    for n in range(further.shape[0]):
        np.testing.assert_allclose(
            further.physical_point((n, 6, 8)), OBLIQUE.physical_point((n * factor, 6, 8)), atol=1e-9
        )


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_further_undoes_closer(factor):
    assert further_slices(closer_slices(OBLIQUE, factor), factor).is_close(OBLIQUE)


@pytest.mark.parametrize(("slices", "further"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_slices_after_the_last_whole_step_are_left_out(slices, further):
    assert further_slices(Geometry((slices, 2, 2)), 3).shape == (further, 2, 2)


def test_one_slice_stays_one():
    assert closer_slices(Geometry((1, 2, 2)), 3).shape == (1, 2, 2)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_acquired_slices_are_the_first_the_last_and_every_rth(factor):
    closer = closer_slices(OBLIQUE, factor)
    acquired = is_acquired(closer.shape[0], factor)
    assert acquired.dtype == bool
    assert acquired.nonzero()[0].tolist() == [n * factor for n in range(5)]
    assert acquired[-1]
