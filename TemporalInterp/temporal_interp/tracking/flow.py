"""Flow: velocity, its divergence and its vorticity."""

from __future__ import annotations

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.fields import image_axis_derivatives, require_field
from temporal_interp.tracking.motion import SequenceMotion

SECONDS = {"s": 1.0, "ms": 1e-3}
"""Units of time, in seconds."""


def velocity(motion: SequenceMotion) -> tuple[np.ndarray, ...]:
    """Return the velocity at every frame, on its grid.

    The displacement from the previous frame to the next over the time between the two; at the ends of a sequence that
    is not closed, over the only pair.

    Returns:
        N of (K, J, I, 3) float32, LPS, mm per second.

    Raises:
        InvalidInputError: there is only one frame, or the index of the sequence is not a time in ms or s.
    """
    if motion.unit not in SECONDS:
        raise InvalidInputError(
            f"A velocity needs the time of the frames in ms or s; the index of this sequence is {motion.index_name!r} "
            f"in {motion.unit!r}."
        )
    if len(motion) < 2:
        raise InvalidInputError("A velocity needs at least two frames, got one.")
    return tuple(_velocity_at(motion, number) for number in range(len(motion)))


def _velocity_at(motion: SequenceMotion, number: int) -> np.ndarray:
    seconds = SECONDS[motion.unit] * np.array(motion.pair_durations)
    path, time = np.zeros((*motion.geometry.shape, 3), np.float32), 0.0
    if motion.closed or number < len(motion) - 1:
        path += motion.forward[number]
        time += seconds[number]
    if motion.closed or number > 0:
        path -= motion.backward[number - 1]
        time += seconds[number - 1]
    return path / np.float32(time)


def divergence(field: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the divergence, (K, J, I) float32: of a velocity in 1/s, the rate at which it spreads out.

    In a single slice, and in slices tracked one by one, it is the divergence within the slice.

    Args:
        field: (K, J, I, 3), components in LPS.
        geometry: its grid.

    Raises:
        InvalidInputError: the field does not lie on the grid.
    """
    require_field(field, geometry, "divergence() 'field'")
    return np.trace(image_axis_derivatives(field, geometry), axis1=-2, axis2=-1)


def vorticity(field: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the curl, (K, J, I, 3) float32, components in LPS: of a velocity in 1/s, twice the rate of rotation.

    It points along the axis of rotation, by the right-hand rule. In a single slice, and in slices tracked one by one,
    only its part along K is meaningful: `in_plane_vorticity`.

    Args:
        field: (K, J, I, 3), components in LPS.
        geometry: its grid.

    Raises:
        InvalidInputError: the field does not lie on the grid.
    """
    require_field(field, geometry, "vorticity() 'field'")
    direction = np.asarray(geometry.direction, np.float32)
    d = direction @ image_axis_derivatives(field, geometry) @ direction.T
    return np.stack([d[..., 2, 1] - d[..., 1, 2], d[..., 0, 2] - d[..., 2, 0], d[..., 1, 0] - d[..., 0, 1]], axis=-1)


def in_plane_vorticity(field: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the part of the vorticity along the K axis, (K, J, I) float32.

    Positive is counterclockwise for a viewer at whom the K axis points. Where I, J, K are right-handed, as in almost
    every image, that is from I towards J: clockwise on a screen with I to the right and J down.

    Args:
        field: (K, J, I, 3), components in LPS.
        geometry: its grid.

    Raises:
        InvalidInputError: the field does not lie on the grid.
    """
    return vorticity(field, geometry) @ np.asarray(geometry.direction, np.float32)[:, 2]
