"""Voxel grids through the beating heart and the breathing chest, placed as a scan would be planned."""

from __future__ import annotations

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.simulation.beating_heart import BeatingHeart

TOWARDS_RIGHT_MM = 12.0
"""Distance of the middle of the picture from the long axis, so that both ventricles are centred."""


def short_axis_stack(
    heart: BeatingHeart,
    *,
    shape: tuple[int, int, int] = (10, 128, 128),
    spacing_mm: tuple[float, float, float] = (1.5, 1.5, 10.0),
) -> Geometry:
    """Return a stack across the long axis, centred on the heart, with K from the apex to the base.

    In the usual view, with I to the right and J down, the right ventricle is on the left. The default is a clinical
    stack: a slice of 8 mm (see `Acquisition`) every 10 mm. A single slice lies through the middle of the ventricle.

    >>> from temporal_interp.simulation import BeatingHeart
    >>> short_axis_stack(BeatingHeart()).shape
    (10, 128, 128)

    Args:
        heart: the heart, which has a position and a direction.
        shape: number of voxels, (K, J, I).
        spacing_mm: distance between voxel centres along (I, J, K).
    """
    x, y, z = np.asarray(heart.axes).T
    directions = np.stack([-x, y, -z], axis=1)
    middle = np.asarray(heart.centre_mm) + TOWARDS_RIGHT_MM * x
    first = middle - directions @ (np.array([n - 1 for n in reversed(shape)]) * spacing_mm / 2)
    return Geometry(shape, spacing_mm, tuple(first), tuple(map(tuple, directions)))


def short_axis_slice(heart: BeatingHeart) -> Geometry:
    """Return one mid-ventricular slice, 1 x 128 x 128 of 1.5 mm; its truth is complete with `heart.in_plane()`."""
    return short_axis_stack(heart, shape=(1, 128, 128), spacing_mm=(1.5, 1.5, 8.0))


def coronal_slice() -> Geometry:
    """Return one coronal slice through the drawn chest, 1 x 192 x 192 of 2 mm, with the head at the top."""
    directions = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
    return Geometry((1, 192, 192), (2.0, 2.0, 2.0), (-191.0, 20.0, 176.0), directions)


def chest_volume() -> Geometry:
    """Return a volume around the drawn chest, 64 x 96 x 128 of 5 x 2.75 x 2.75 mm."""
    return Geometry((64, 96, 128), (2.75, 2.75, 5.0), (-174.6, -130.6, -177.5))
