"""Volumes on an oblique grid, at random and linear in physical space."""

import numpy as np
from scipy.spatial.transform import Rotation

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume


def oblique(shape, spacing=(1.5, 2.0, 5.0), origin=(-20.0, 31.0, 7.5)):
    return Geometry(shape, spacing, origin, Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix())


def volume_of(shape, dtype="int16", geometry=None):
    values = np.random.default_rng(3).integers(0, 100, shape)
    return Volume(values.astype(dtype), geometry or oblique(shape))


def linear_in_physical_space(geometry):
    """A volume whose voxel at the LPS point (x, y, z) is 2 x - 3 y + 0.5 z + 10."""
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), -1)
    points = indices[..., ::-1] @ geometry.voxel_to_physical.T + geometry.origin
    return Volume(points @ np.array([2.0, -3.0, 0.5]) + 10, geometry)
