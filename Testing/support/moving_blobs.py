"""Blobs that move by a known number of voxels on an oblique grid."""

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume

OBLIQUE = ((0.0, -0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, 0.6))
"""Columns: the I axis points to y, J to -0.6 x + 0.8 z, K to 0.8 x + 0.6 z, in LPS."""


def blobs(shape, shift, seed=0):
    """A smooth picture (K, J, I) in [0, 1], moved by so many voxels along (K, J, I)."""
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) - np.asarray(shift)
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, shape, (12, 3))
    picture = sum(np.exp(-((grid - c) ** 2).sum(-1) / 18) for c in centres)
    return (picture / 3).clip(0, 1).astype(np.float32)


def moving_sequence(shape, shift, spacing=(1.5, 2.0, 8.0), frames=3, slice_thickness=None, dtype=np.float32):
    """Frame n is moved by n times the shift (K, J, I), in voxels, on an oblique grid."""
    geometry = Geometry(shape, spacing, (5.0, -7.0, 11.0), OBLIQUE)
    pictures = [blobs(shape, np.multiply(n, shift)) for n in range(frames)]
    if dtype == np.uint8:
        pictures = [np.rint(255 * p) for p in pictures]
    volumes = [Volume(p.astype(dtype), geometry) for p in pictures]
    return Sequence(volumes, range(frames), slice_thickness=slice_thickness)


def true_field(sequence, shift):
    """Frame n + 1 at x is frame n at x - shift: the resampling field, (K, J, I, 3) LPS mm."""
    geometry = sequence.volumes[0].geometry
    vector = -(geometry.voxel_to_physical @ np.asarray(shift, float)[::-1])
    return np.broadcast_to(vector.astype(np.float32), (*geometry.shape, 3))
