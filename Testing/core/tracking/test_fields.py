"""Fields in mm: where their voxels lie, and what is read between them."""

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.tracking.fields import sample_field, voxel_points

OBLIQUE = ((-0.6, 0.0, 0.8), (0.8, 0.0, 0.6), (0.0, 1.0, 0.0))
VOLUME = Geometry((5, 12, 16), (1.5, 2.5, 4.0), (10.0, -20.0, 30.0), OBLIQUE)


def centre(geometry):
    return geometry.physical_point([(n - 1) / 2 for n in geometry.shape])


def points_near_the_middle(geometry, count=40):
    offsets = np.random.default_rng(0).uniform(-5, 5, (count, 3))
    return centre(geometry) + offsets * (np.array(geometry.shape[::-1]) > 1) @ np.asarray(geometry.direction).T


def test_voxel_points_are_where_the_geometry_says():
    for index in ((0, 0, 0), (4, 2, 7), (1, 11, 15)):
        np.testing.assert_allclose(voxel_points(VOLUME)[index], VOLUME.physical_point(index))


def test_fields_are_read_between_voxels_in_mm():
    linear = np.array([[0.1, 0.2, 0.0], [0.0, -0.3, 0.1], [0.05, 0.0, 0.2]])
    field = voxel_points(VOLUME) @ linear.T
    points = points_near_the_middle(VOLUME)
    np.testing.assert_allclose(sample_field(field, VOLUME, points), points @ linear.T, atol=1e-9)
