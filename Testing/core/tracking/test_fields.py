"""Fields in mm: where their voxels lie, and what is read between them."""

import numpy as np

from temporal_interp.tracking.fields import sample_field, voxel_points
from tracked_grids import VOLUME, points_near_the_middle


def test_voxel_points_are_where_the_geometry_says():
    for index in ((0, 0, 0), (4, 2, 7), (1, 11, 15)):
        np.testing.assert_allclose(voxel_points(VOLUME)[index], VOLUME.physical_point(index))


def test_fields_are_read_between_voxels_in_mm():
    linear = np.array([[0.1, 0.2, 0.0], [0.0, -0.3, 0.1], [0.05, 0.0, 0.2]])
    field = voxel_points(VOLUME) @ linear.T
    points = points_near_the_middle(VOLUME)
    np.testing.assert_allclose(sample_field(field, VOLUME, points), points @ linear.T, atol=1e-9)
